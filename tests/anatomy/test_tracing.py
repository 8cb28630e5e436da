"""The trace of a model: against arithmetic by hand, published receptive fields, and two independent tools."""

import inspect
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from cnnrepro.anatomy import UNKNOWN, trace
from cnnrepro.engine import keras, without_weights
from cnnrepro.errors import UsageError

layers = keras.layers


def model_of(inputs, outputs, **more):
    return keras.Model(inputs, outputs, **more)


def small_network():
    inputs = keras.Input((9, 9, 3), name="image")
    x = layers.Conv2D(8, 3, strides=2, padding="same", name="conv")(inputs)  # 9 -> 5
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool")(x)  # 5 -> 2
    x = layers.Dropout(0.5, name="drop")(layers.Flatten(name="flat")(x))
    return model_of(inputs, layers.Dense(10, name="dense")(x))


def test_a_small_network_by_hand():
    rows = trace(small_network())
    assert [row.name for row in rows] == ["image", "conv", "norm", "pool", "flat", "drop", "dense"]
    conv, norm, pool, dense = (rows[name] for name in ("conv", "norm", "pool", "dense"))
    assert conv.output_shape == (5, 5, 8)
    assert conv.parameters == conv.trainable_parameters == 3 * 3 * 3 * 8 + 8
    assert conv.multiply_adds == 3 * 3 * 3 * 8 * 25
    assert (conv.activation_bytes, conv.training_bytes) == (5 * 5 * 8 * 4, 2 * 5 * 5 * 8 * 4)
    assert (norm.parameters, norm.trainable_parameters, norm.multiply_adds) == (4 * 8, 2 * 8, 0)
    # "same" on 9 with window 3 and stride 2 pads one row in front: unit 0 sees rows -1 to 1, centre 0
    assert (conv.receptive_field, conv.stride, conv.offset) == (3, 2, 0)
    # three units of the convolution: rows -1 to 5, centre 2
    assert (pool.receptive_field, pool.stride, pool.offset) == (7, 4, 2)
    assert (dense.receptive_field, dense.stride) == (11, None)  # two pooled units: rows -1 to 9
    assert dense.multiply_adds == 2 * 2 * 8 * 10
    assert (rows["flat"].activation_bytes, rows["drop"].activation_bytes, rows["drop"].training_bytes) == (0, 0, 0)
    assert (rows["image"].activation_bytes, rows["image"].training_bytes) == (9 * 9 * 3 * 4, 9 * 9 * 3 * 4)


def test_totals_are_the_sums_of_the_rows():
    model = small_network()
    totals = trace(model).totals
    assert totals.parameters == model.count_params()
    assert totals.trainable_parameters == sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    assert totals.non_trainable_parameters == 16
    assert totals.multiply_adds == totals.known_multiply_adds == 216 * 25 + 320
    assert totals.unknown == ()


def test_it_comes_as_a_table_as_text_and_as_json():
    rows = trace(small_network())
    frame = rows.frame()
    assert list(frame["name"]) == [row.name for row in rows]
    assert frame["parameters"].sum() == rows.totals.parameters
    assert "5×5×8" in str(rows)
    assert "multiply-adds 5,720" in rows.text()
    spelled = json.loads(json.dumps(rows.to_dict()))
    assert spelled["input"] == [9, 9, 3]
    assert spelled["layers"][1]["output_shape"] == [5, 5, 8]
    assert spelled["totals"]["multiply_adds"] == 5720


def test_groups_depthwise_separable_and_transposed_convolutions():
    inputs = keras.Input((8, 8, 4))
    x = layers.Conv2D(6, 3, groups=2, name="grouped")(inputs)  # 6x6
    x = layers.DepthwiseConv2D(3, depth_multiplier=2, name="depthwise")(x)  # 4x4x12
    x = layers.SeparableConv2D(5, 3, depth_multiplier=2, name="separable")(x)  # 2x2x5
    x = layers.Conv2DTranspose(3, 2, strides=2, name="transposed")(x)  # 4x4x3
    rows = trace(model_of(inputs, x))
    assert rows["grouped"].multiply_adds == 3 * 3 * 2 * 6 * 36
    assert rows["depthwise"].multiply_adds == 3 * 3 * 12 * 16
    assert rows["separable"].multiply_adds == 4 * (24 * 9 + 24 * 5)
    assert rows["transposed"].multiply_adds == 2 * 2 * 5 * 2 * 2 * 3  # each of 2x2 inputs meets each weight once
    assert rows["separable"].receptive_field == 7
    assert (rows["transposed"].receptive_field, rows["transposed"].stride) == (7, 0.5)


