import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnrepro.errors import UsageError
from cnnrepro.lessons import pooling
from cnnrepro.lessons.pooling.on_photographs import shown


def test_the_small_outputs_are_those_one_works_out_by_hand():
    outputs = pooling.small().outputs
    assert outputs["max"].tolist() == [[5, 2], [2, 8]]
    assert outputs["average"].tolist() == [[3.25, 1], [1, 3.5]]
    np.testing.assert_allclose(outputs["L2"] ** 2, [[51, 6], [6, 100]])


@pytest.mark.parametrize("pool", [pooling.small(), pooling.overlapping()], ids=lambda pool: pool.title)
def test_the_gradient_of_a_maximum_is_all_at_the_winners(pool):
    assert pool.to_input["max"].sum() == pool.arriving.sum()
    assert ((pool.to_input["max"] != 0) == (pool.winners > 0)).all()
    assert pool.to_input["average"].sum() == pytest.approx(pool.arriving.sum())
    assert (pool.to_input["L2"] == 0).sum() == (pool.image == 0).sum()


def test_a_cell_that_wins_in_two_windows_has_the_sum():
    pool = pooling.overlapping()
    assert pool.winners.max() == 2
    assert pool.to_input["max"][np.unravel_index(pool.winners.argmax(), pool.winners.shape)] == 1 + 2


def test_windows_one_cell_apart_send_their_sums():
    pool = pooling.small(stride=1)
    assert pool.outputs["max"].tolist() == [[5, 4, 2], [5, 6, 6], [2, 8, 8]]
    assert pool.to_input["max"].tolist() == [[0, 0, 3, 0], [5, 2, 0, 0], [0, 7, 11, 0], [0, 0, 17, 0]]


@settings(max_examples=15)
@given(st.integers(1, 3), st.integers(0, 99))
def test_pools_one_after_the_other_are_one_large_pool(times, seed):
    image = np.random.default_rng(seed).uniform(size=(16, 16))
    blocks = image.reshape(16 // 2**times, 2**times, 16 // 2**times, 2**times)
    expected = {"max": blocks.max((1, 3)), "average": blocks.mean((1, 3)), "l2": np.sqrt((blocks**2).mean((1, 3)))}
    for kind, values in expected.items():
        small = image
        for _ in range(times):
            small = shown(small, 2, 2, kind)
        np.testing.assert_allclose(small, values)


def test_the_photograph_is_pooled_to_the_sizes_in_the_titles():
    colours = pooling.picture("china", 128)
    once = pooling.side_by_side(colours, cells=64)
    assert [map_.values.shape[0] for map_ in once] == [64, 32, 32, 32, 64, 31, 31, 31]
    assert all(map_.title.endswith(f"{len(map_.values)}x{len(map_.values)}") for map_ in once if ":" in map_.title)
    again = pooling.repeated(colours)
    assert [map_.values.shape[:2] for map_ in again] == [(42, 64), (21, 32), (10, 16), (5, 8)] * 4
    assert all(map_.values.min() >= 0 and map_.values.max() <= 1 for map_ in (*once, *again))


def test_three_quarters_go_for_even_sizes_alone():
    assert pooling.discarded([4, 28, 224], 2) == [0.75, 0.75, 0.75]
    assert pooling.discarded([7], 2) == [1 - 9 / 49]
    assert pooling.discarded([7], 2, "same") == [1 - 16 / 49]
    assert pooling.discarded([55], 3) == [1 - (27 / 55) ** 2]


def test_a_map_that_repeats_every_two_pixels_changes_at_odd_shifts_only():
    stripes = np.tile([1.0, 2.0], (8, 20))
    (halved,) = pooling.changes_of_shifts(stripes, 4, halvings=(1,))
    assert halved.changes["not made smaller"] == pytest.approx((0, 2.5**-0.5, 0, 2.5**-0.5, 0))
    assert halved.changes["max"] == halved.changes["average"] == (0, 0, 0, 0, 0)


def test_small_shifts_change_pooled_maps_less_and_subsampled_ones_not_less():
    one_pool, three = pooling.changes_of_shifts(pooling.edge_map(pooling.grey(pooling.picture("china", 240))), 4)
    assert (one_pool.factor, three.factor) == (2, 8)
    for name in ("max", "average", "L2"):
        assert three.changes[name][1] < 0.5 * three.changes["subsampled"][1]
        assert three.changes[name][1] < one_pool.changes[name][1] < one_pool.changes["not made smaller"][1]


@pytest.mark.parametrize("largest", [0, -1, 16, True, 2.0])
def test_a_shift_out_of_range_is_one_sentence(largest):
    with pytest.raises(UsageError, match="largest_shift must be a whole number of pixels from 1 to 15"):
        pooling.changes_of_shifts(np.ones((40, 60)), largest)


def test_pools_save_computation_always_and_parameters_only_under_a_dense_layer():
    dense, dense_pooled, averaged, averaged_pooled = pooling.costs()
    (_, parameters, work), (_, fewer, less) = pooling.cost_rows([dense, dense_pooled])
    assert fewer < parameters / 30
    assert less < work / 3
    assert dense.parameters[0] == dense_pooled.parameters[0] == averaged.parameters[0]
    assert dense.parameters[1] == 32 * 32 * 32 * 128 + 128  # the flattened map, to 128 units
    assert dense_pooled.parameters[1] == 4 * 4 * 32 * 128 + 128
    assert averaged.parameters == averaged_pooled.parameters
    assert sum(averaged_pooled.multiply_adds) < sum(averaged.multiply_adds) / 2


def test_only_lenets_subsampling_has_parameters():
    assert {name: count for name, _, count in pooling.pool_parameters()} == {
        "MaxPooling2D": 0,
        "AveragePooling2D": 0,
        "L2Pooling2D": 0,
        "TrainableSubsampling2D": 12,
    }
