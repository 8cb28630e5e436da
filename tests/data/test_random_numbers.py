import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnrepro.data.random_numbers import apportion, permutation, stratified_draw

labels_and_size = st.lists(st.integers(0, 6), min_size=1, max_size=200).flatmap(
    lambda labels: st.tuples(st.just(np.array(labels)), st.integers(0, len(labels)))
)


def test_a_permutation_never_changes():
    assert permutation(8, 1998, 0).tolist() == [4, 1, 7, 5, 6, 0, 3, 2]


@given(st.integers(0, 300), st.integers(0, 2**40), st.integers(0, 1000))
def test_a_permutation_has_every_number_once(count, seed, epoch):
    order = permutation(count, seed, epoch)
    assert sorted(order) == list(range(count))
    assert np.array_equal(order, permutation(count, seed, epoch))


def test_seed_and_epoch_are_not_exchangeable():
    assert not np.array_equal(permutation(100, 1, 2), permutation(100, 2, 1))


@given(labels_and_size)
def test_a_draw_is_disjoint_complete_and_repeatable(case):
    labels, size = case
    drawn, rest = stratified_draw(labels, size, 7)
    assert len(drawn) == size
    assert sorted([*drawn, *rest]) == list(range(len(labels)))
    assert np.all(np.diff(drawn) > 0) and np.all(np.diff(rest) > 0)
    assert np.array_equal(drawn, stratified_draw(labels, size, 7)[0])


@given(labels_and_size)
def test_every_class_has_its_share_within_one(case):
    labels, size = case
    drawn, _ = stratified_draw(labels, size, 7)
    for label in np.unique(labels):
        share = size * np.count_nonzero(labels == label) / len(labels)
        assert abs(np.count_nonzero(labels[drawn] == label) - share) < 1


@given(labels_and_size, st.data())
def test_a_larger_draw_contains_the_smaller_but_for_one_a_class(case, more):
    labels, size = case
    smaller, _ = stratified_draw(labels, more.draw(st.integers(0, size)), 7)
    larger, _ = stratified_draw(labels, size, 7)
    lost = labels[np.setdiff1d(smaller, larger)]
    assert len(set(lost)) == len(lost)


def test_another_seed_draws_others():
    labels = np.repeat(np.arange(10), 50)
    assert not np.array_equal(stratified_draw(labels, 100, 1)[0], stratified_draw(labels, 100, 2)[0])


@pytest.mark.parametrize(
    ("counts", "size", "shares"),
    [([10, 10, 10], 6, [2, 2, 2]), ([5, 3, 2], 5, [3, 1, 1]), ([1, 1, 1], 2, [1, 1, 0]), ([4, 0, 1], 5, [4, 0, 1])],
)
def test_the_largest_remainder_decides(counts, size, shares):
    assert apportion(np.array(counts), size).tolist() == shares


def test_more_than_there_are_cannot_be_drawn():
    with pytest.raises(ValueError, match="from 0 to 3"):
        stratified_draw(np.array([0, 1, 1]), 4, 0)