def test_dilation_spreads_the_window():
    inputs = keras.Input((64, 64, 1))
    x = inputs
    for rate in (1, 2, 4):
        x = layers.Conv2D(1, 3, dilation_rate=rate, padding="same", name=f"rate{rate}")(x)
    rows = trace(model_of(inputs, x))
    assert [rows[f"rate{rate}"].receptive_field for rate in (1, 2, 4)] == [3, 7, 15]
    assert rows["rate4"].offset == 0


def test_axes_may_differ():
    inputs = keras.Input((20, 30, 1))
    rows = trace(model_of(inputs, layers.Conv2D(1, (1, 5), strides=(1, 2), name="flat")(inputs)))
    assert rows["flat"].receptive_field == (1, 5)
    assert rows["flat"].stride == (1, 2)
    assert rows["flat"].offset == (0, 2)


@pytest.mark.parametrize("size, stride, window", [(9, 2, 3), (10, 2, 3), (11, 3, 5), (7, 1, 4), (12, 3, 2)])
def test_receptive_fields_are_where_the_gradient_is(size, stride, window):
    """An independent reference: the pixels that a unit's gradient reaches, with weights that cannot cancel."""
    import tensorflow as tf

    inputs = keras.Input((size, size, 1))
    ones = {"kernel_initializer": "ones", "padding": "same"}
    x = layers.Conv2D(1, window, strides=stride, **ones)(inputs)
    x = layers.AveragePooling2D(2, strides=1)(x)
    model = model_of(inputs, layers.Conv2D(1, 2, kernel_initializer="ones", name="last")(x))
    row = trace(model)["last"]
    units = row.output_shape[0]
    image = tf.Variable(tf.zeros((1, size, size, 1)))
    for unit in range(units):
        with tf.GradientTape() as tape:
            value = model(image)[0, unit, unit, 0]
        reached = np.flatnonzero(np.any(tape.gradient(value, image).numpy()[0, :, :, 0], axis=1))
        first = row.offset - (row.receptive_field - 1) / 2 + unit * row.stride
        assert reached[0] == max(first, 0)
        assert reached[-1] == min(first + row.receptive_field - 1, size - 1)


def test_paths_that_disagree_are_named():
    inputs = keras.Input((16, 16, 4))
    wide = layers.Conv2D(4, 5, padding="same")(inputs)
    narrow = layers.Conv2D(4, 1)(inputs)
    rows = trace(model_of(inputs, layers.Concatenate(name="join")([narrow, wide])))
    assert rows["join"].receptive_field == 5
    assert rows["join"].note == "paths see 1 and 5 pixels"


def test_paths_with_other_centres_are_named():
    inputs = keras.Input((16, 16, 4))
    left = layers.Cropping2D(((0, 2), (0, 2)))(inputs)
    right = layers.Cropping2D(((2, 0), (2, 0)))(inputs)
    join = trace(model_of(inputs, layers.Add(name="join")([left, right])))["join"]
    assert (join.receptive_field, join.offset) == (3, 1)
    assert join.note == "paths are centred at 0 and 2"


def test_a_gate_sees_everything_and_keeps_its_places():
    inputs = keras.Input((16, 16, 4))
    x = layers.Conv2D(4, 3, strides=2, padding="same")(inputs)
    gate = layers.Reshape((1, 1, 4))(layers.GlobalAveragePooling2D()(x))
    gate = layers.Conv2D(4, 1, activation="sigmoid")(gate)
    x = layers.Multiply(name="gated")([x, gate])
    rows = trace(model_of(inputs, layers.Conv2D(4, 3, name="after")(x)))
    assert (rows["gated"].receptive_field, rows["gated"].stride) == (17, 2)
    assert (rows["after"].receptive_field, rows["after"].stride) == (17, 2)


@keras.saving.register_keras_serializable(package="tests")
class Doubled(keras.layers.Layer):
    def __init__(self, **more):
        super().__init__(**more)
        self.factor = self.add_weight(shape=(1,), name="factor")

    def call(self, inputs):
        return inputs * self.factor


class Conv2D(Doubled):
    """A stranger under a known name."""


class MyConvolution(layers.Conv2D):
    """Derived, and computing the same way."""


class OtherConvolution(layers.Conv2D):
    def call(self, inputs):
        return super().call(inputs) * 2


