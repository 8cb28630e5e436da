"""The notes' layer patterns: read, written out, refused with a mark at the character, and built."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnrepro.anatomy import trace
from cnnrepro.engine import keras
from cnnrepro.errors import UsageError
from cnnrepro.models import build, check_options, keyed_options, outline
from cnnrepro.models.layer_pattern import expand, is_pattern

# The notes' general pattern and its four examples.
GENERAL = "INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC"
EXAMPLES = {
    "INPUT -> FC": "FC",
    "INPUT -> CONV -> RELU -> FC": "CONV RELU FC",
    "INPUT -> [CONV -> RELU -> POOL]*2 -> FC -> RELU -> FC": "CONV RELU POOL CONV RELU POOL FC RELU FC",
    "INPUT -> [CONV -> RELU -> CONV -> RELU -> POOL]*3 -> [FC -> RELU]*2 -> FC": (
        "CONV RELU CONV RELU POOL " * 3 + "FC RELU FC RELU FC"
    ),
}


# A network for studies of pooling, and its forms: the pattern, its options, and the map that the first FC gets of
# 16x16 images.
POOLED = "INPUT -> [CONV -> RELU -> POOL]*3 -> FC -> RELU -> FC"
DOUBLE = "INPUT -> [[CONV -> RELU]*2 -> POOL]*3 -> FC -> RELU -> FC"
UNPOOLED = "INPUT -> [CONV -> RELU]*{} -> FC -> RELU -> FC"
FILTERS = {"filters": [32, 64, 64], "units": 64}
OVERLAPPING = {"pool_size": 3, "pool_strides": 2, "pool_padding": "same"}
STRIDED_POOLS = {"filters": [32, 32, 64, 64, 64, 64], "units": 64, "strides": [1, 2] * 3}
FORMS = {
    "pools": (POOLED, FILTERS, (2, 2, 64)),
    "overlapping pools": (POOLED, FILTERS | OVERLAPPING, (2, 2, 64)),
    "pools of three kinds": (POOLED, FILTERS | OVERLAPPING | {"pooling": ["max", "rms", "average"]}, (2, 2, 64)),
    "strided convolutions": (UNPOOLED.format(3), FILTERS | {"strides": 2}, (2, 2, 64)),
    "3x3 convolutions for pools": (UNPOOLED.format(6), STRIDED_POOLS, (2, 2, 64)),
    "more convolutions and pools": (DOUBLE, FILTERS, (2, 2, 64)),
    "no pools": (UNPOOLED.format(3), FILTERS, (16, 16, 64)),
    "no pools and a global average": (UNPOOLED.format(3), FILTERS | {"global_pooling": "average"}, (16, 16, 64)),
    "pools and a global maximum": (POOLED, FILTERS | {"global_pooling": "max"}, (2, 2, 64)),
}


def words(pattern, counts=None, **options):
    return " ".join(element.word for element in expand(pattern, counts, **options))


@pytest.mark.parametrize("pattern", EXAMPLES)
def test_the_notes_examples_are_written_out(pattern):
    assert words(pattern) == EXAMPLES[pattern]


@pytest.mark.parametrize("pattern", EXAMPLES)
def test_the_notes_examples_build_and_train_a_step(pattern):
    trains_a_step(build(pattern, input_shape=(16, 16, 3), classes=4, filters=8, units=16))


@pytest.mark.parametrize("form", FORMS)
def test_a_pooled_network_and_its_forms_build_and_train_a_step(form):
    pattern, options, last_map = FORMS[form]
    model = build(pattern, input_shape=(16, 16, 3), classes=4, **options)
    gathered = model.get_layer("global_pool" if "global_pooling" in options else "flatten")
    assert gathered.input.shape[1:] == last_map
    trains_a_step(model)


def trains_a_step(model):
    """One step of gradient descent moves every weight."""
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), run_eagerly=True)
    before = [weight.numpy().copy() for weight in model.trainable_weights]
    images = np.random.default_rng(0).normal(size=(4, 16, 16, 3)).astype("float32")
    assert np.isfinite(model.train_on_batch(images, np.arange(4)))
    assert all(not np.array_equal(a, b.numpy()) for a, b in zip(before, model.trainable_weights, strict=True))
    assert model.output_shape == (None, 4)


def test_the_pooled_network_has_8_million_multiply_adds():
    parts = 32 * 32 * 27 * 32, 16 * 16 * 9 * 32 * 64, 8 * 8 * 9 * 64 * 64, 4 * 4 * 64 * 64, 64 * 10
    assert trace(outline(POOLED, **FILTERS)).totals.multiply_adds == sum(parts) == 8_028_800


def test_the_general_pattern_takes_its_counts():
    assert words(GENERAL, {"N": 2, "M": 1, "K": 0}) == "CONV RELU CONV RELU POOL FC"
    assert words(GENERAL, {"N": 1, "M": 2, "K": 1}, optional=False) == "CONV RELU CONV RELU FC RELU FC"
    assert words(GENERAL, {"N": 0, "M": 0, "K": 0}) == "FC"


@given(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3), st.booleans())
def test_the_general_pattern_has_the_layers_its_counts_say(n, m, k, optional):
    written = words(GENERAL, {"N": n, "M": m, "K": k}, optional=optional).split()
    assert written.count("CONV") == n * m
    assert written.count("POOL") == m * optional
    assert written.count("FC") == k + 1
    assert written.count("RELU") == n * m + k


@given(st.text(alphabet="INPUTCOVREL FK->*?[]23→", max_size=60))
@settings(max_examples=300)
def test_any_text_is_read_or_refused_in_one_way(text):
    try:
        elements = expand(text)
    except UsageError as error:
        assert "character" in str(error)
        assert str(error).splitlines()[-1].strip() == "^"
    else:
        assert elements[-1].word == "FC"


def test_arrows_spaces_and_case_are_free():
    assert words("input→[Conv->ReLU] * 2→fc") == "CONV RELU CONV RELU FC"
    assert words("INPUT --> [CONV => RELU]×2 —> FC") == "CONV RELU CONV RELU FC"
    assert words("[INPUT - CONV - RELU - POOL - FC]") == "CONV RELU POOL FC"  # as the notes write the simplest one


@pytest.mark.parametrize(
    "text, meant",
    [("INPUT -> FC", True), ("CONV -> FC", True), ("input", True), ("[INPUT - FC]", True), ("vgg16", False)],
)
def test_a_pattern_is_told_from_a_name(text, meant):
    assert is_pattern(text) == meant


@pytest.mark.parametrize(
    "pattern, sentence, place",
    [
        ("INPUT -> CNV -> FC", "Expected CONV, RELU, POOL, FC or [, found 'CNV'", 9),
        ("CONV -> FC", "A pattern begins with INPUT", 0),
        ("INPUT FC", "Expected -> after INPUT, found 'FC'", 6),
        ("INPUT ->", "Expected CONV, RELU, POOL, FC or [, found the end", 8),
        ("INPUT -> [CONV -> FC", "This [ is not closed", 9),
        ("INPUT -> CONV] -> FC", "Expected an arrow or the end, found ']'", 13),
        ("INPUT -> CONV*N -> FC", "The count N has no value; give one: -o N=2", 14),
        ("INPUT -> CONV* -> FC", "Expected a whole number or one capital letter after *, found '->'", 15),
        ("INPUT -> CONV*2000 -> FC", "A pattern may have 1000 layers; this asks for 2000", 14),
        ("INPUT -> [CONV*100]*100 -> FC", "A pattern may have 1000 layers; this asks for 10000", 20),
        ("INPUT -> CONV + FC", "A pattern has no '+'; -> joins its layers", 14),
        ("INPUT -> CONV-64 -> FC", "A pattern has no '-'", 13),
        ("[INPUT -> CONV -> FC", "This [ is not closed", 0),
        ("[CONV -> FC]", "A pattern begins with INPUT", 1),
        ("INPUT -> CONV -> RELU", "A pattern ends with FC, the class scores", 17),
        ("INPUT -> FC -> CONV -> FC", "CONV needs a feature map, and the FC before it (character 10)", 15),
        ("INPUT -> INPUT -> FC", "INPUT stands at the beginning alone", 9),
        ("INPUT -> " + "[" * 30 + "FC" + "]" * 30, "Brackets may be nested 20 deep", 29),
    ],
)
def test_a_wrong_pattern_is_shown_with_a_mark(pattern, sentence, place):
    with pytest.raises(UsageError) as raised:
        expand(pattern)
    first, shown, mark = str(raised.value).split("\n")
    assert sentence in first
    assert f"(character {place + 1} of the pattern)" in first
    assert shown == f"  {pattern}"
    assert mark == f"  {' ' * place}^"


def test_a_pool_that_leaves_nothing_is_pointed_at():
    with pytest.raises(UsageError) as raised:
        build("INPUT -> [CONV -> POOL]*4 -> FC", input_shape=(8, 8, 1))
    assert "A 2x2 POOL does not fit into 1x1 (character 19 of the pattern)" in str(raised.value)


@pytest.mark.parametrize(
    "options, sentence",
    [
        ({"pool_size": [2, 9, 2]}, "A 9x9 POOL does not fit into 8x8 (character 27 of the pattern)"),
        ({"kernel_size": [3, 3, 7], "padding": "valid"}, "A 7x7 CONV does not fit into 2x2 (character 11 of"),
    ],
)
def test_the_window_of_a_list_that_does_not_fit_is_pointed_at(options, sentence):
    with pytest.raises(UsageError, match=re.escape(sentence)):
        outline(POOLED, input_shape=(16, 16, 3), **options)


@pytest.mark.parametrize(
    "options, sentence",
    [
        ({"N": -1}, "The count N must be a whole number from 0. Received: -1"),
        ({"N": 1, "Q": 2}, "has no count named Q"),
        ({"N": 1, "filter": 3}, "Unknown option of a pattern 'filter'; known are: K, M, N, dropout, filters"),
        ({"N": 1, "pooling": "min"}, "pooling must be one of max, average, l2, rms. Received: 'min'"),
        ({"N": 1, "pooling": ["min"]}, "pooling must be one of max, average, l2, rms. Received: ['min']"),
        (
            {"N": 1, "pooling": ["max", "l2"]},
            "pooling must be one word, or a list of 1, one a POOL. Received: ['max', ",
        ),
        ({"N": 1, "pool_size": [2, 2]}, "pool_size must be one number, or a list of 1, one a POOL. Received: [2, 2]"),
        ({"N": 1, "pool_strides": [2, 2]}, "pool_strides must be one number, or a list of 1, one a POOL"),
        ({"N": 1, "pool_padding": "full"}, "pool_padding must be one of same, valid. Received: 'full'"),
        ({"N": 1, "global_pooling": "sum"}, "global_pooling must be one of none, average, max. Received: 'sum'"),
        ({"N": 1, "normalization": "layer"}, "normalization must be one of none, lrn, batch"),
        ({"N": 2, "filters": [8, 8, 8]}, "filters must be one number, or a list of 2, one a CONV, or 1, one a stage"),
        ({"N": 2, "filters": 0}, "filters must be positive whole numbers. Received: 0"),
        ({"N": 2, "units": [8]}, "units must be one number, or a list of 0"),
        ({"N": 2, "strides": [1, 2, 1]}, "strides must be one number, or a list of 2, one a CONV, or 1, one a stage"),
        ({"N": 1, "kernel_size": 0}, "kernel_size must be positive whole numbers. Received: 0"),
        ({"N": 1, "strides": -1}, "strides must be positive whole numbers. Received: -1"),
        ({"N": 1, "pool_strides": 0}, "pool_strides must be positive whole numbers. Received: 0"),
        ({"N": 1, "padding": "bogus"}, "padding must be one of same, valid. Received: 'bogus'"),
        ({"N": 1, "dropout": "abc"}, "dropout must lie in [0, 1). Received: 'abc'"),
        ({"N": 1, "dropout": 1.5}, "dropout must lie in [0, 1). Received: 1.5"),
        ({"N": 1, "lrn_alpha": 0}, "lrn_alpha must be a number above 0. Received: 0"),
        ({"N": 1, "lrn_alpha": True}, "lrn_alpha must be a number above 0. Received: True"),
        ({"N": 1, "optional": "maybe"}, "optional must be one of True, False. Received: 'maybe'"),
    ],
)
def test_a_bad_option_is_one_sentence(options, sentence):
    with pytest.raises(UsageError, match=re.escape(sentence)):
        build("INPUT -> [CONV -> RELU]*N -> POOL? -> FC", **options)


def test_filters_are_one_number_one_a_layer_or_one_a_stage():
    def channels(**options):
        model = outline("INPUT -> [[CONV -> RELU]*2 -> POOL]*2 -> FC", **options)
        return [row.output_shape[-1] for row in trace(model) if row.kind == "Conv2D"]

    assert channels() == [32, 32, 64, 64]
    assert channels(filters=5) == [5] * 4
    assert channels(filters=[4, 8]) == [4, 4, 8, 8]
    assert channels(filters=[1, 2, 3, 4]) == [1, 2, 3, 4]


def test_kernel_sizes_and_strides_are_lists_too():
    def windows(**options):
        model = outline("INPUT -> [[CONV -> RELU]*2 -> POOL]*2 -> FC", filters=4, **options)
        found = [model.get_layer(f"conv{number}") for number in (1, 2, 3, 4)]
        return [(layer.kernel_size[0], layer.strides[0]) for layer in found]

    assert windows(kernel_size=5, strides=1) == [(5, 1)] * 4
    assert windows(kernel_size=[5, 3], strides=[1, 2, 2, 1]) == [(5, 1), (5, 2), (3, 2), (3, 1)]


def test_pools_may_differ():
    model = outline(POOLED, pool_size=[2, 3, 2], pool_strides=[2, 1, 1], pooling=["l2", "rms", "average"], **FILTERS)
    first, second, third = (model.get_layer(f"pool{number}") for number in (1, 2, 3))
    assert [layer.pool_size[0] for layer in (first, second, third)] == [2, 3, 2]
    assert [layer.strides[0] for layer in (first, second, third)] == [2, 1, 1]
    assert (first.mean, second.mean, type(third)) == (False, True, keras.layers.AveragePooling2D)
    assert [outline(POOLED, pool_size=[3, 2, 2]).get_layer(f"pool{n}").strides[0] for n in (1, 2)] == [3, 2]


@pytest.mark.parametrize("pooling", ["max", "average", "l2", "rms"])
def test_padded_pools_are_traced(pooling):
    rows = trace(outline(POOLED, pooling=pooling, **OVERLAPPING))
    pools = [rows[f"pool{number}"] for number in (1, 2, 3)]
    assert [row.output_shape[:2] for row in pools] == [(16, 16), (8, 8), (4, 4)]  # as with 2x2 windows
    assert [(row.receptive_field, row.stride, row.offset) for row in pools] == [(5, 2, 1), (13, 4, 3), (29, 8, 7)]
    assert [row.multiply_adds for row in pools] == [0, 0, 0]


@pytest.mark.parametrize("kind", ["average", "max"])
def test_a_global_pool_stands_before_the_first_dense_layer(kind):
    rows = trace(outline(POOLED, global_pooling=kind, **FILTERS))
    assert [row.name for row in rows][-4:] == ["global_pool", "fc1", "relu4", "logits"]
    pool = rows["global_pool"]
    assert (pool.kind, pool.output_shape) == (f"Global{kind.title()}Pooling2D", (64,))
    assert rows["fc1"].parameters == (64 + 1) * 64
    assert pool.receptive_field == rows["pool3"].receptive_field + 3 * 8  # four units, 8 pixels apart


def test_options_that_came_later_are_in_a_key_where_they_are_used_alone():
    before = [
        "filters",
        "kernel_size",
        "strides",
        "padding",
        "pool_size",
        "pool_strides",
        "pooling",
        "units",
        "dropout",
    ]
    before += ["normalization", "kernel_initializer", "optional"]
    assert list(keyed_options(POOLED, check_options(POOLED, {}))) == before
    used = {"pool_padding": "same", "global_pooling": "average", "lrn_alpha": 0.5}
    assert keyed_options(POOLED, check_options(POOLED, used)).items() >= used.items()


def test_every_option_reaches_its_layers():
    model = outline(
        "INPUT -> CONV -> RELU -> POOL -> [FC -> RELU]*2 -> FC",
        input_shape=(20, 20, 1),
        classes=3,
        filters=4,
        kernel_size=5,
        strides=2,
        padding="valid",
        pool_size=3,
        pool_strides=2,
        pooling="l2",
        units=[7, 6],
        dropout=0.5,
        normalization="batch",
        kernel_initializer="glorot_uniform",
    )
    rows = trace(model)
    assert rows["conv1"].output_shape == (8, 8, 4)  # (20 - 5)//2 + 1
    assert rows["norm1"].kind == "BatchNormalization"
    assert (rows["pool1"].kind, rows["pool1"].output_shape) == ("L2Pooling2D", (3, 3, 4))
    assert [rows[name].output_shape for name in ("fc1", "fc2", "logits")] == [(7,), (6,), (3,)]
    assert model.get_layer("dropout2").rate == 0.5
    assert isinstance(model.get_layer("conv1").kernel_initializer, keras.initializers.GlorotUniform)


def test_local_response_normalisation_stands_behind_the_relu_as_in_alexnet():
    model = outline("INPUT -> CONV -> RELU -> POOL -> CONV -> FC", normalization="lrn")
    names = [layer.name for layer in model.layers]
    assert names == ["image", "conv1", "relu1", "norm1", "pool1", "conv2", "norm2", "flatten", "logits"]
    batch = [layer.name for layer in outline("INPUT -> CONV -> RELU -> FC", normalization="batch").layers]
    assert batch[1:4] == ["conv1", "norm1", "relu1"]


def test_the_weight_of_lrn_is_the_papers_or_the_one_that_is_given():
    def alphas(**options):
        model = outline("INPUT -> CONV -> RELU -> POOL -> CONV -> FC", normalization="lrn", **options)
        return [model.get_layer(name).alpha for name in ("norm1", "norm2")]  # behind a RELU, and behind none

    assert (alphas(), alphas(lrn_alpha=0.5)) == ([1e-4, 1e-4], [0.5, 0.5])


def test_lrn_on_standardised_pixels_does_what_it_did_on_those_to_255_with_alpha_times_their_variance():
    """A CONV is linear, and its bias starts at 0, so what follows is the same but for the scale of the pixels."""
    pattern, std = "INPUT -> CONV -> RELU -> FC", 64.0
    pixels = np.random.default_rng(0).uniform(0, 255, size=(2, 8, 8, 3)).astype("float32")

    def behind_lrn(images, alpha):
        keras.utils.set_random_seed(0)
        model = build(pattern, input_shape=(8, 8, 3), filters=8, normalization="lrn", lrn_alpha=alpha)
        return np.asarray(keras.Model(model.input, model.get_layer("norm1").output)(images))

    before = np.asarray(behind_lrn(pixels, 1e-4))
    np.testing.assert_allclose(std * behind_lrn(pixels / std, 1e-4 * std**2), before, rtol=1e-4, atol=1e-3)
    assert not np.allclose(std * behind_lrn(pixels / std, 1e-4), before, rtol=0.1)


@pytest.mark.parametrize("alpha", [0, -1e-4, float("nan"), float("inf"), "much", True])
def test_a_run_with_a_weight_of_lrn_that_is_not_above_0_is_refused(alpha):
    with pytest.raises(UsageError, match="Option 'lrn_alpha' of model .* must be a number above 0. Received: "):
        check_options(POOLED, {"lrn_alpha": alpha})
