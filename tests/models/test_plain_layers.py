"""The same networks of Keras's own layers: losses, gradients and moving averages are theirs to rounding.

A rounding may turn a ReLU on, and a deep network makes much of that; so how far two computations in float32 may be
apart is not guessed: each is held against the same one in float64.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

from cnnrepro import layers, models

FASTER = {layers.BatchNormalization: keras.layers.BatchNormalization, layers.Conv2D: keras.layers.Conv2D}
QUICK = {"resnet20", "resnet18_small", "googlenet_small", "lenet5_modern"}


def with_batch_norm():
    """Every network for small images that knows batch normalisation; the large ones are built of the same blocks."""
    return [
        pytest.param(name, marks=() if name in QUICK else pytest.mark.soak)
        for name, entry in models.MODELS.items()
        if "normalization" in entry.options
        and "batch" in entry.options["normalization"].choices
        and max(entry.input_shape) < 64
    ]


def of_keras_s_layers(model, dtype):
    """A copy with the same weights that computes in that format."""

    def plain(layer):
        config = layer.get_config() | {"dtype": dtype}
        return FASTER.get(type(layer), type(layer)).from_config(config)

    copy = keras.models.clone_model(model, clone_function=plain)
    copy.set_weights(model.get_weights())
    return copy


def step(model, images, labels):
    """Loss, gradients and moving averages of a training step, each as a vector of float64."""
    with tf.GradientTape() as tape:
        logits = model(images, training=True)  # GoogLeNet's are a list
        answers = logits if isinstance(logits, list) else [logits]
        loss = sum(keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, each) for each in answers)
    gradients = tape.gradient(loss, model.trainable_weights)
    return [
        np.concatenate([np.ravel(array).astype("float64") for array in arrays])
        for arrays in ([loss], gradients, model.non_trainable_weights)
    ]


@pytest.mark.parametrize("name", with_batch_norm())
def test_a_step_is_as_near_to_the_exact_one_as_keras_s(name):
    keras.utils.set_random_seed(0)
    options = {"normalization": "batch"} | ({"dropout": 0.0} if "dropout" in models.entry(name).options else {})
    model = models.build(name, None, 10, **options)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout):  # GoogLeNet's, of its auxiliary heads
            layer.rate = 0.0
    images = np.random.default_rng(0).normal(size=(16, *model.input_shape[1:])).astype("float32")
    plain, exact = (of_keras_s_layers(model, dtype) for dtype in ("float32", "float64"))
    assert any(type(layer) is keras.layers.BatchNormalization for layer in plain.layers)
    steps = [step(each, images, np.arange(16) % 10) for each in (model, plain, exact)]
    for ours, keras_s, truth in zip(*steps, strict=True):
        error, error_of_keras = (np.linalg.norm(found - truth) / np.linalg.norm(truth) for found in (ours, keras_s))
        assert error < max(3 * error_of_keras, 0.005)