@pytest.mark.parametrize("stranger", [Doubled, Conv2D, lambda **more: OtherConvolution(3, 1, **more)])
def test_a_layer_of_ones_own_is_unknown_and_never_free(stranger):
    inputs = keras.Input((8, 8, 3))
    rows = trace(model_of(inputs, stranger(name="own")(inputs)))
    own = rows["own"]
    assert own.multiply_adds == own.receptive_field == own.stride == own.offset == UNKNOWN
    assert own.parameters > 0
    assert own.activation_bytes == 8 * 8 * 3 * 4
    assert rows.totals.multiply_adds == UNKNOWN
    assert rows.totals.unknown == ("own",)


def test_a_layer_derived_from_a_known_one_is_known():
    inputs = keras.Input((8, 8, 3))
    assert trace(model_of(inputs, MyConvolution(4, 3, name="own")(inputs)))["own"].multiply_adds == 27 * 4 * 36


def test_shared_layers_cost_twice_and_are_stored_once():
    inputs = keras.Input((8, 8, 3))
    shared = layers.Conv2D(3, 3, padding="same", name="shared")
    model = model_of(inputs, shared(shared(inputs)))
    rows = trace(model)
    first, second = (row for row in rows if row.name == "shared")
    assert (first.parameters, second.parameters) == (84, 0)
    assert first.multiply_adds == second.multiply_adds == 27 * 3 * 64
    assert second.note == "its weights are counted where they are first used"
    assert rows.totals.parameters == model.count_params()


def test_what_the_graph_reads_of_keras_is_still_there():
    """Private attributes: Keras has no public way from a tensor to the call that made it."""
    layer, inputs = layers.Dense(2), keras.Input((4,))
    output = layer(inputs)
    assert (output._keras_history.operation, output._keras_history.node_index) == (layer, 0)
    (node,) = layer._inbound_nodes
    assert node.operation is layer
    assert [*node.input_tensors, *node.outputs] == [inputs, output]
    other = keras.KerasTensor((None, 4))
    (argument,), _ = node.arguments.fill_in({id(inputs): other})
    assert argument is other
    assert inputs._keras_history.operation._inbound_nodes[0].input_tensors == []


def test_models_within_models_are_taken_apart():
    part = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(3, 3, padding="same", name="conv")], name="part")
    inputs = keras.Input((8, 8, 3))
    outer = model_of(inputs, part(part(inputs)))
    rows = trace(outer)
    assert [row.name for row in rows][1:] == ["part/conv", "part/conv"]
    assert [row.receptive_field for row in rows] == [1, 3, 5]
    assert rows.totals.parameters == outer.count_params() == 84


def test_frozen_layers_have_no_trainable_parameters():
    model = small_network()
    model.get_layer("conv").trainable = False
    assert trace(model)["conv"].trainable_parameters == 0
    assert trace(model)["conv"].parameters == 224


def test_half_the_bytes_in_half_the_precision():
    inputs = keras.Input((8, 8, 3), dtype="float32")
    rows = trace(model_of(inputs, layers.Conv2D(4, 3, dtype="mixed_bfloat16", name="conv")(inputs)))
    assert rows["conv"].activation_bytes == 6 * 6 * 4 * 2


def test_an_unknown_size_makes_unknown_counts_until_it_is_given():
    inputs = keras.Input((None, None, 3))
    model = model_of(inputs, layers.Conv2D(4, 3, padding="same", strides=2, name="conv")(inputs))
    open_size = trace(model)["conv"]
    assert (open_size.multiply_adds, open_size.activation_bytes, open_size.offset) == (UNKNOWN,) * 3
    assert (open_size.receptive_field, open_size.stride) == (3, 2)
    assert trace(model, input_shape=(9, 9, 3))["conv"].multiply_adds == 27 * 4 * 25


def test_another_input_size_is_another_network():
    model = small_network()
    rows = trace(model, input_shape=(17, 17, 3))
    assert rows["dense"].parameters == 4 * 4 * 8 * 10 + 10
    assert trace(model).totals.parameters == model.count_params()


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda: trace(keras.Sequential([layers.Dense(3)])), "has no input yet"),
        (lambda: trace(type("Own", (keras.Model,), {})()), "Only functional and sequential models .* Received: Own"),
        (lambda: trace(small_network(), input_shape=(9, 9)), "takes inputs of 3 axes. Received: 9x9"),
        (lambda: trace(small_network(), input_shape=(3, 3, 3)), "cannot take an input of 3x3x3"),
        (lambda: trace(small_network())["conv9"], "Unknown layer of .* 'conv9'; known are: conv, dense"),
    ],
)
def test_what_cannot_be_traced_is_one_sentence(call, sentence):
    with pytest.raises(UsageError, match=sentence):
        call()


