"""The two losses of the notes for one label an image: softmax cross-entropy and the multiclass hinge of an SVM.

Both take the scores of the last layer as they are (logits) and whole-number labels, and give one loss a sample, which
Keras then weights and averages. They compute in float32 at least, also where the network is in half precision.
"""

from __future__ import annotations

from cnnrepro.engine import keras

ops = keras.ops


class _ScoreLoss(keras.losses.Loss):
    """What both share: scores in float32 or better, and labels as a mask over the classes."""

    def call(self, y_true, y_pred):
        """The loss of each sample.

        Args:
            y_true: labels from 0 to K − 1, (N,) or (N, 1), or with more axes before the last.
            y_pred: scores, (N, K).

        Returns:
            (N,); NaN for a label that is no class, so that a run with wrong labels does not look like a good one.
        """
        scores = ops.convert_to_tensor(y_pred)
        scores = ops.cast(scores, keras.backend.result_type(scores.dtype, "float32"))
        labels = ops.convert_to_tensor(y_true)
        if len(labels.shape) == len(scores.shape):
            labels = ops.squeeze(labels, axis=-1)
        labels = ops.expand_dims(ops.cast(labels, "int32"), -1)  # (N, 1)
        own = ops.equal(labels, ops.arange(scores.shape[-1], dtype="int32"))  # (N, K)
        losses = self.from_scores(scores, own)
        return ops.where(ops.any(own, axis=-1), losses, ops.full_like(losses, float("nan")))

    def from_scores(self, scores, own):
        """The loss of each sample from its scores (N, K) and the mask of its own class (N, K)."""
        raise NotImplementedError


@keras.saving.register_keras_serializable(package="cnnrepro")
class SoftmaxCrossEntropy(_ScoreLoss):
    """−log of the probability that a softmax of the scores gives the right class: log Σ_j exp(s_j) − s_y.

    CS231n notes, "Linear classification", section "Softmax classifier". Its gradient to the scores is the probabilities
    less 1 at the right class. Equals `keras.losses.SparseCategoricalCrossentropy(from_logits=True)`.

    Args:
        name: as in Keras, like `reduction` and `dtype`.

    Example:
        >>> float(SoftmaxCrossEntropy()([0], [[0.0, 0.0]]))  # log 2
        0.6931471824645996
    """

    def __init__(self, name: str = "softmax_cross_entropy", **kwargs):
        super().__init__(name=name, **kwargs)

    def from_scores(self, scores, own):
        """Log of the sum of exponentials, less the score of the right class."""
        right = ops.sum(ops.where(own, scores, ops.zeros_like(scores)), axis=-1)
        return ops.logsumexp(scores, axis=-1) - right


@keras.saving.register_keras_serializable(package="cnnrepro")
class MulticlassHinge(_ScoreLoss):
    """By how much the wrong classes come closer than a margin to the right one: Σ_{j ≠ y} max(0, s_j − s_y + margin).

    Weston and Watkins, "Multi-class support vector machines" (1998), as in the CS231n notes, "Linear classification",
    section "Multiclass SVM". `keras.losses.CategoricalHinge` is another loss, in the manner of Crammer and Singer: it
    counts only the worst of the wrong classes.

    Args:
        margin: how much higher the right score must be, a positive number.
        name: as in Keras, like `reduction` and `dtype`.

    Example:
        >>> float(MulticlassHinge(margin=10.0)([0], [[13.0, -7.0, 11.0]]))  # the example of the notes
        8.0
    """

    def __init__(self, margin: float = 1.0, name: str = "multiclass_hinge", **kwargs):
        super().__init__(name=name, **kwargs)
        if isinstance(margin, bool) or not isinstance(margin, (int, float)) or not 0 < margin < float("inf"):
            raise ValueError(f"`margin` must be a positive number. Received: margin={margin}")
        self.margin = float(margin)

    def from_scores(self, scores, own):
        """The sum of what the other classes exceed."""
        zeros = ops.zeros_like(scores)
        right = ops.sum(ops.where(own, scores, zeros), axis=-1, keepdims=True)  # (N, 1)
        return ops.sum(ops.where(own, zeros, ops.relu(scores - right + self.margin)), axis=-1)

    def get_config(self):
        """The arguments, for saving."""
        return super().get_config() | {"margin": self.margin}
