import ast
import subprocess
import sys

import numpy as np
import pytest

from cnnrepro.recipes.optimizers import make_optimizer
from cnnrepro.recipes.table import RECIPES, recipe

GRADIENTS = ([0.5, -1.0], [-0.25, 2.0], [1.0, 0.5], [0.125, -0.75])

STEPS = """
import numpy as np
from cnnrepro.engine import keras
from cnnrepro.recipes.optimizers import make_optimizer
from cnnrepro.recipes.table import recipe

def steps(name, gradients, rates):
    layer = keras.layers.Dense(1)
    layer.build((None, 2))
    layer.set_weights([np.array([[1.0], [-2.0]]), np.array([3.0])])
    optimizer = make_optimizer(recipe(name), rates[0])
    for gradient, rate in zip(gradients, rates):
        optimizer.learning_rate = rate
        kernel, bias = np.array(gradient, "float32")[:, None], np.array([gradient[0]], "float32")
        optimizer.apply([keras.ops.array(kernel), keras.ops.array(bias)], layer.trainable_variables)
    return [np.asarray(value).ravel().tolist() for value in layer.get_weights()]
"""


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


def run(name, gradients, rates):
    space = {}
    exec(STEPS, space)
    return space["steps"](name, gradients, rates)


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("rates", [(0.01,) * 4, (0.1, 0.1, 0.01, 0.001)], ids=["one rate", "falling rate"])
def test_the_optimiser_makes_the_published_steps(name, rates):
    chosen = recipe(name)
    kernel, bias = run(name, GRADIENTS, rates)
    np.testing.assert_allclose(kernel, published(chosen, [1, -2], GRADIENTS, rates, chosen.weight_decay), rtol=1e-5)
    decay = chosen.weight_decay if chosen.decayed == "all" else 0.0
    expected = published(chosen, [3], [gradient[:1] for gradient in GRADIENTS], rates, decay)
    np.testing.assert_allclose(bias, expected, rtol=1e-5)


STATELESS = """
import jax, numpy as np
from cnnrepro.engine import keras
from cnnrepro.recipes.coupled_sgd import CoupledSGD

def stateless(decayed, gradients, rates):
    layer = keras.layers.Dense(1)
    layer.build((None, 2))
    optimizer = CoupledSGD(rates[0], 0.9, 0.1, decayed)
    optimizer.build(layer.trainable_variables)
    rate_at = [one is optimizer._learning_rate for one in optimizer.variables].index(True)
    step = jax.jit(optimizer.stateless_apply)
    weights, state = [np.array([[1.0], [-2.0]], "float32"), np.array([3.0], "float32")], [
        one.value for one in optimizer.variables
    ]
    for gradient, rate in zip(gradients, rates):
        state = list(state)
        state[rate_at] = np.float32(rate)
        given = [np.array(gradient, "float32")[:, None], np.array([gradient[0]], "float32")]
        weights, state = step(state, given, weights)
    return [np.asarray(one).ravel().tolist() for one in weights]
"""


@pytest.mark.slow
def test_jax_makes_the_same_steps_without_state(monkeypatch):
    """As its training step does: ``stateless_apply``, compiled."""
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    rates = (0.1, 0.1, 0.01, 0.001)
    calls = ", ".join(f"stateless({decayed!r}, {GRADIENTS!r}, {rates!r})" for decayed in ("kernels", "all"))
    done = subprocess.run(
        [sys.executable, "-c", f"{STATELESS}\nprint([{calls}])"], check=True, capture_output=True, text=True
    )
    found = ast.literal_eval(done.stdout.strip().splitlines()[-1])
    for (kernel, bias), decay in zip(found, (0.0, 0.1), strict=True):
        chosen = recipe("alexnet-2012")
        np.testing.assert_allclose(kernel, published(chosen, [1, -2], GRADIENTS, rates, 0.1), rtol=1e-5)
        expected = published(chosen, [3], [gradient[:1] for gradient in GRADIENTS], rates, decay)
        np.testing.assert_allclose(bias, expected, rtol=1e-5)


def test_loss_scaling_and_saving_keep_the_decay(tmp_path):
    """Under mixed float16 Keras wraps the optimiser; the decay is of the weights, not of the scaled gradient."""
    from cnnrepro.engine import keras
    from cnnrepro.recipes.coupled_sgd import CoupledSGD

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


@pytest.mark.slow
def test_jax_makes_the_same_steps(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    rates = (0.1, 0.1, 0.01, 0.001)
    code = f"{STEPS}\nprint(steps('alexnet-2012', {GRADIENTS!r}, {rates!r}))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    kernel, bias = eval(done.stdout.strip().splitlines()[-1])
    chosen = recipe("alexnet-2012")
    np.testing.assert_allclose(kernel, published(chosen, [1, -2], GRADIENTS, rates, 0.0005), rtol=1e-5)
    np.testing.assert_allclose(
        bias, published(chosen, [3], [gradient[:1] for gradient in GRADIENTS], rates, 0.0), rtol=1e-5
    )


def test_kerass_own_weight_decay_is_another_rule():
    import keras

    weight = keras.Variable([1.0])
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9, weight_decay=0.1)
    for _ in range(3):
        optimizer.apply([keras.ops.array([1.0])], [weight])
    chosen = recipe("alexnet-2012")
    ours = published(chosen, [1.0], [[1.0]] * 3, [0.1] * 3, 0.1)
    assert abs(float(weight.numpy()[0]) - ours[0]) > 1e-3


@pytest.mark.parametrize("model", ["alexnet_small", "lenet5", "resnet20", "alexnet"])
def test_filters_and_matrices_decay_and_nothing_else(model):
    from cnnrepro import engine, models
    from cnnrepro.recipes.coupled_sgd import CoupledSGD

    shape = {"alexnet": (67, 67, 3)}.get(model)
    network = engine.without_weights(lambda: models.build(model, shape, 10) if shape else models.build(model))
    optimizer = CoupledSGD(decay=0.0005)
    for variable in network.trainable_variables:
        assert optimizer.decays(variable.path) == (len(variable.shape) > 1), variable.path


def test_making_a_recipe_loads_no_keras():
    code = "import sys, cnnrepro.recipes.optimizers, cnnrepro.recipes.table; assert 'keras' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_rate_that_is_given_replaces_the_recipes():
    assert float(make_optimizer(recipe("alexnet-2012"), 0.5).learning_rate) == 0.5
