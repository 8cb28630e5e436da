import os

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cnnrepro import data
from cnnrepro.data import tf_helpers


def test_an_epoch_ends_when_its_last_batch_was_taken(digits):
    """AUTOTUNE's thread would hold the end of an iterator back; without it nothing is left running."""
    feed = data.Feed(digits, data.pipeline("alexnet-2012"))
    for dataset in (
        data.batches(digits, "train", 64, seed=0),
        feed.batches("train", 64, seed=0),
        feed.stored("test", 64),
    ):
        assert dataset.options().autotune.enabled is False


def test_numbers_follow_the_cores(monkeypatch):
    for cores, pictures, batches in ((3, 6, 3), (64, 128, 8), (None, 2, 1)):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        assert (tf_helpers.pictures_at_once(), tf_helpers.batches_at_once()) == (pictures, batches)


@given(count=st.integers(0, 20), size=st.integers(1, 9))
def test_arrays_are_cut_into_batches_as_the_data_sets_of_tensorflow_cut_them(count, size):
    values = {"images": np.arange(3 * count, dtype=np.uint8).reshape(count, 3), "labels": np.arange(count)}
    cut = tf_helpers.in_batches(values, size)
    expected = tf_helpers.tensorflow().data.Dataset.from_tensor_slices(values).batch(size)
    assert cut.element_spec == expected.element_spec
    for ours, theirs in zip(cut, expected, strict=True):
        assert all(np.array_equal(ours[name], theirs[name]) for name in values)