PUBLISHED_FIELDS = [
    # Araujo, Norris and Sim 2019, table of receptive fields: last convolutional layer or pool
    ("VGG16", "block5_pool", 212),
    ("ResNet50", "conv5_block3_out", 483),
    ("InceptionV3", "mixed10", 1311),
    pytest.param("ResNet101", "conv5_block3_out", 1027, marks=pytest.mark.soak),
    pytest.param("ResNet152", "conv5_block3_out", 1507, marks=pytest.mark.soak),
    pytest.param("InceptionResNetV2", "conv_7b_ac", 3039, marks=pytest.mark.soak),
]


@pytest.mark.parametrize("name, layer, field", PUBLISHED_FIELDS)
def test_receptive_fields_are_the_published(name, layer, field):
    model = without_weights(lambda: getattr(keras.applications, name)(weights=None))
    assert trace(model)[layer].receptive_field == field


# One of each family: TensorFlow needs seconds to write a large network down as its graph.
COUNTED_BY_TENSORFLOW = {
    *("ConvNeXtTiny", "DenseNet121", "EfficientNetB0", "EfficientNetV2B0", "InceptionV3", "InceptionResNetV2"),
    *("MobileNet", "MobileNetV2", "MobileNetV3Small", "NASNetMobile", "ResNet50", "ResNet50V2", "VGG16", "Xception"),
}

APPLICATIONS = sorted(name for name in dir(keras.applications) if inspect.isfunction(getattr(keras.applications, name)))


@pytest.mark.parametrize(
    "name",
    # depthwise convolutions, squeeze and excitation, and branches; the others in `make soak`
    [
        "MobileNetV3Small",
        *(pytest.param(name, marks=pytest.mark.soak) for name in APPLICATIONS if name != "MobileNetV3Small"),
    ],
)
def test_every_network_of_keras_applications(name):
    size = {"input_shape": (64, 64, 3)} if name == "MobileNetV3Small" else {}
    model = getattr(keras.applications, name)(weights=None, **size)
    rows = trace(model)
    assert rows.totals.parameters == model.count_params()
    known_size = None not in model.input_shape[1:]
    assert (rows.totals.unknown == ()) == known_size
    if known_size:
        assert all(row.receptive_field != UNKNOWN for row in rows)
    if name in COUNTED_BY_TENSORFLOW:
        grouped = [layer.name for layer in model.layers if getattr(layer, "groups", 1) > 1]
        assert rows.totals.multiply_adds == tensorflow_counts(model) + sum(rows[name].multiply_adds for name in grouped)
    keras.backend.clear_session()


def tensorflow_counts(model):
    """The first independent tool: TensorFlow's own statistics, two operations a multiply-add.

    They are right for convolutions, depthwise ones included, and matrix products. They leave out convolutions in
    groups (ConvNeXt's 7x7), and TensorFlow's total is no count of multiply-adds: it adds one a value for each of
    biases, means, maxima, square roots and exponentials.
    """
    import tensorflow as tf
    from tensorflow.python.framework import ops

    call = tf.function(lambda image: model(image, training=False))
    graph = call.get_concrete_function(tf.TensorSpec((1, *model.input_shape[1:]))).graph
    kinds = ("Conv2D", "DepthwiseConv2dNative", "MatMul")
    products = [operation for operation in graph.get_operations() if operation.type in kinds]
    flops = sum(int(ops.get_stats_for_node_def(graph, product.node_def, "flops").value) for product in products)
    assert flops % 2 == 0
    return flops // 2


XLA = """
import json, sys, jax, keras
from cnnrepro.anatomy import trace
found = {}
for padding in ("valid", "same"):
    model = keras.Sequential([
        keras.Input((20, 20, 3)),
        keras.layers.Conv2D(8, 3, strides=2, padding=padding, use_bias=False),
        keras.layers.Conv2D(8, 3, padding=padding, use_bias=False),
        keras.layers.Flatten(),
        keras.layers.Dense(10, use_bias=False),
    ])
    weights = [jax.ShapeDtypeStruct(one.shape, one.dtype) for one in model.trainable_variables]
    image = jax.ShapeDtypeStruct((1, 20, 20, 3), "float32")
    lowered = jax.jit(lambda w, x: model.stateless_call(w, [], x)[0]).lower(weights, image)
    found[padding] = [trace(model).totals.multiply_adds, lowered.cost_analysis()["flops"] / 2]
print(json.dumps(found))
"""


