"""Keras losses for the recipes, and the metrics beside them. Loads Keras."""

from __future__ import annotations

from typing import Any

from cnnrepro.engine import keras
from cnnrepro.recipes.catalogue import Recipe


@keras.saving.register_keras_serializable(package="cnnrepro")
class SmoothedCrossentropy(keras.losses.Loss):
    """Cross-entropy of logits with labels (N,) of which a share is spread evenly over all classes.

    Szegedy et al. 2016, "Rethinking the Inception architecture", section 7. Keras has it for one-hot labels alone.

    Args:
        label_smoothing: the share.
    """

    def __init__(self, label_smoothing: float, **kwargs: Any):
        super().__init__(**kwargs)
        self.label_smoothing = label_smoothing

    def call(self, y_true, y_pred):
        """The loss of each image, (N,), in nats."""
        labels = keras.ops.cast(keras.ops.reshape(y_true, (-1,)), "int32")  # Keras hands labels over as (N, 1) floats
        one_hot = keras.ops.one_hot(labels, y_pred.shape[-1])  # (N, classes)
        return keras.losses.categorical_crossentropy(
            one_hot, y_pred, from_logits=True, label_smoothing=self.label_smoothing
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments, for saving."""
        return super().get_config() | {"label_smoothing": self.label_smoothing}


def make_loss(recipe: Recipe) -> keras.losses.Loss:
    """What a recipe minimises, of labels (N,) and logits (N, classes)."""
    if recipe.label_smoothing:
        return SmoothedCrossentropy(recipe.label_smoothing)
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def make_metrics(recipe: Recipe) -> list[keras.metrics.Metric]:
    """What is measured beside the loss: the accuracy, and the plain cross-entropy where the loss is another."""
    # Not by its name: Keras would make its variables in the first step, and TensorFlow trace that step once more.
    accuracy = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
    if recipe.label_smoothing:
        return [accuracy, keras.metrics.SparseCategoricalCrossentropy(name="cross_entropy", from_logits=True)]
    return [accuracy]
