"""Networks that the project was not built around: what each layer costs and sees, or that it is not known, and why."""

import inspect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnrepro.anatomy import UNKNOWN, layer_costs, trace
from cnnrepro.anatomy.receptive_field_1d import Region
from cnnrepro.engine import keras, without_weights

layers, ops = keras.layers, keras.ops

# Decided to be unknown: they run code of somebody's own, or their sums are not written down here.
UNDECIDED_LAYERS = {
    *("Lambda", "FlaxLayer", "JaxLayer", "TFSMLayer", "TorchModuleWrapper", "Pipeline", "MelSpectrogram"),
    *("STFTSpectrogram", "ReversibleEmbedding"),
}
NO_LAYERS = {
    *("Layer", "InputSpec", "Wrapper", "InputLayer", "RNN", "StackedRNNCells", "LSTMCell", "GRUCell", "SimpleRNNCell")
}
UNDECIDED_OPERATIONS = {
    *(
        "Correlate",
        "Corrcoef",
        "Cross",
        "Inner",
        "Kron",
        "Outer",
        "Tensordot",
        "Trapezoid",
        "Vander",
        "Vdot",
        "Bincount",
    ),
    *("Histogram", "Conv", "ConvTranspose", "DepthwiseConv", "SeparableConv", "DotProductAttention", "CDist", "FFT"),
    *("FFT2", "IFFT2", "RFFT", "IRFFT", "STFT", "ISTFT", "Logdet", "Slogdet", "AffineTransform", "ElasticTransform"),
    *("GaussianBlur", "MapCoordinates", "PerspectiveTransform", "SSIM", "ScaleAndTranslate", "SobelEdges", "JVP"),
    *("AssociativeScan", "Cond", "ForiLoop", "Map", "Scan", "Switch", "VectorizedMap", "WhileLoop"),
}


def through(shape, *steps, dtype="float32"):
    """The trace of layers and functions one behind the other."""
    image = x = keras.Input(shape, name="image", dtype=dtype)
    for step in steps:
        x = step(x)
    return trace(keras.Model(image, x))


def test_every_layer_of_keras_is_decided():
    known = {*layer_costs.FREE, *layer_costs.COSTS, *layer_costs.COSTS_OF_SEVERAL, *layer_costs.COSTS_BY_ARGUMENT}
    kinds = {cls.__name__ for cls in vars(layers).values() if inspect.isclass(cls)}
    assert kinds - known - UNDECIDED_LAYERS - NO_LAYERS == set()
    assert UNDECIDED_LAYERS.isdisjoint(known)
    assert UNDECIDED_OPERATIONS.isdisjoint(known)


@pytest.mark.parametrize(
    "begin",
    [
        layers.Resizing(16, 16),
        layers.CenterCrop(16, 16),
        layers.RandomCrop(16, 16),
        layers.RandomFlip(),
        layers.RandomRotation(0.1),
        layers.RandomErasing(),
        layers.Rescaling(1 / 255),
        layers.Normalization(mean=0.0, variance=1.0),
        layers.Permute((2, 1, 3)),
        layers.Masking(),
        layers.Identity(),
        layers.ZeroPadding2D(2),
        lambda x: ops.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0))),
        lambda x: ops.expand_dims(ops.mean(x, axis=-1), -1),
        lambda x: ops.mean(x, axis=-1, keepdims=True),
        lambda x: ops.cast(x, "float32") / 255.0,
        lambda x: ops.image.resize(x, (16, 16)),
        layers.Reshape((20, 20, 3)),
    ],
    ids=lambda begin: getattr(begin, "name", "operation"),
)
def test_what_multiplies_nothing_costs_nothing_and_keeps_the_field(begin):
    rows = through((20, 20, 3), begin, layers.Conv2D(4, 3, name="conv"))
    side, _, channels = rows.rows[-2].output_shape
    assert rows.totals.multiply_adds == (side - 2) ** 2 * 9 * channels * 4
    field = rows["conv"].receptive_field
    assert field in ((4, 5) if rows.rows[1].kind in ("Resizing", "Resize") else (3,))


