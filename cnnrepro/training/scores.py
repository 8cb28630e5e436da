"""Top-1 and top-5 error, accuracy and loss, from logits or from probabilities; float64 throughout."""

from __future__ import annotations

import numpy as np

# Below, a probability has been rounded away, and its logarithm would say more of the rounding than of the network.
_LEAST = np.finfo(np.float32).tiny


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities over the last axis, float64."""
    shifted = np.asarray(logits, np.float64) - np.max(logits, axis=-1, keepdims=True)
    exponentials = np.exp(shifted)
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def average_probabilities(logits: np.ndarray) -> np.ndarray:
    """The mean of the views' probabilities, (views, N, classes) -> (N, classes): Krizhevsky et al. 2012, 4.1."""
    return softmax(logits).mean(axis=0)


def scores(logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """What a network's answers are worth.

    Args:
        logits: (N, classes).
        labels: (N,) integers.

    Returns:
        "accuracy", "loss" (mean cross-entropy, in nats), "top1_error", and with more than 5 classes "top5_error";
        accuracy and errors are fractions, from 0 to 1.
    """
    shifted = np.asarray(logits, np.float64) - np.max(logits, axis=-1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=-1))
    loss = log_sum - shifted[np.arange(len(labels)), labels]  # from the logits, so that nothing is rounded away
    return _scored(logits, labels, loss)


def scores_of_probabilities(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """``scores`` of probabilities, (N, classes); those below 1.2e-38 count as that."""
    likely = np.maximum(probabilities[np.arange(len(labels)), labels], _LEAST)
    return _scored(probabilities, labels, -np.log(likely))


def _scored(values: np.ndarray, labels: np.ndarray, losses: np.ndarray) -> dict[str, float]:
    labels = np.asarray(labels)[:, None]
    own = np.take_along_axis(values, labels, axis=-1)
    # Classes that come before the right one; of equals, the lower class first. A quarter of the time of sorting.
    ahead = (values > own) | ((values == own) & (np.arange(values.shape[-1]) < labels))
    rank = ahead.sum(axis=-1)
    rates = {
        "accuracy": float((rank < 1).mean()),
        "loss": float(losses.mean()),
        "top1_error": float((rank >= 1).mean()),
    }
    if values.shape[-1] > 5:
        rates["top5_error"] = float((rank >= 5).mean())
    return rates
