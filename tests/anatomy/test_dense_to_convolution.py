import keras
import numpy as np
import pytest

from cnnrepro.anatomy.dense_to_convolution import convolutionalize, crops, effective_stride
from cnnrepro.anatomy.geometry import geometry
from cnnrepro.errors import UsageError
from cnnrepro.layers import IdentityShortcut

L = keras.layers


def image(height, width, channels=1, seed=0):
    return np.random.default_rng(seed).normal(size=(height, width, channels)).astype("float32")


def shaken(model, seed=0):
    """Every weight from a random generator, so that biases and running averages are not their defaults."""
    random = np.random.default_rng(seed)
    for weights in model.weights:
        if weights.path.endswith(("gamma", "moving_variance")):
            weights.assign(random.uniform(0.5, 2, weights.shape))
        else:
            inputs = np.prod(weights.shape[:-1])
            weights.assign(random.normal(scale=1 / np.sqrt(inputs), size=weights.shape))
    return model


def lenet(padding="valid"):
    return shaken(
        keras.Sequential(
            [
                keras.Input((20, 20, 1)),
                L.Conv2D(4, 5, activation="relu", padding=padding),
                L.MaxPooling2D(),
                L.Conv2D(5, 3, padding=padding),
                L.BatchNormalization(),
                L.ReLU(),
                L.MaxPooling2D(),
                L.Flatten(name="flatten"),
                L.Dropout(0.5),
                L.Dense(8, use_bias=False),
                L.BatchNormalization(),
                L.Activation("tanh"),
                L.Dense(6, activation="softmax"),
            ],
            name="lenet",
        )
    )


def branched():
    """Branches, an addition, a concatenation and a global pool, all "valid"."""
    inputs = keras.Input((15, 17, 2))
    x = L.Conv2D(4, 3, strides=2, activation="relu")(inputs)
    wide = L.Conv2D(3, 3, activation="relu")(x)
    narrow = L.Conv2D(3, 1)(L.Cropping2D(1)(x))
    x = L.Concatenate()([L.Add()([wide, narrow]), keras.ops.relu(wide - narrow)])
    average, largest = L.GlobalAveragePooling2D()(x), L.GlobalMaxPooling2D()(x)
    x = L.Concatenate(axis=1)([average, largest])
    x = L.BatchNormalization(axis=1)(x)
    return shaken(keras.Model(inputs, L.Dense(5)(x), name="branched"))


def one_pass_and_crops(model, size):
    """The map of predictions and, in its shape, those of the crops."""
    network = convolutionalize(model)
    height, width, channels = model.input_shape[1:]
    stride = effective_stride(network, (height, width))
    picture = image(*size, channels)
    at_once = network(picture[None], training=False)
    one_by_one = model(crops(picture, (height, width), stride), training=False)
    at_once, one_by_one = (keras.ops.convert_to_numpy(values) for values in (at_once, one_by_one))
    return at_once[0], one_by_one.reshape(*at_once.shape[1:])


@pytest.mark.parametrize(
    "build, stride, size", [(lenet, (4, 4), (36, 28)), (branched, (2, 2), (21, 27))], ids=["sequential", "functional"]
)
def test_one_pass_equals_the_crops_without_padding(build, stride, size):
    model = build()
    network = convolutionalize(model)
    own = model.input_shape[1:3]
    assert effective_stride(network, own) == stride
    at_once, one_by_one = one_pass_and_crops(model, size)
    expected = [(larger - small) // step + 1 for larger, small, step in zip(size, own, stride, strict=True)]
    assert list(at_once.shape[:2]) == expected
    np.testing.assert_allclose(at_once, one_by_one, rtol=1e-5, atol=1e-5)
    assert np.ptp(at_once, axis=(0, 1)).min() > 1e-3  # the crops are not all alike


def test_weights_are_carried_and_not_shared():
    model = lenet()
    network = convolutionalize(model)
    assert network.name == "lenet_convolutional"
    assert network.input_shape == (None, None, None, 1)
    assert network.output_shape == (None, None, None, 6)
    assert network.count_params() == model.count_params()
    own = {id(variable) for variable in model.variables}
    assert not own & {id(variable) for variable in network.variables}
    picture = image(20, 20)[None]
    expected = keras.ops.convert_to_numpy(model(picture))
    before = [layer.name for layer in model.layers]
    network.set_weights([weights * 0 for weights in network.get_weights()])
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(model(picture)), expected)
    assert [layer.name for layer in model.layers] == before
    assert convolutionalize(model)(picture).shape == (1, 1, 1, 6)  # and the model can be converted again


