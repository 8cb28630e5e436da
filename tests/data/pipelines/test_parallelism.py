import os

import numpy as np

from cnnrepro import data
from cnnrepro.data.pipelines import parallelism


def test_an_epoch_ends_when_its_last_batch_was_taken(digits):
    """AUTOTUNE's thread would hold the end of an iterator back; without it nothing is left running."""
    options = data.batches(digits, "train", 64, seed=0).options()
    assert options.autotune.enabled is False
    feed = data.Feed(digits, data.pipeline("alexnet-2012"))
    for dataset in (feed.batches("train", 64, seed=0), feed.stored("test", 64)):
        assert dataset.options().autotune.enabled is False


def test_numbers_follow_the_cores(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert (parallelism.pictures_at_once(), parallelism.batches_at_once()) == (6, 3)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    assert (parallelism.pictures_at_once(), parallelism.batches_at_once()) == (128, 8)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert (parallelism.pictures_at_once(), parallelism.batches_at_once()) == (2, 1)


def test_steady_changes_nothing_but_the_pace():
    tf = data.load_tensorflow()
    plain = tf.data.Dataset.range(10)
    assert [int(one) for one in parallelism.steady(plain)] == np.arange(10).tolist()
