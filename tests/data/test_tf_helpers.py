import os

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