def test_trained_weights_are_carried(tmp_path):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((8, 8, 1)), L.Conv2D(4, 3), L.ReLU(), L.Flatten(), L.Dense(2)])
    labels = np.arange(64) % 2
    pictures = np.stack([image(8, 8, seed=seed) + 2 * label for seed, label in enumerate(labels)])
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(pictures, labels, epochs=2, verbose=0)
    network = convolutionalize(model)
    np.testing.assert_allclose(network(pictures)[:, 0, 0], model(pictures), rtol=1e-5, atol=1e-5)
    network.save(tmp_path / "network.keras")
    copy = keras.models.load_model(tmp_path / "network.keras")
    larger = image(11, 9)[None]
    np.testing.assert_array_equal(copy(larger), network(larger))
    assert not network.compiled


def test_with_zero_padding_every_position_differs_but_the_own_size():
    model = lenet(padding="same")
    at_once, one_by_one = one_pass_and_crops(model, (20, 20))
    np.testing.assert_allclose(at_once, one_by_one, rtol=1e-5, atol=1e-5)
    at_once, one_by_one = one_pass_and_crops(model, (32, 28))
    assert (np.abs(at_once - one_by_one).max(axis=-1) > 1e-4).all()


def test_with_zero_padding_the_inside_of_a_trunk_is_equal():
    """A crop of 12 at (4, 4) of a 20-pixel image, through two padded 3x3 layers: two cells at each side see zeros."""
    inputs = keras.Input((12, 12, 1))
    trunk = L.Conv2D(3, 3, padding="same")(L.Conv2D(3, 3, padding="same", activation="relu")(inputs))
    trunk = shaken(keras.Model(inputs, trunk))
    picture = image(20, 20)
    crop = keras.ops.convert_to_numpy(trunk(picture[None, 4:16, 4:16]))[0]
    whole = keras.ops.convert_to_numpy(convolutionalize(trunk)(picture[None]))[0, 4:16, 4:16]
    equal = np.isclose(crop, whole, rtol=1e-5, atol=1e-5).all(axis=-1)
    assert equal[2:-2, 2:-2].all()
    assert not equal[[0, -1]].any()
    assert not equal[:, [0, -1]].any()


def test_same_padding_with_a_stride_shifts_the_grid_by_the_parity_of_the_size():
    assert [geometry(size, 3, 2, "same").padding_before for size in (12, 14, 13)] == [0, 0, 1]
    inputs = keras.Input((12, 12, 1))
    trunk = shaken(keras.Model(inputs, L.Conv2D(3, 3, 2, "same")(inputs)))
    network = convolutionalize(trunk)
    picture = image(14, 14)
    crop = keras.ops.convert_to_numpy(trunk(picture[None, :12, :12]))[0, :5, :5]
    even = keras.ops.convert_to_numpy(network(picture[None]))[0, :5, :5]
    odd = keras.ops.convert_to_numpy(network(picture[None, :13, :13]))[0, :5, :5]
    np.testing.assert_allclose(even, crop, rtol=1e-5, atol=1e-5)
    assert np.abs(odd - crop).max() > 1e-2


def test_models_inside_models_and_layers_of_our_own_are_converted():
    inputs = keras.Input((None, None, 2))
    x = L.Conv2D(3, 3, strides=2)(inputs)
    trunk = keras.Model(inputs, L.Add()([L.Conv2D(5, 1)(x), IdentityShortcut(5)(x)]), name="trunk")
    head = keras.Sequential([L.Flatten(), L.Dense(6, activation="relu"), L.Dense(3)], name="head")
    outer = keras.Input((9, 9, 2))
    model = shaken(keras.Model(outer, head(trunk(outer))))
    at_once, one_by_one = one_pass_and_crops(model, (13, 11))
    assert at_once.shape == (3, 2, 3)
    np.testing.assert_allclose(at_once, one_by_one, rtol=1e-5, atol=1e-5)


def test_a_dense_layer_used_twice_keeps_its_weights_once():
    inputs = keras.Input((7, 7, 2))
    head = L.Dense(3)
    sides = [head(L.Flatten()(L.Conv2D(2, 3, strides=2)(inputs))) for _ in range(2)]
    model = shaken(keras.Model(inputs, L.Subtract()(sides)))
    assert convolutionalize(model).count_params() == model.count_params()
    at_once, one_by_one = one_pass_and_crops(model, (9, 11))
    np.testing.assert_allclose(at_once, one_by_one, rtol=1e-5, atol=1e-5)


def test_several_outputs_become_several_maps():
    inputs = keras.Input((6, 6, 1))
    x = L.Conv2D(2, 3)(inputs)
    model = keras.Model(inputs, [L.Dense(2)(L.Flatten()(x)), L.Dense(3)(L.GlobalAveragePooling2D()(x))])
    assert [tuple(tensor.shape) for tensor in convolutionalize(model)(image(8, 7)[None])] == [
        (1, 3, 2, 2),
        (1, 3, 2, 3),
    ]


def test_crops_come_row_by_row():
    picture = image(9, 12, 3)
    found = crops(picture, (5, 4), (2, 3))
    assert found.shape == (9, 5, 4, 3)  # rows 0, 2, 4 and columns 0, 3, 6
    np.testing.assert_array_equal(found[5], picture[2:7, 6:10])
    np.testing.assert_array_equal(crops(picture, 9, 1)[3], picture[:, 3:12])


