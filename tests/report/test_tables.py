import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnrepro.report.tables import Table, mean_spread, table


@pytest.mark.parametrize(
    "values, options, text",
    [
        ([0.97, 0.98, 0.99], {"percent": True}, "98.00 ± 1.00 %"),
        ([0.5], {"percent": True}, "50.00 %"),
        ([1.0, 2.0], {"digits": 3}, "1.500 ± 0.707"),
        ([], {}, "–"),
    ],
)
def test_mean_and_sample_standard_deviation(values, options, text):
    assert mean_spread(values, **options) == text


@settings(max_examples=30)
@given(st.lists(st.lists(st.text(max_size=20), min_size=2, max_size=2), max_size=5), st.text(max_size=20))
def test_cells_and_captions_are_escaped(rows, caption):
    html = table(("<a>", "b"), rows, caption=caption)._repr_html_()
    assert "<a>" not in html
    inside = "".join(part.split("</td>")[0] for part in html.split("<td>")[1:])
    assert "<" not in inside


def test_whole_numbers_get_separators_and_their_own_column_class():
    html = table(("name", "count"), [("a", 1234567)], numbers=("count",))._repr_html_()
    assert '<td class="number">1,234,567</td>' in html
    assert '<th scope="col" class="number">count</th>' in html


def test_a_folded_table_shows_its_caption_alone():
    html = table(("a",), [("x",)], caption="Click", folded=True)._repr_html_()
    assert html.startswith("<details><summary>Click</summary><table>")
    assert "<caption>" not in html


def test_as_text_columns_line_up():
    text = str(table(("name", "n"), [("a", 1), ("long name", 1000)], caption="C", numbers=("n",)))
    assert text == "C\nname           n\na              1\nlong name  1,000"


def test_rows_must_fit_the_columns():
    with pytest.raises(ValueError, match="needs 2 cells"):
        Table(("a", "b"), (("x",),))
