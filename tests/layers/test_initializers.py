import keras
import numpy as np
import pytest

from cnnrepro.errors import UsageError
from cnnrepro.layers.initializers import OWN_NAMES, initializer


def drawn(one, *shape):
    return keras.ops.convert_to_numpy(one(shape))


def test_gaussian_has_the_papers_deviation():
    weights = drawn(initializer("gaussian_0.01"), 5, 5, 48, 256)
    assert weights.std() == pytest.approx(0.01, rel=0.01)
    assert weights.mean() == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("shape, fan_in", [((5, 5, 16, 120), 400), ((120, 84), 120), ((5, 5, 1, 6), 25)])
def test_lecun_1998_is_uniform_within_2_4_by_the_fan_in(shape, fan_in):
    weights = drawn(initializer("lecun_1998"), *shape)
    limit = 2.4 / fan_in
    assert 0.95 * limit < np.abs(weights).max() <= limit
    assert weights.std() == pytest.approx(limit / 3**0.5, rel=0.15)  # of a uniform distribution


@pytest.mark.parametrize("name", [*OWN_NAMES, "he_normal"])
def test_each_call_gives_an_initialiser_with_numbers_of_its_own(name):
    assert not np.array_equal(drawn(initializer(name), 3, 3, 2, 4), drawn(initializer(name), 3, 3, 2, 4))


@pytest.mark.parametrize("name", [*OWN_NAMES, "glorot_uniform"])
def test_the_same_seed_gives_the_same_numbers(name):
    def weights():
        keras.utils.set_random_seed(7)
        return drawn(initializer(name), 3, 3, 2, 4)

    np.testing.assert_array_equal(weights(), weights())


@pytest.mark.parametrize("name", OWN_NAMES)
def test_it_is_saved_with_its_layer(name):
    layer = keras.layers.Conv2D(4, 3, kernel_initializer=initializer(name))
    copy = keras.layers.deserialize(keras.layers.serialize(layer))
    assert type(copy.kernel_initializer) is type(layer.kernel_initializer)


@pytest.mark.parametrize("name", ["he", "identity", ""])
def test_an_unknown_name_is_one_sentence(name):
    with pytest.raises(UsageError, match=f"gaussian_0.01, lecun_1998 or the name of a Keras.* Received: {name!r}"):
        initializer(name)