def test_cutting_and_padding_move_the_places_and_change_nothing_else():
    crop = through((20, 20, 3), layers.CenterCrop(16, 14, name="crop"))["crop"]
    assert (crop.receptive_field, crop.stride, crop.offset) == (1, 1, (2, 3))
    pad = through((20, 20, 3), lambda x: ops.pad(x, ((0, 0), (1, 0), (4, 0), (0, 0))), layers.Identity(name="same"))
    assert pad["same"].offset == (-1, -4)


@pytest.mark.parametrize("shape", [(28, 28), (784,)])
def test_a_reshape_that_makes_the_picture_begins_the_field(shape):
    rows = through(shape, layers.Reshape((28, 28, 1), name="picture"), layers.Conv2D(2, 5, name="conv"))
    assert rows["picture"].receptive_field == 1
    assert "28×28" in rows["picture"].note
    assert rows["conv"].receptive_field == 5
    expanded = through((28, 28), lambda x: ops.expand_dims(x, -1), layers.Conv2D(2, 5, name="conv"))
    assert expanded["conv"].receptive_field == 5


def test_a_reshape_of_mixed_values_is_no_picture():
    rows = through(
        (28, 28), layers.Dense(28), layers.Reshape((28, 28, 1)), layers.Conv2D(2, 3, name="conv"), layers.Flatten()
    )
    assert rows["conv"].receptive_field == UNKNOWN
    assert "field unknown from here on: its input has other axes" in rows["conv"].note
    assert rows.rows[-1].note == ""  # said once


def test_constants_beside_places_end_the_field():
    """In front they would move the places, and which constant is where, a trace does not see."""
    edge = np.zeros((1, 2, 8, 4), "float32")
    rows = through((8, 8, 3), layers.Conv2D(4, 3, padding="same"), lambda x: ops.concatenate([edge, x], axis=1))
    assert rows.rows[-1].receptive_field == UNKNOWN
    assert "it puts constants beside places" in rows.rows[-1].note


def test_an_open_size_is_why_the_field_is_unknown():
    rows = through((None, None, 3), layers.Conv2D(4, 3), layers.GlobalAveragePooling2D(name="mean"))
    assert rows["mean"].note == "field unknown from here on: the size of its input is open"


def test_the_known_sum_is_shown_with_the_names_of_what_it_lacks():
    rows = through((8, 8, 3), layers.Conv2D(4, 3, name="conv"), layers.Lambda(lambda x: x * 2, name="mine"))
    assert rows.totals.multiply_adds == UNKNOWN
    assert rows.totals.known_multiply_adds == 36 * 27 * 4
    assert "at least 3,888; not counted: mine" in rows.text()
    assert rows.to_dict()["totals"]["known_multiply_adds"] == 3888
    assert rows["mine"].note.startswith("field unknown from here on: ")


def test_a_layer_at_each_step_costs_its_own_times_the_steps():
    steps = layers.TimeDistributed(layers.Conv2D(4, 3), name="steps")
    row = through((5, 8, 8, 3), steps)["steps"]
    assert row.multiply_adds == 5 * 36 * 27 * 4
    assert row.receptive_field == (1, 3, 3)
    inner = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(7)])
    rows = through((5, 8, 8, 3), layers.TimeDistributed(inner, name="steps"))
    assert rows.totals.multiply_adds == 5 * (36 * 27 * 4 + 144 * 7)


