"""The table of models drives these tests: an entry that is added is tested."""

import functools
import json
import math
import subprocess
import sys

import numpy as np
import pytest

from cnnrepro.anatomy import UNKNOWN, trace
from cnnrepro.engine import keras
from cnnrepro.errors import UsageError
from cnnrepro.models import MODELS, build, check_options, keyed_options, outline, parse_options

ALL = pytest.mark.parametrize("name", MODELS)


def small_shape(name):
    """The size at which a model is tried out: its own where that is small, the smallest it takes where not."""
    height, width, channels = MODELS[name].input_shape
    if max(height, width) <= 32:
        return height, width, channels
    return MODELS[name].smallest, MODELS[name].smallest, channels


def without_weights(name, *arguments, **options):
    """A model for counting: shapes and names, but no memory for its weights."""
    return outline(name, *arguments, **options)


@functools.cache
def counted(name):
    """A model at its own size, and its trace."""
    model = without_weights(name)
    return model, trace(model)


def trainable(model):
    return sum(math.prod(weight.shape) for weight in model.trainable_weights)


@pytest.fixture(scope="module")
def small(request):
    """A model at its small size, built once for all tests of it."""
    return build(request.param, input_shape=small_shape(request.param), classes=10)


SMALL = pytest.mark.parametrize("small", MODELS, indirect=True, scope="module")


def images_for(model, count=2):
    return np.random.default_rng(0).normal(size=(count, *model.input_shape[1:])).astype("float32")


@ALL
def test_parameters_are_those_of_the_table(name):
    assert trainable(counted(name)[0]) == MODELS[name].parameters


@ALL
def test_trace_counts_what_keras_counts_and_knows_every_layer(name):
    model, rows = counted(name)
    assert rows.totals.parameters == model.count_params()
    assert rows.totals.trainable_parameters == MODELS[name].parameters
    assert rows.totals.unknown == ()
    assert UNKNOWN not in [row.receptive_field for row in rows]


@ALL
def test_published_figures_are_met(name):
    published, totals = MODELS[name].published, counted(name)[1].totals
    if published is None:
        return
    ours = {"parameters": totals.trainable_parameters, "multiply_adds": totals.multiply_adds}
    for figure, value in ours.items():
        said = getattr(published, figure)
        if said is not None:
            # two digits are given where a figure is rounded
            assert value == said if not published.rounded else abs(value - said) <= 0.06 * said


@SMALL
def test_saved_and_loaded_it_gives_the_same_output(small, tmp_path):
    images = images_for(small)
    small.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert type(loaded) is type(small)
    np.testing.assert_allclose(loaded(images), small(images), rtol=1e-5, atol=1e-5)


@SMALL
def test_a_forward_and_a_training_step(small):
    images = images_for(small)
    small.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), run_eagerly=True)
    before = [weight.numpy().copy() for weight in small.trainable_weights]
    assert np.isfinite(small.train_on_batch(images, np.array([0, 9])))
    changed = [not np.array_equal(old, new.numpy()) for old, new in zip(before, small.trainable_weights, strict=True)]
    assert np.mean(changed) > 0.9  # a bias behind a dead unit may stay
    scores = small(images)
    assert scores.shape == (2, 10)
    assert keras.backend.standardize_dtype(scores.dtype) == "float32"


@ALL
def test_any_input_size_channels_and_class_number(name):
    height, width, _ = small_shape(name)
    model = without_weights(name, input_shape=(height + 1, width + 15, 2), classes=7)
    assert model.input_shape == (None, height + 1, width + 15, 2)
    assert model.output_shape == (None, 7)


@ALL
def test_logits_are_float32_under_mixed_precision(name):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = without_weights(name, input_shape=small_shape(name))
    finally:
        keras.config.set_dtype_policy("float32")
    weighted = [layer for layer in model.layers if layer.trainable_weights]
    assert weighted[0].compute_dtype == "bfloat16"
    outputs = getattr(model, "inference_outputs", None) or model.outputs
    assert [keras.backend.standardize_dtype(one.dtype) for one in outputs] == ["float32"]


