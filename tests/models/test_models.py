"""The table of models drives these tests: a row that is added is tested."""

import json

import numpy as np
import pytest

from cnnrepro.anatomy import UNKNOWN, trace
from cnnrepro.engine import keras
from cnnrepro.errors import UsageError
from cnnrepro.models import MODELS, build, check_options, keyed_options, outline, parse_options
from tests.models.layer_counts import outlined, trainable


def kind_of(name):
    """Rows of one kind have a builder and options in common; they differ in depth alone."""
    row = MODELS[name]
    return row.builder, tuple(row.options), row.arguments.get("small")


SMALLEST_OF_EACH_KIND = list(
    {kind_of(name): name for name in sorted(MODELS, key=lambda name: -MODELS[name].parameters)}.values()
)
# Every model, those but the smallest of each kind in `make soak`.
EACH_KIND = pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in SMALLEST_OF_EACH_KIND else pytest.mark.soak)
        for name in sorted(MODELS, key=lambda name: name not in SMALLEST_OF_EACH_KIND)
    ],
)


def small_shape(name):
    """The size at which a model is tried out: its own where that is small, the smallest it takes where not."""
    height, width, channels = MODELS[name].input_shape
    if max(height, width) <= 32:
        return height, width, channels
    return MODELS[name].smallest, MODELS[name].smallest, channels


def images_for(model, count=2):
    return np.random.default_rng(0).normal(size=(count, *model.input_shape[1:])).astype("float32")


# Their families' tests hold their parameters and multiply-adds, or they differ from those in the stem alone.
DEEP = ("resnet101", "resnet101_small", "resnet110", "resnet152", "resnet152_small")


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.soak] * (name in DEEP)) for name in MODELS])
def test_parameters_multiply_adds_and_the_published_figures(name):
    model, row = outlined(name), MODELS[name]
    rows = trace(model)
    totals = rows.totals
    assert trainable(model) == totals.trainable_parameters == row.parameters
    assert totals.parameters == model.count_params()
    assert totals.unknown == ()
    assert UNKNOWN not in [layer.receptive_field for layer in rows]
    if row.published is None:
        return
    ours = {"parameters": totals.trainable_parameters, "multiply_adds": totals.multiply_adds}
    for figure, value in ours.items():
        published = getattr(row.published, figure)
        if published is not None:
            # two digits are given where a figure is rounded
            assert value == published if not row.published.rounded else abs(value - published) <= 0.06 * published


def test_no_layer_has_a_seed_of_its_own():
    """It would draw the same dropout masks whatever the seed of the run."""
    layers = [(name, layer) for name in MODELS if name not in DEEP for layer in outlined(name).layers]
    assert [(name, layer.name) for name, layer in layers if getattr(layer, "seed", None) is not None] == []


@EACH_KIND
def test_any_size_channels_and_classes_and_float32_logits_under_mixed_precision(name):
    height, width, _ = small_shape(name)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = outline(name, input_shape=(height + 1, width + 15, 2), classes=7)
    finally:
        keras.config.set_dtype_policy("float32")
    assert model.input_shape == (None, height + 1, width + 15, 2)
    assert model.output_shape == (None, 7)
    weighted = [layer for layer in model.layers if layer.trainable_weights]
    assert weighted[0].compute_dtype == "bfloat16"
    outputs = getattr(model, "inference_outputs", None) or model.outputs
    assert [keras.backend.standardize_dtype(output.dtype) for output in outputs] == ["float32"]


@EACH_KIND
def test_the_smallest_size_leaves_one_position_and_one_below_is_refused(name):
    row = MODELS[name]
    model = outline(name, input_shape=(row.smallest, row.smallest, row.input_shape[2]))
    maps = [layer.output.shape[1:3] for layer in model.layers if len(layer.output.shape) == 4]
    assert maps[-1] == (1, 1) or row.smallest == 1
    assert model.output_shape[1] == row.classes
    if row.smallest == 1:
        return
    with pytest.raises(UsageError, match=f"{name} needs images of at least {row.smallest}x{row.smallest} pixels"):
        build(name, input_shape=(row.smallest, row.smallest - 1, row.input_shape[2]))


@pytest.mark.parametrize("name", ["alexnet", "alexnet_one_tower", "alexnet_torchvision", "zfnet"])
def test_below_the_smallest_size_a_chain_has_nothing_left(name):
    row = MODELS[name]
    with pytest.raises(ValueError, match="zero or negative"):
        row.builder((row.smallest - 1, row.smallest - 1, 3), 5, **check_options(name, {"kernel_initializer": "zeros"}))


# Builder, option, value: the values that a kind of model is not built with by default.
OPTION_VALUES = [
    pytest.param(name, option, value, marks=() if name in ("lenet5_modern", "resnet20") else pytest.mark.soak)
    for name in SMALLEST_OF_EACH_KIND
    for option, spec in MODELS[name].options.items()
    for value in (spec.choices or {float: (0.25,), int: (3,), bool: (False,), str: ("he_uniform",)}[type(spec.default)])
    if value != spec.default
]