@pytest.mark.parametrize(
    "layer, cost",
    [
        (layers.LSTM(3), 6 * 4 * 3 * (5 + 3)),
        (layers.GRU(3, return_sequences=True), 6 * 3 * 3 * (5 + 3)),
        (layers.SimpleRNN(3), 6 * 3 * (5 + 3)),
        (layers.Bidirectional(layers.LSTM(3)), 2 * 6 * 4 * 3 * (5 + 3)),
        (layers.RNN([layers.LSTMCell(3), layers.LSTMCell(2)]), 6 * (4 * 3 * 8 + 4 * 2 * 5)),
        (layers.Conv1D(4, 3), 4 * 15 * 4),
        (layers.EinsumDense("abc,cd->abd", output_shape=(6, 7)), 6 * 5 * 7),
        (layers.EinsumDense("...c,cd->...d", output_shape=(7,)), 6 * 5 * 7),
        (layers.TimeDistributed(layers.TimeDistributed(layers.Activation("relu"))), 0),
        (layers.SpectralNormalization(layers.Dense(4)), 6 * 5 * 4),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_layers_over_a_series(layer, cost):
    shape = (6, 5) if not isinstance(getattr(layer, "layer", None), layers.TimeDistributed) else (6, 5, 4)
    assert through(shape, layer).totals.multiply_adds == cost


def test_attention_counts_its_projections_and_both_products():
    x = keras.Input((6, 8))
    attention = layers.MultiHeadAttention(2, key_dim=4, name="attention")(x, x)
    row = trace(keras.Model(x, attention))["attention"]
    assert row.multiply_adds == 4 * 6 * 8 * 8 + 2 * 6 * 6 * 8  # four 8x8 matrices; scores and weighted values
    assert row.receptive_field == 6
    dot = trace(keras.Model(x, layers.Dot(axes=2, name="dot")([x, x])))["dot"]
    assert dot.multiply_adds == 6 * 6 * 8
    assert trace(keras.Model(x, ops.matmul(x, ops.transpose(x, (0, 2, 1))))).totals.multiply_adds == 6 * 6 * 8


def test_attention_tells_keys_values_and_masks_apart_by_their_arguments():
    """Queries 6x8, values 5x10, keys 5x12, two heads of 4; Keras lists named tensors by the alphabet."""
    query, value, key = keras.Input((6, 8)), keras.Input((5, 10)), keras.Input((5, 12))
    attention = layers.MultiHeadAttention(2, key_dim=4, name="attention")
    cost = 6 * 8 * 8 + 5 * 10 * 8 + 5 * 12 * 8 + 2 * 6 * 5 * 8 + 6 * 8 * 8
    for output in (attention(query, value, key), attention(query=query, value=value, key=key)):
        assert trace(keras.Model([query, value, key], output)).totals.multiply_adds == cost
    mask = keras.Input((6, 6), dtype="bool")
    masked = trace(keras.Model([query, mask], layers.MultiHeadAttention(2, 4)(query, query, attention_mask=mask)))
    assert masked.totals.multiply_adds == 4 * 6 * 8 * 8 + 2 * 6 * 6 * 8
    assert masked.totals.activation_bytes == (6 * 8 + 6 * 8) * 4 + 6 * 6  # a truth value is a byte


def test_a_mask_is_no_path_of_its_own():
    words = keras.Input((6,), dtype="int32")
    x = layers.Embedding(100, 8, mask_zero=True)(words)
    rows = trace(keras.Model(words, layers.Dense(2)(layers.GlobalAveragePooling1D(name="mean")(x))))
    assert rows.totals.multiply_adds == 8 * 2
    assert rows["mean"].note == ""


def test_a_mask_that_goes_into_a_model_within_is_no_input_of_it():
    words = keras.Input((6,), dtype="int32")
    x = layers.Embedding(100, 8, mask_zero=True)(words)
    inner = keras.Sequential([keras.Input((6, 8)), layers.LSTM(3)], name="inner")
    assert trace(keras.Model(words, inner(x))).totals.multiply_adds == 6 * 4 * 3 * (8 + 3)


def test_weights_of_four_bits_are_told_apart():
    model = keras.Sequential([keras.Input((12,)), layers.Dense(20, name="dense")])
    model.quantize("int4")
    row = trace(model)["dense"]
    assert row.multiply_adds == 12 * 20
    assert row.parameters == model.count_params()
    assert "two of 4 bits in a byte" in row.note


def test_a_look_up_multiplies_nothing():
    rows = through((6,), layers.Embedding(100, 8), layers.Conv1D(4, 3), dtype="int32")
    assert rows.totals.multiply_adds == 4 * 24 * 4


def test_a_volume_and_a_series_of_pictures():
    conv = through((6, 6, 6, 2), layers.Conv3D(4, 3, name="conv"), layers.UpSampling3D(2, name="up"))
    assert conv["conv"].multiply_adds == 4**3 * 27 * 2 * 4
    assert (conv["up"].receptive_field, conv["up"].stride) == (3, 0.5)
    lstm = through((5, 8, 8, 3), layers.ConvLSTM2D(4, 3, padding="same", name="lstm"))["lstm"]
    assert lstm.multiply_adds == 5 * 64 * 9 * 4 * 4 * (3 + 4)


# ---- behind layers that enlarge a map ------------------------------------------------------------------------------


def seen_by_gradient(model, unit):
    """An independent reference: rows of the input that the gradient of a unit on the diagonal reaches."""
    import tensorflow as tf

    image = tf.Variable(tf.ones((1, *model.input_shape[1:])))
    with tf.GradientTape() as tape:
        value = model(image, training=False)[0, unit, unit // 2, 0]
    return np.flatnonzero(np.any(tape.gradient(value, image).numpy()[0, :, :, 0], axis=1))


ENLARGING = {
    "transposed 2/2": [layers.Conv2DTranspose(1, 2, strides=2, kernel_initializer="ones")],
    "transposed 4/2 same": [layers.Conv2DTranspose(1, 4, strides=2, padding="same", kernel_initializer="ones")],
    "transposed 3/2 same": [layers.Conv2DTranspose(1, 3, strides=2, padding="same", kernel_initializer="ones")],
    "transposed 5/3": [layers.Conv2DTranspose(1, 5, strides=3, kernel_initializer="ones")],
    "transposed 3, given ends": [
        layers.Conv2DTranspose(1, 3, strides=2, padding="same", output_padding=1, kernel_initializer="ones")
    ],
    "repeated": [layers.UpSampling2D(3)],
    "bilinear": [layers.UpSampling2D(2, interpolation="bilinear")],
    "resized up": [layers.Resizing(16, 16, interpolation="bilinear")],
    "resized down": [layers.Resizing(5, 5, interpolation="bilinear")],
}


@pytest.mark.parametrize("name", ENLARGING)
def test_fields_behind_enlarging_layers_are_where_the_gradient_is(name):
    ones = {"kernel_initializer": "ones", "padding": "same"}
    image = keras.Input((12, 12, 1))
    x = layers.Conv2D(1, 3, **ones)(image)
    x = layers.AveragePooling2D(2)(x)  # 6
    for layer in ENLARGING[name]:
        x = layer(x)
    model = keras.Model(image, layers.Conv2D(1, 3, name="last", **ones)(x))
    row = trace(model)["last"]
    reached = [seen_by_gradient(model, unit) for unit in range(row.output_shape[0])]
    inside = [rows for rows in reached if rows[0] > 0 and rows[-1] < 11]
    assert inside, "some unit must not touch the edge"
    longest = max(rows[-1] - rows[0] + 1 for rows in inside)
    bounded = "at most" in trace(model).rows[3].note
    assert longest == row.receptive_field or (bounded and longest <= row.receptive_field)


small = st.integers(1, 4)


@settings(max_examples=60, deadline=None)
@given(small, small, small, small, st.integers(0, 3), st.integers(0, 3))
def test_every_unit_behind_a_transposed_convolution_sees_what_the_table_of_connections_says(k, s, t, u, pad, cut):
    """A convolution k, s, then a transposed one t, u: against the sets of pixels, unit by unit."""
    coarse = Region(((0, 0),), 1).through(k, s, 1, pad)
    fine = coarse.transposed(t, u, 1, cut)
    units = {
        output: [coarse.unit(i) for i in range(-20, 40) if 0 <= output + cut - i * u < t] for output in range(3 * u)
    }
    if not all(units.values()):
        assert fine is None
        return
    for output, seen in units.items():
        assert fine.unit(output) == (min(a for a, _ in seen), max(b for _, b in seen))


def test_enlarging_and_taking_every_other_gives_back_what_was_there():
    start = Region(((0, 0),), 1).through(3, 2, 1, 1)
    assert start.resampled(1, 2).through(1, 2, 1, 0) == start
    assert start.transposed(2, 2, 1, 0).through(2, 2, 1, 0) == start


def unet(size=572):
    """U-Net as Ronneberger, Fischer and Brox 2015, figure 1, draw it: unpadded convolutions, 572x572 -> 388x388."""
    image = x = keras.Input((size, size, 1))
    skips = []
    for filters in (64, 128, 256, 512):
        for _ in range(2):
            x = layers.Conv2D(filters, 3, activation="relu")(x)
        skips.append(x)
        x = layers.MaxPooling2D(2)(x)
    for _ in range(2):
        x = layers.Conv2D(1024, 3, activation="relu")(x)
    x = layers.Identity(name="bottom")(x)
    for filters, skip in zip((512, 256, 128, 64), reversed(skips), strict=True):
        x = layers.Conv2DTranspose(filters, 2, strides=2)(x)
        margin = skip.shape[1] - x.shape[1]
        skip = layers.Cropping2D((margin // 2, margin - margin // 2))(skip)
        x = layers.Concatenate()([skip, x])
        for _ in range(2):
            x = layers.Conv2D(filters, 3, activation="relu")(x)
    return keras.Model(image, layers.GlobalMaxPooling2D(name="all")(layers.Conv2D(2, 1, name="map")(x)))


def test_the_field_of_u_net():
    """140 pixels at the bottom; behind the decoder 188 to 204, by the place of the pixel.

    The paper prints the sizes of the tile, 572, and of the map, 388: without padding all pixels of the map together see
    the tile and nothing beyond it. By hand from the last layer back, each 2x2 of the way up halves the units:
    5 -> 3 + 4 = 7 -> 4 + 4 = 8 -> 4 or 5, + 4 = 8 or 9 -> 4 or 5 units of the bottom, (5 - 1) * 16 + 140 = 204.
    """
    rows = trace(without_weights(unet))
    assert rows["map"].output_shape == (388, 388, 2)
    assert rows["bottom"].receptive_field == 140
    assert (rows["map"].receptive_field, rows["map"].stride) == (204, 1)
    assert rows["map"].note == "units see 188 to 204 pixels, by their place"
    assert (rows["all"].receptive_field, rows["all"].offset) == (572, 571 / 2)


def fcn32(size=224):
    """FCN-32s of Long, Shelhamer and Darrell 2015, as shelhamer/fcn.berkeleyvision.org has it in voc-fcn32s/net.py.

    VGG-16 with 100 pixels padded, fc6 7x7, and one deconvolution, 64 taps with stride 32.
    """
    image = x = keras.Input((size, size, 3))
    x = layers.ZeroPadding2D(99)(x)  # with the "same" of conv1_1, Caffe's pad of 100
    for filters, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(count):
            x = layers.Conv2D(filters, 3, padding="same")(x)
        x = layers.MaxPooling2D(2, padding="same")(x)
    x = layers.Conv2D(64, 7, name="fc6")(x)
    x = layers.Conv2D(21, 1)(x)
    return keras.Model(image, layers.Conv2DTranspose(21, 64, strides=32, name="upscore")(x))


def test_the_field_of_fcn_32s():
    """404 pixels at fc6, with stride 32: Long, Shelhamer and Darrell 2015, table 1 ("rf size" and "max stride").

    It follows from VGG-16's 212 at pool5 (Araujo, Norris and Sim 2019): 212 + (7 - 1) * 32 = 404.
    """
    rows = trace(without_weights(fcn32))
    assert (rows["fc6"].receptive_field, rows["fc6"].stride) == (404, 32)
    # 64 taps with stride 32: two neighbours each, so 404 + 32 pixels, moving on by one pixel an output on average
    assert (rows["upscore"].receptive_field, rows["upscore"].stride) == (436, 1)
