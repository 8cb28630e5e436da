from dataclasses import replace

import keras
import numpy as np
import pytest

from cnnrepro.recipes.catalogue import recipe
from cnnrepro.recipes.losses import SmoothedCrossentropy, make_loss, make_metrics

LOGITS = np.array([[2.0, 0.0, -1.0], [0.5, 1.0, 3.0]], "float32")
LABELS = np.array([0, 1])


def log_probabilities():
    return LOGITS - np.log(np.exp(LOGITS).sum(1, keepdims=True))


def test_smoothed_labels_by_hand():
    targets = 0.7 * np.eye(3)[LABELS] + 0.3 / 3  # (N, classes)
    expected = -(targets * log_probabilities()).sum(1).mean()
    assert float(make_loss(replace(recipe("adam"), label_smoothing=0.3))(LABELS, LOGITS)) == pytest.approx(expected)


def test_without_smoothing_it_is_the_cross_entropy():
    expected = -log_probabilities()[np.arange(2), LABELS].mean()
    assert float(make_loss(recipe("adam"))(LABELS, LOGITS)) == pytest.approx(expected)
    assert [metric.name for metric in make_metrics(recipe("adam"))] == ["accuracy"]
    _, plain = make_metrics(replace(recipe("adam"), label_smoothing=0.3))
    plain.update_state(LABELS, LOGITS)
    assert float(plain.result()) == pytest.approx(expected)


def test_it_is_saved_with_its_share():
    again = keras.losses.deserialize(keras.losses.serialize(SmoothedCrossentropy(0.3)))
    assert float(again(LABELS, LOGITS)) == float(SmoothedCrossentropy(0.3)(LABELS, LOGITS))