@pytest.mark.parametrize("name, option, value", OPTION_VALUES)
def test_every_option_of_the_table_changes_the_model(name, option, value):
    def layers_of(**options):
        config = outline(name, input_shape=small_shape(name), classes=10, **options).get_config()
        return json.dumps(config["layers"], default=str)

    assert layers_of(**{option: value}) != layers_of()


TRAINED = {"lenet5": 28, "alexnet_small": 15, "vgg11_small": 8, "resnet18_small": 8}


@pytest.mark.parametrize(
    "name",
    [*TRAINED, *(pytest.param(name, marks=pytest.mark.soak) for name in MODELS if name not in TRAINED)],
)
def test_a_training_step_moves_every_filter(name):
    size = TRAINED.get(name, small_shape(name)[0])
    model = build(name, input_shape=(size, size, 1), classes=10, kernel_initializer="he_normal")
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), run_eagerly=True)
    before = {weight.path: weight.numpy() for weight in model.trainable_weights if weight.name == "kernel"}
    assert np.isfinite(model.train_on_batch(images_for(model, 4), np.array([0, 1, 2, 9])))
    after = {weight.path: weight.numpy() for weight in model.trainable_weights}
    assert [path for path, kernel in before.items() if np.array_equal(kernel, after[path])] == []


SAVED = {"lenet5": 28, "googlenet_small": 8, "resnet20": 8}


@pytest.mark.parametrize(
    "name", [*SAVED, *(pytest.param(name, marks=pytest.mark.soak) for name in MODELS if name not in SAVED)]
)
def test_saved_and_loaded_it_gives_the_same_output(name, tmp_path):
    size = SAVED.get(name, small_shape(name)[0])
    model = build(name, input_shape=(size, size, 1), classes=10)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert type(loaded) is type(model)
    expected = model(images_for(model)).numpy()  # by our layers, which may sum in another order than Keras's
    np.testing.assert_allclose(
        loaded(images_for(model)), expected, rtol=1e-5, atol=1e-6 * max(10, np.abs(expected).max())
    )


def test_the_same_seed_gives_the_same_weights():
    def weights(seed):
        keras.utils.set_random_seed(seed)
        return [weight.numpy() for weight in build("lenet5_modern").weights]

    assert all(np.array_equal(a, b) for a, b in zip(weights(3), weights(3), strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(weights(3), weights(4), strict=True))


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda: build("alexnet2"), "Unknown model 'alexnet2'; known are: alexnet, alexnet_one_tower"),
        (lambda: build("resnet20", depth=3), "Unknown option of model 'resnet20' 'depth'"),
        (lambda: build("resnet20", batchnorm_momentum=1.0), r"must lie in \[0.0, 1.0\). Received: 1.0"),
        (lambda: build("resnet20", batchnorm_momentum="high"), "must be a float such as 0.9. Received: 'high'"),
        (lambda: build("resnet20", kernel_initializer="he"), "or the name of a Keras initialiser"),
        (lambda: build("resnet20", kernel_initializer="identity"), "or the name of a Keras initialiser"),
        (lambda: build("resnet18", stride_in="1x1"), "must be one of 3x3. Received: '1x1'"),
        (lambda: build("resnet50", shortcut="D"), "must be one of A, B, C. Received: 'D'"),
        (lambda: parse_options("googlenet", {"auxiliary_heads": "perhaps"}), "must be a bool such as True"),
        (lambda: build("resnet20", input_shape=(28, 28)), r"input_shape must be .* Received: \(28, 28\)"),
        (lambda: build("alexnet_small", input_shape=(14, 28, 1)), "at least 15x15 pixels"),
        (lambda: build("resnet20", classes=1), "classes must be an integer of at least 2"),
        (lambda: parse_options("resnet20", {"batchnorm_momentum": "x"}), "must be a float such as 0.9"),
        (lambda: MODELS["resnet20"].builder((8, 8, 3), 10, **check_options("resnet20", {}), depth=18), r"6n \+ 2"),
    ],
)
def test_a_bad_call_is_one_sentence(call, sentence):
    with pytest.raises(UsageError, match=sentence):
        call()


def test_options_given_and_options_left_out_name_the_same_model():
    assert check_options("resnet20", {"batchnorm_momentum": 0.9}) == check_options("resnet20", {})
    assert check_options("alexnet_small", {"dropout": 0}) == check_options("alexnet_small", {"dropout": 0.0})


def test_an_option_that_came_later_is_left_out_of_a_key_at_its_default():
    complete = check_options("resnet20", {})
    assert complete["shortcut"] == "A"
    assert set(keyed_options("resnet20", complete)) == {"batchnorm_epsilon", "batchnorm_momentum", "kernel_initializer"}
    assert keyed_options("resnet20", complete | {"shortcut": "B"})["shortcut"] == "B"


def test_options_are_read_from_text():
    assert parse_options("googlenet", {"auxiliary_heads": "false"}) == {"auxiliary_heads": False}
    assert parse_options("resnet50", {"stride_in": "3x3", "dropout": "0.1"}) == {"stride_in": "3x3", "dropout": 0.1}
