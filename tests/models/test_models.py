"""The table of models drives these tests: an entry that is added is tested."""

import subprocess
import sys

import keras
import numpy as np
import pytest

from cnnrepro.errors import UsageError
from cnnrepro.models import MODELS, build, check_options, parse_options

ALL = pytest.mark.parametrize("name", MODELS)


def trainable(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


@ALL
def test_parameters_are_those_of_the_table(name):
    assert trainable(build(name)) == MODELS[name].parameters


@ALL
def test_a_forward_and_a_training_step(name):
    model = build(name, input_shape=(28, 28, 1))
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    images = np.random.default_rng(0).normal(size=(4, 28, 28, 1)).astype("float32")
    before = [weight.numpy().copy() for weight in model.trainable_weights]
    loss = model.train_on_batch(images, np.array([0, 1, 2, 9]))
    assert np.isfinite(loss)
    changed = [not np.array_equal(old, new.numpy()) for old, new in zip(before, model.trainable_weights, strict=True)]
    assert np.mean(changed) > 0.95  # a bias behind a dead unit may stay
    assert model(images).shape == (4, 10)


@ALL
def test_any_input_size_and_class_number(name):
    model = build(name, input_shape=(33, 47, 3), classes=7)
    assert model.input_shape == (None, 33, 47, 3)
    assert model.output_shape == (None, 7)


@ALL
def test_logits_are_float32_under_mixed_precision(name):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = build(name, input_shape=(28, 28, 1))
        assert model.layers[2].compute_dtype == "bfloat16"
        assert keras.backend.standardize_dtype(model(np.zeros((1, 28, 28, 1), "float32")).dtype) == "float32"
    finally:
        keras.config.set_dtype_policy("float32")


@ALL
def test_saved_and_loaded_it_gives_the_same_output(name, tmp_path):
    model = build(name, input_shape=(28, 28, 1))
    images = np.random.default_rng(0).normal(size=(2, 28, 28, 1)).astype("float32")
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded(images), model(images), rtol=1e-5, atol=1e-5)


@ALL
@pytest.mark.slow
def test_it_trains_on_jax_too(name):
    pytest.importorskip("jax", reason="JAX is not installed")
    code = f"""
import numpy as np, keras
from cnnrepro.models import build
assert keras.backend.backend() == "jax"
model = build({name!r}, input_shape=(28, 28, 1))
model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
assert np.isfinite(model.train_on_batch(np.zeros((4, 28, 28, 1), "float32"), np.array([0, 1, 2, 9])))
"""
    subprocess.run([sys.executable, "-c", code], check=True, env={"KERAS_BACKEND": "jax", "PATH": ""})


def test_alexnet_layer_by_layer():
    shapes = {layer.name: tuple(layer.output.shape[1:]) for layer in build("alexnet_small").layers}
    # 28 -> pool 13 -> pool 6 -> pool 2: (s - 3)//2 + 1 each time
    assert shapes["conv1"] == (28, 28, 96)
    assert shapes["pool1"] == (13, 13, 96)
    assert shapes["conv2"] == (13, 13, 256)
    assert shapes["pool2"] == (6, 6, 256)
    assert shapes["conv3"] == shapes["conv4"] == (6, 6, 384)
    assert shapes["conv5"] == (6, 6, 256)
    assert shapes["pool5"] == (2, 2, 256)
    assert shapes["flatten"] == (1024,)
    # weights plus biases: 5·5·1·96 + 96, 5·5·96·256 + 256, …
    counts = {layer.name: layer.count_params() for layer in build("alexnet_small").layers if layer.count_params()}
    assert counts == {
        "conv1": 2_496,
        "conv2": 614_656,
        "conv3": 885_120,
        "conv4": 1_327_488,
        "conv5": 884_992,
        "dense6": 1_049_600,
        "dense7": 1_049_600,
        "logits": 10_250,
    }


def test_resnet20_has_twenty_weighted_layers_and_the_papers_stages():
    model = build("resnet20")
    weighted = [layer for layer in model.layers if isinstance(layer, (keras.layers.Conv2D, keras.layers.Dense))]
    assert len(weighted) == 20
    shapes = {layer.name: tuple(layer.output.shape[1:]) for layer in model.layers}
    assert [shapes[f"stage{stage}_block3_add"] for stage in (1, 2, 3)] == [(32, 32, 16), (16, 16, 32), (8, 8, 64)]
    assert sum("shortcut" in layer.name for layer in model.layers) == 2


def test_batchnorm_momentum_reaches_every_normalisation():
    model = build("resnet20", batchnorm_momentum=0.99)
    momenta = {layer.momentum for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)}
    assert momenta == {0.99}


def test_dropout_and_initialiser_reach_the_layers():
    model = build("alexnet_small", dropout=0.25, kernel_initializer="he_normal")
    assert model.get_layer("dropout6").rate == 0.25
    assert isinstance(model.get_layer("conv3").kernel_initializer, keras.initializers.HeNormal)


def test_the_same_seed_gives_the_same_weights():
    def weights(seed):
        keras.utils.set_random_seed(seed)
        return [weight.numpy() for weight in build("resnet20").weights]

    assert all(np.array_equal(a, b) for a, b in zip(weights(3), weights(3), strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(weights(3), weights(4), strict=True))


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda: build("alexnet"), "Unknown model 'alexnet'; known are: alexnet_small, resnet20"),
        (lambda: build("resnet20", depth=3), "Unknown option of model 'resnet20' 'depth'"),
        (lambda: build("resnet20", batchnorm_momentum=1.0), r"must lie in \[0.0, 1.0\). Received: 1.0"),
        (lambda: build("resnet20", batchnorm_momentum="high"), "must be a float such as 0.9. Received: 'high'"),
        (lambda: build("resnet20", kernel_initializer="he"), "must be the name of a Keras initialiser"),
        (lambda: build("resnet20", kernel_initializer="identity"), "must be the name of a Keras initialiser"),
        (lambda: build("resnet20", input_shape=(28, 28)), r"input_shape must be .* Received: \(28, 28\)"),
        (lambda: build("resnet20", input_shape=(2, 2, 1)), "at least 4x4 pixels"),
        (lambda: build("alexnet_small", input_shape=(14, 28, 1)), "at least 15x15 pixels"),
        (lambda: build("resnet20", classes=1), "classes must be an integer of at least 2"),
        (lambda: parse_options("resnet20", {"batchnorm_momentum": "x"}), "must be a float such as 0.9"),
    ],
)
def test_a_bad_call_is_one_sentence(call, sentence):
    with pytest.raises(UsageError, match=sentence):
        call()


def test_the_smallest_inputs_named_in_the_errors_do_build():
    assert build("alexnet_small", input_shape=(15, 15, 1)).get_layer("pool5").output.shape[1:3] == (1, 1)
    assert build("resnet20", input_shape=(4, 4, 1)).output_shape == (None, 10)


def test_options_given_and_options_left_out_name_the_same_model():
    assert check_options("resnet20", {"batchnorm_momentum": 0.9}) == check_options("resnet20", {})
    assert check_options("alexnet_small", {"dropout": 0}) == check_options("alexnet_small", {"dropout": 0.0})
