import numpy as np
import pytest

from cnnrepro.errors import UsageError
from cnnrepro.training.recipes import RECIPES, make_optimizer, recipe


def step_by_step(name, gradients, rate):
    """The published update in NumPy, on one weight that starts at 1."""
    weight, first, second = 1.0, 0.0, 0.0
    for step, gradient in enumerate(gradients, start=1):
        if name == "sgd":  # v <- 0.9 v - lr g; w <- w + v  (Krizhevsky et al. 2012, section 5, without decay)
            first = 0.9 * first - rate * gradient
            weight += first
        else:  # Kingma and Ba 2015, algorithm 1, with Keras's epsilon 1e-7 added as in the text after it
            first = 0.9 * first + 0.1 * gradient
            second = 0.999 * second + 0.001 * gradient**2
            scale = rate * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
            weight -= scale * first / (np.sqrt(second) + 1e-7)
    return weight


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("rate", [None, 0.05])
def test_the_optimiser_makes_the_published_steps(name, rate):
    import keras

    optimizer = make_optimizer(recipe(name), rate)
    weight = keras.Variable([1.0])
    gradients = [0.5, -0.25, 1.0, 0.125]
    for gradient in gradients:
        optimizer.apply([keras.ops.array([gradient])], [weight])
    expected = step_by_step(name, gradients, recipe(name).learning_rate if rate is None else rate)
    np.testing.assert_allclose(weight.numpy(), [expected], rtol=1e-5)


def test_every_recipe_has_a_source():
    assert all(len(one.source) > 20 for one in RECIPES.values())


def test_an_unknown_recipe_lists_the_known():
    with pytest.raises(UsageError, match="Unknown recipe 'adma'.*Did you mean 'adam'"):
        recipe("adma")