@pytest.mark.soak
def test_xla_counts_the_same_but_leaves_padding_out():
    """The second independent tool: XLA's cost analysis of the lowered program.

    Without padding the two agree. With it, XLA leaves out the products with padded zeros, which convolutions compute
    all the same and published figures count.
    """
    pytest.importorskip("jax", reason="JAX is not installed")
    done = subprocess.run(
        [sys.executable, "-c", XLA],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"KERAS_BACKEND": "jax"},
    )
    found = json.loads(done.stdout)
    ours, xla = found["valid"]
    assert ours == xla == 27 * 8 * 81 + 72 * 8 * 49 + 392 * 10
    ours, xla = found["same"]
    # 20 -> 10 with stride 2: one row of padding behind; 10 -> 10: one on each side. Products with pixels alone:
    inside = (3 * 9 + 2) ** 2 * 3 * 8 + (3 * 8 + 2 * 2) ** 2 * 8 * 8 + 800 * 10
    assert xla == inside
    assert ours == 27 * 8 * 100 + 72 * 8 * 100 + 800 * 10


@pytest.mark.parametrize("layer", [layers.Softmax(axis=(1, 2)), layers.UnitNormalization(axis=1)])
def test_what_mixes_places_is_no_value_by_value_layer(layer):
    inputs = keras.Input((9, 9, 1))
    rows = trace(model_of(inputs, layers.Conv2D(1, 3, name="after")(layer(inputs))))
    assert rows["after"].receptive_field == UNKNOWN


def test_softmax_over_the_channels_stays_at_its_place():
    inputs = keras.Input((9, 9, 4))
    rows = trace(model_of(inputs, layers.Conv2D(1, 3, name="after")(layers.Softmax()(inputs))))
    assert rows["after"].receptive_field == 3


def test_maps_put_one_behind_another_have_no_one_field():
    inputs = keras.Input((9, 9, 1))
    assert trace(model_of(inputs, layers.Concatenate(axis=1, name="join")([inputs, inputs])))["join"].stride == UNKNOWN


def test_one_place_spread_over_all_has_no_one_field():
    inputs = keras.Input((32, 32, 4))
    row = layers.Conv2D(4, (1, 32), name="row")(inputs)  # 32x1
    assert trace(model_of(inputs, layers.Add(name="sum")([inputs, row])))["sum"].receptive_field == UNKNOWN


@pytest.mark.parametrize("layer", [layers.Flatten(name="x"), layers.GroupNormalization(4, axis=1, name="x")])
def test_channels_first_maps_keep_their_axes(layer):
    inputs = keras.Input((3, 32, 32))
    x = layers.Conv2D(8, 3, data_format="channels_first")(inputs)
    x = layers.MaxPooling2D(2, data_format="channels_first")(x)
    assert trace(model_of(inputs, layer(x)))["x"].receptive_field == 32


def test_channels_first_normalisation_over_the_channels():
    inputs = keras.Input((3, 32, 32))
    x = layers.MaxPooling2D(2, data_format="channels_first")(inputs)
    assert trace(model_of(inputs, layers.LayerNormalization(axis=1, name="x")(x)))["x"].receptive_field == 2


def test_a_part_of_free_size_has_the_sizes_of_its_call():
    free = keras.Input((None, None, 3))
    part = model_of(free, layers.Conv2D(4, 3, strides=2, padding="same", name="conv")(free), name="part")
    inputs = keras.Input((9, 9, 3))
    rows = trace(model_of(inputs, layers.GlobalAveragePooling2D()(part(inputs))))
    assert rows["part/conv"].output_shape == (5, 5, 4)
    assert rows["part/conv"].multiply_adds == 27 * 4 * 25
    assert rows["part/conv"].offset == 0
    assert rows.totals.unknown == ()


def test_all_that_a_called_model_computes_is_counted():
    first, second = keras.Input((8, 8, 1)), keras.Input((8, 8, 1))
    part = model_of([first, second], [layers.Conv2D(2, 3)(first), layers.Conv2D(3, 3)(second)], name="part")
    a, b = keras.Input((8, 8, 1)), keras.Input((8, 8, 1))
    rows = trace(model_of([a, b], part([a, b])[0]))
    assert rows.totals.multiply_adds == 9 * 2 * 36 + 9 * 3 * 36
    assert all(row.at_inference for row in rows)


def test_augmentation_is_the_identity_at_inference():
    inputs = keras.Input((8, 8, 3))
    rows = trace(model_of(inputs, layers.Conv2D(1, 3, name="conv")(layers.RandomFlip()(inputs))))
    assert (rows["conv"].receptive_field, rows.totals.unknown) == (3, ())


def test_the_input_is_the_models_first():
    a, b = keras.Input((8, 8, 1)), keras.Input((4, 4, 1))
    assert trace(model_of([a, b], layers.Conv2D(1, 3)(b))).input_shape == (8, 8, 1)
