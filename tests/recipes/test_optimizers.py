"""The optimizers make the steps that the papers publish, on TensorFlow and on JAX."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from cnnrepro import engine, models
from cnnrepro.recipes.catalogue import RECIPES, recipe
from cnnrepro.recipes.optimizers import SGD, Adam, CoupledSGD, make_optimizer

GRADIENTS = ([0.5, -1.0], [-0.25, 2.0], [1.0, 0.5], [0.125, -0.75])
FALLING = (0.1, 0.1, 0.01, 0.001)


def published(chosen, start, gradients, rates, decay):
    """The papers' updates in NumPy, float64."""
    weight, first, second = np.array(start, float), 0.0, 0.0
    for step, (gradient, rate) in enumerate(zip(gradients, rates, strict=True), start=1):
        gradient = np.array(gradient)
        if chosen.optimizer == "adam":  # Kingma and Ba 2015, algorithm 1, with Keras's epsilon as in the text after it
            first = 0.9 * first + 0.1 * gradient
            second = 0.999 * second + 0.001 * gradient**2
            scale = rate * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
            weight = weight - scale * first / (np.sqrt(second) + 1e-7)
        else:  # Krizhevsky et al. 2012, section 5: v <- 0.9 v - 0.0005 e w - e g; w <- w + v
            first = chosen.momentum * first - decay * rate * weight - rate * gradient
            weight = weight + first
    return weight


def dense_layer():
    layer = keras.layers.Dense(1)
    layer.build((None, 2))
    layer.set_weights([np.array([[1.0], [-2.0]]), np.array([3.0])])
    return layer


def arrays(gradient):
    return [np.array(gradient, "float32")[:, None], np.array(gradient[:1], "float32")]


def steps(optimizer, rates):
    """Kernel and bias of a dense layer after a step for each gradient and rate."""
    layer = dense_layer()
    for gradient, rate in zip(GRADIENTS, rates, strict=True):
        optimizer.learning_rate = rate
        optimizer.apply([keras.ops.array(array) for array in arrays(gradient)], layer.trainable_variables)
    return [np.asarray(value).ravel().tolist() for value in layer.get_weights()]


def stateless_steps(optimizer, rates):
    """The same as Keras's training step on JAX makes them: compiled, with all state handed in and out."""
    import jax

    layer = dense_layer()
    optimizer.build(layer.trainable_variables)
    rate_at = [variable is optimizer._learning_rate for variable in optimizer.variables].index(True)
    step = jax.jit(optimizer.stateless_apply)
    weights, state = layer.get_weights(), [variable.value for variable in optimizer.variables]
    for gradient, rate in zip(GRADIENTS, rates, strict=True):
        state = list(state)
        state[rate_at] = np.float32(rate)
        weights, state = step(state, arrays(gradient), weights)
    return [np.asarray(weight).ravel().tolist() for weight in weights]


def check(result, chosen, rates, decay, decayed):
    kernel, bias = result
    np.testing.assert_allclose(kernel, published(chosen, [1, -2], GRADIENTS, rates, decay), rtol=1e-5)
    first = [gradient[:1] for gradient in GRADIENTS]
    expected = published(chosen, [3], first, rates, decay if decayed == "all" else 0.0)
    np.testing.assert_allclose(bias, expected, rtol=1e-5)


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("rates", [(0.01,) * 4, FALLING], ids=["one rate", "falling rate"])
def test_the_optimizer_makes_the_published_steps(name, rates):
    chosen = recipe(name)
    check(steps(make_optimizer(chosen, rates[0]), rates), chosen, rates, chosen.weight_decay, chosen.decayed)


@pytest.mark.slow
def test_jax_makes_the_same_steps():
    code = (
        "import json; from tests.recipes.test_optimizers import *\n"
        "made = steps(make_optimizer(recipe('alexnet-2012')), FALLING)\n"
        "stateless = {decayed: stateless_steps(CoupledSGD(0.1, 0.9, 0.1, decayed), FALLING)"
        " for decayed in ('kernels', 'all')}\n"
        "print(json.dumps([made, stateless]))"
    )
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment)
    made, stateless = json.loads(done.stdout.strip().splitlines()[-1])
    chosen = recipe("alexnet-2012")
    check(made, chosen, FALLING, 0.0005, "kernels")
    for decayed, result in stateless.items():
        check(result, chosen, FALLING, 0.1, decayed)


