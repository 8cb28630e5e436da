"""Receptive fields along an axis: windows of any length cost no more than a period of units."""

from hypothesis import given
from hypothesis import strategies as st

from cnnrepro.anatomy.receptive_field_1d import Region

REGIONS = st.builds(
    lambda starts, size, step: Region(tuple((start, start + size) for start in sorted(starts)), step),
    *(st.lists(st.integers(0, 5), min_size=1, max_size=4), st.integers(0, 3), st.integers(5, 9)),
)


def spans(region, units):
    """What each of so many units sees."""
    return [region.unit(number) for number in range(units)]


@given(REGIONS, st.integers(1, 12), st.integers(1, 4), st.integers(1, 3), st.integers(0, 3))
def test_a_window_sees_from_the_first_to_the_last_pixel_of_all_its_cells(region, window, stride, dilation, padding):
    expected = []
    for unit in range(9):
        seen = [region.unit(unit * stride + cell * dilation - padding) for cell in range(window)]
        expected.append((min(start for start, _ in seen), max(end for _, end in seen)))
    assert spans(region.through(window, stride, dilation, padding), 9) == expected


@given(REGIONS, st.integers(1, 40))
def test_all_units_together_see_from_the_first_to_the_last_pixel(region, units):
    seen = spans(region, units)
    assert region.all_of(units).spans == ((min(start for start, _ in seen), max(end for _, end in seen)),)


@given(REGIONS, st.integers(1, 12), st.integers(1, 4), st.integers(1, 3), st.integers(0, 3))
def test_an_output_of_a_transposed_convolution_sees_what_adds_to_it(region, window, stride, dilation, cut):
    expected = []
    for output in range(9):
        places = [output + cut - cell * dilation for cell in range(window)]
        seen = [region.unit(place // stride) for place in places if place % stride == 0]
        if seen:
            expected.append((min(start for start, _ in seen), max(end for _, end in seen)))
    found = region.transposed(window, stride, dilation, cut)
    if found is not None:
        assert spans(found, 9) == expected


def test_a_window_of_exabytes_takes_no_time_and_no_memory():
    pair = Region(((0, 0), (0, 1)), 2)
    assert pair.through(2**62, 1, 1, 0).size > 2**61
    assert pair.transposed(2**62, 2, 1, 0).size > 2**60
    assert pair.all_of(2**62).size > 2**61
    assert pair.transposed(3, 2**40, 1, 0) is None