@ALL
def test_the_smallest_size_of_the_table_builds_and_one_below_is_refused(name):
    smallest, channels = MODELS[name].smallest, MODELS[name].input_shape[2]
    assert without_weights(name, input_shape=(smallest, smallest, channels)).output_shape[1] == MODELS[name].classes
    if smallest > 1:
        with pytest.raises(UsageError, match=f"{name} needs images of at least {smallest}x{smallest} pixels"):
            build(name, input_shape=(smallest, smallest - 1, channels))


def kinds_of_rows():
    """One row for each builder and set of options; its other rows differ in depth alone."""
    return {(row.builder, str(row.options), row.arguments.get("small")): name for name, row in reversed(MODELS.items())}


OPTION_VALUES = [
    (name, option, value)
    for name in kinds_of_rows().values()
    for option, spec in MODELS[name].options.items()
    for value in (spec.choices or {float: (0.25,), int: (3,), bool: (False,), str: ("he_uniform",)}[type(spec.default)])
    if value != spec.default
]


@pytest.mark.parametrize("name, option, value", OPTION_VALUES)
def test_every_option_of_the_table_changes_the_model(name, option, value):
    def layers_of(**options):
        config = without_weights(name, input_shape=small_shape(name), classes=10, **options).get_config()
        return json.dumps(config["layers"], default=str)

    assert layers_of(**{option: value}) != layers_of()


JAX = """
import sys
import numpy as np, keras
from cnnrepro.models import MODELS, build
assert keras.backend.backend() == "jax"
random = np.random.default_rng(0)
for name in sys.argv[1:]:
    row = MODELS[name]
    shape = row.input_shape if max(row.input_shape) <= 32 else (row.smallest, row.smallest, row.input_shape[2])
    # JAX compiles an initialiser anew for every shape; NumPy's numbers need no compiling
    model = build(name, input_shape=shape, classes=10, kernel_initializer="zeros")
    for weight in model.trainable_weights:
        if weight.path.endswith("kernel"):
            weight.assign(random.normal(0, np.sqrt(2 / np.prod(weight.shape[:-1])), weight.shape))
    # a deep network compiles sooner operation by operation, as most of its operations have the same shapes
    deep = len(model.layers) > 170
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), run_eagerly=deep)
    before = model.trainable_weights[-1].numpy()
    loss = model.train_on_batch(random.normal(size=(2, *shape)).astype("float32"), np.array([0, 9]))
    assert np.isfinite(loss), name
    assert not np.array_equal(before, model.trainable_weights[-1].numpy()), name
    keras.backend.clear_session()
print("trained", len(sys.argv) - 1)
"""
QUICK_COMPILER = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"


def smallest_of_each_builder():
    """Of the models that one function builds, the one with the fewest parameters."""
    by_size = sorted(MODELS, key=lambda name: -MODELS[name].parameters)
    return list({MODELS[name].builder: name for name in by_size}.values())


@pytest.mark.slow
@pytest.mark.parametrize(
    "names",
    [
        pytest.param(smallest_of_each_builder(), id="one of each builder"),
        pytest.param(list(MODELS), id="all", marks=pytest.mark.soak),
    ],
)
def test_models_train_on_jax_too(names):
    pytest.importorskip("jax", reason="JAX is not installed")
    done = subprocess.run(
        [sys.executable, "-c", JAX, *names],
        check=False,
        capture_output=True,
        text=True,
        env={"KERAS_BACKEND": "jax", "PATH": "", "XLA_FLAGS": QUICK_COMPILER},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == f"trained {len(names)}"


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
        (lambda: build("resnet20", input_shape=(2, 2, 1)), "at least 4x4 pixels"),
        (lambda: build("alexnet_small", input_shape=(14, 28, 1)), "at least 15x15 pixels"),
        (lambda: build("resnet20", classes=1), "classes must be an integer of at least 2"),
        (lambda: parse_options("resnet20", {"batchnorm_momentum": "x"}), "must be a float such as 0.9"),
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