def test_loss_scaling_and_saving_keep_the_decay(tmp_path):
    """Under mixed float16 Keras wraps the optimizer; the decay is of the weights, not of the scaled gradient."""

    def trained(model):
        model.fit(np.repeat([[1.0, 2.0]], 3, 0), np.ones((3, 1)), batch_size=1, verbose=0)
        return [value.ravel() for value in model.get_weights()]

    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, dtype="float32")])
        model.set_weights([np.array([[1.0], [-2.0]]), np.array([3.0])])
        model.compile(CoupledSGD(0.1, 0.9, 0.1, "kernels"), loss="mse")
        kernel, bias = trained(model)
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
    finally:
        keras.config.set_dtype_policy(policy)

    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    weight, shift, velocity, speed = np.array([1.0, -2.0]), 3.0, 0.0, 0.0
    for _ in range(3):
        slope = 2 * (weight @ [1.0, 2.0] + shift - 1)
        velocity = 0.9 * velocity - 0.1 * 0.1 * weight - 0.1 * slope * np.array([1.0, 2.0])
        speed = 0.9 * speed - 0.1 * slope
        weight, shift = weight + velocity, shift + speed
    np.testing.assert_allclose(kernel, weight, rtol=1e-5)
    np.testing.assert_allclose(bias, [shift], rtol=1e-5)
    for ours, again in zip(trained(model), trained(loaded), strict=True):
        np.testing.assert_allclose(again, ours, rtol=1e-6)


@pytest.mark.parametrize(
    "kind, arguments",
    [
        (Adam, {"learning_rate": 0.05, "beta_1": 0.8, "epsilon": 1e-3}),
        (Adam, {"learning_rate": 0.05, "amsgrad": True}),
        (SGD, {"learning_rate": 0.05, "momentum": 0.9}),
        (SGD, {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True}),
        (SGD, {"learning_rate": 0.05}),
    ],
)
def test_weights_state_and_saved_form_are_those_of_keras(kind, arguments):
    states, keras_s = [], getattr(keras.optimizers, kind.__name__)
    for optimizer in (kind(**arguments), keras_s(**arguments)):
        weight = keras.Variable(np.linspace(-1, 1, 7))
        for step in range(5):
            optimizer.apply([keras.ops.sin(3 * weight + step)], [weight])
        states.append([np.asarray(variable) for variable in (weight, *optimizer.variables)])
    for ours, theirs in zip(*states, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-7)
    saved = keras.saving.serialize_keras_object(kind(**arguments, name="same"))
    assert saved == keras.saving.serialize_keras_object(keras_s(**arguments, name="same"))


def test_kerass_own_weight_decay_is_another_rule():
    weight = keras.Variable([1.0])
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9, weight_decay=0.1)
    for _ in range(3):
        optimizer.apply([keras.ops.array([1.0])], [weight])
    chosen = recipe("alexnet-2012")
    ours = published(chosen, [1.0], [[1.0]] * 3, [0.1] * 3, 0.1)
    assert abs(float(weight.numpy()[0]) - ours[0]) > 1e-3


@pytest.mark.parametrize("model", ["lenet5", "alexnet", pytest.param("resnet20", marks=pytest.mark.soak)])
def test_filters_and_matrices_decay_and_nothing_else(model):
    shape = {"alexnet": (67, 67, 3)}.get(model)
    network = engine.without_weights(lambda: models.build(model, shape, 10))
    optimizer = CoupledSGD(decay=0.0005)
    for variable in network.trainable_variables:
        assert optimizer.decays(variable.path) == (len(variable.shape) > 1), variable.path


def test_a_rate_that_is_given_replaces_the_recipes():
    assert float(make_optimizer(recipe("alexnet-2012"), 0.5).learning_rate) == 0.5