@pytest.mark.parametrize("size, stride", [(10, 1), ((5, 13), 1), (0, 1), (5, 0)])
def test_crops_outside_of_the_image_are_named(size, stride):
    with pytest.raises(UsageError, match=r"image \(9, 12, 3\), size="):
        crops(image(9, 12, 3), size, stride)


@keras.saving.register_keras_serializable(package="test")
class Positions(L.Layer):
    """A layer for one size: a weight a position."""

    def build(self, input_shape):
        self.values = self.add_weight(shape=input_shape[1:])

    def call(self, inputs):
        return inputs + self.values


def classifier(*middle, head=True):
    return keras.Sequential([keras.Input((8, 8, 2)), *middle, *([L.Dense(3)] if head else [])])


def squeeze_and_excitation():
    inputs = keras.Input((8, 8, 2))
    gate = L.Conv2D(2, 1, activation="sigmoid")(L.GlobalAveragePooling2D(keepdims=True)(inputs))
    return keras.Model(inputs, L.Dense(3)(L.Flatten()(L.Multiply(name="excite")([inputs, gate]))))


@pytest.mark.parametrize(
    "build, words",
    [
        (lambda: classifier(L.Reshape((128,), name="shape")), r"'shape' \(Reshape\) cannot be made convolutional"),
        (lambda: classifier(L.Flatten(), L.Dense(9), L.Reshape((9,), name="again")), r"'again' \(Reshape\)"),
        (lambda: classifier(L.GroupNormalization(2, name="groups"), L.Flatten()), r"'groups' \(GroupNormalization\)"),
        (lambda: classifier(L.Resizing(4, 4, name="resize"), L.Flatten()), r"'resize' \(Resizing\)"),
        (lambda: classifier(L.Lambda(lambda x: x, name="any"), L.Flatten()), r"'any' \(Lambda\)"),
        (
            lambda: classifier(L.LayerNormalization(axis=(1, 2), name="norm"), L.Flatten()),
            "'norm'.*not along the channels",
        ),
        (
            lambda: classifier(L.Flatten(), L.BatchNormalization(name="norm")),
            "'norm'.*flattened map; put a Dense layer",
        ),
        (lambda: classifier(L.Flatten(), L.Softmax(name="soft")), "'soft'.*flattened map"),
        (lambda: classifier(L.Flatten(), L.Activation("softmax", name="soft")), "'soft'.*flattened map"),
        (lambda: classifier(Positions(name="places"), L.Flatten()), r"'places' \(Positions\)"),
        (lambda: classifier(L.PReLU(name="slopes"), L.Flatten()), r"'slopes' \(PReLU\)"),
        (squeeze_and_excitation, r"'excite' \(Multiply\).*joins \(8, 8, 2\) and \(1, 1, 2\)"),
        (lambda: classifier(L.Flatten(), head=False), "ends with a flattened map"),
        (lambda: keras.Sequential([L.Flatten(), L.Dense(3)]), "built functional or sequential"),
        (lambda: keras.Sequential([keras.Input((4,)), L.Dense(3)]), r"one input of images \(N, H, W, C\)"),
        (
            lambda: keras.Sequential([keras.Input((None, None, 2)), L.GlobalAveragePooling2D(), L.Dense(3)]),
            "size of the images must be known",
        ),
    ],
)
def test_what_cannot_be_converted_is_named(build, words):
    with pytest.raises(UsageError, match=words):
        convolutionalize(build())


def test_layers_that_work_on_flattened_cells_may_stand_before_the_dense_layer():
    model = shaken(classifier(L.Conv2D(2, 3), L.Flatten(), L.Activation("relu"), L.Dropout(0.1), L.LeakyReLU()))
    at_once, one_by_one = one_pass_and_crops(model, (9, 10))
    np.testing.assert_allclose(at_once, one_by_one, rtol=1e-5, atol=1e-5)


def test_half_precision_stays_half_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = shaken(classifier(L.Conv2D(4, 3), L.Flatten(), L.Dense(4)))
    finally:
        keras.config.set_dtype_policy("float32")
    network = convolutionalize(model)
    assert {layer.compute_dtype for layer in network.layers[1:]} == {"bfloat16"}  # the first is the input
    picture = image(8, 8, 2)[None]
    expected, found = (np.asarray(keras.ops.cast(run(picture), "float32")) for run in (model, network))
    np.testing.assert_allclose(found[:, 0, 0], expected, atol=0.05)


def test_heads_that_train_alone_are_left_out():
    from cnnrepro.models.auxiliary import AuxiliaryHeads

    inputs = keras.Input((6, 6, 1))
    maps = L.Flatten()(L.Conv2D(2, 3)(inputs))
    network = convolutionalize(AuxiliaryHeads(inputs, [L.Dense(4)(maps), L.Dense(4)(maps)]))
    assert network.output_shape == (None, None, None, 4)
    assert len(network.outputs) == 1
