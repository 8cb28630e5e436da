import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnrepro.training.scores import average_probabilities, scores, scores_of_probabilities, softmax


def by_hand(logits, labels):
    loss, first, fifth = 0.0, 0, 0
    for row, label in zip(logits.tolist(), labels.tolist(), strict=True):
        total = math.fsum(math.exp(value) for value in row)
        loss -= math.log(math.exp(row[label]) / total)
        better = sum(value > row[label] or (value == row[label] and k < label) for k, value in enumerate(row))
        first += better >= 1
        fifth += better >= 5
    return loss / len(labels), first / len(labels), fifth / len(labels)


@given(seed=st.integers(0, 10_000), classes=st.integers(2, 12), images=st.integers(1, 30), digits=st.integers(0, 3))
def test_scores_are_those_counted_by_hand(seed, classes, images, digits):
    random = np.random.default_rng(seed)
    logits = np.round(random.normal(0, 3, (images, classes)), digits)  # few digits: there are ties
    labels = random.integers(0, classes, images)
    loss, top1, top5 = by_hand(logits, labels)
    for found in (scores(logits, labels), scores_of_probabilities(softmax(logits), labels)):
        assert found["loss"] == pytest.approx(loss)
        assert found["top1_error"] == pytest.approx(top1)
        assert found["accuracy"] == pytest.approx(1 - top1)
        assert ("top5_error" in found) == (classes > 5)
        if classes > 5:
            assert found["top5_error"] == pytest.approx(top5)


def test_large_logits_do_not_overflow():
    found = scores(np.array([[1e4, 0.0], [0.0, 1e4]], np.float32), np.array([0, 0]))
    assert found["loss"] == pytest.approx(5e3)
    assert scores_of_probabilities(np.array([[0.0, 1.0]]), np.array([0]))["loss"] < 100


def test_views_are_averaged_as_probabilities():
    logits = np.random.default_rng(0).normal(0, 2, (10, 4, 3))
    expected = np.mean([np.exp(view) / np.exp(view).sum(axis=1, keepdims=True) for view in logits], axis=0)
    np.testing.assert_allclose(average_probabilities(logits), expected, rtol=1e-12)
    assert not np.allclose(average_probabilities(logits), softmax(logits.mean(axis=0)))
