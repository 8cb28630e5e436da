"""Networks of the user's own: made from files and functions, and known by what decides their numbers."""

import shutil
import textwrap

import numpy as np
import pytest

from cnnrepro import models
from cnnrepro.engine import keras, own_seeds, policy_kept
from cnnrepro.errors import UsageError
from cnnrepro.models import own_code
from cnnrepro.models.own_network import describe, is_own, located, short

SHAPE, CLASSES = (8, 8, 1), 3

NETS = """
    import keras
    from keras import layers

    from helper import FACTOR

    def plain(input_shape, classes, width=4):
        x = inputs = keras.Input(input_shape)
        x = layers.Conv2D(width, 3, activation="relu", name="edges")(x)
        x = layers.Flatten()(x)
        return keras.Model(inputs, layers.Dense(classes)(x))

    def with_softmax(input_shape, classes):
        x = inputs = keras.Input(input_shape)
        x = layers.Conv2D(4, 3, activation="relu")(x)
        x = layers.Flatten()(x)
        return keras.Model(inputs, layers.Dense(classes, activation="softmax")(x))

    def in_a_row(input_shape, classes):
        flat = layers.Flatten(), layers.Dense(classes), layers.Softmax()
        return keras.Sequential([layers.Conv2D(4, 3, activation="relu"), *flat])

    class Scaled(layers.Layer):
        def call(self, x):
            return FACTOR * x

    def own_layer(input_shape, classes):
        x = inputs = keras.Input(input_shape)
        return keras.Model(inputs, layers.Dense(classes)(layers.Flatten()(Scaled()(x))))

    class Net(keras.Model):
        def __init__(self, classes):
            super().__init__()
            self.flatten, self.dense = layers.Flatten(), layers.Dense(classes)

        def call(self, x):
            return self.dense(self.flatten(x))

    def own_class(input_shape, classes):
        return Net(classes)

    def a_lambda(input_shape, classes):
        doubled = layers.Lambda(lambda x: FACTOR * x)
        return keras.Sequential([keras.Input(input_shape), doubled, layers.Flatten(), layers.Dense(classes)])

    def own_softmax(input_shape, classes):
        x = inputs = keras.Input(input_shape)
        return keras.Model(inputs, layers.Dense(classes, "softmax")(layers.Flatten()(Scaled()(x))))

    def two_outputs(input_shape, classes):
        x = keras.Input(input_shape)
        ends = [layers.Dense(classes)(layers.Flatten()(x)) for _ in range(2)]
        return keras.Model(x, ends)

    def two_inputs(input_shape, classes):
        x, y = keras.Input(input_shape), keras.Input(input_shape)
        return keras.Model([x, y], layers.Dense(classes)(layers.Flatten()(x + y)))

    def other_classes(input_shape, classes):
        return plain(input_shape, classes + 2)

    def other_images(input_shape, classes):
        return plain((9, 8, 1), classes)

    def nothing(input_shape, classes):
        return None

    def raises(input_shape, classes):
        raise RuntimeError("no such luck")

    NUMBER = 3
"""
HELPER = "FACTOR = 2\n"


def write(folder, nets=NETS, helper=HELPER):
    folder.mkdir(exist_ok=True)
    (folder / "nets.py").write_text(textwrap.dedent(nets))
    (folder / "helper.py").write_text(helper)
    return folder


@pytest.fixture
def nets(tmp_path):
    return write(tmp_path / "nets")


def digest(folder, function, **options):
    return describe(f"{folder}/nets.py:{function}", SHAPE, CLASSES, options).digest


@pytest.mark.parametrize("function", ["plain", "in_a_row", "own_layer", "own_class", "a_lambda"])
def test_a_function_gives_a_network_from_images_to_logits(nets, function):
    model = models.build(f"{nets}/nets.py:{function}", SHAPE, CLASSES)
    assert model.input_shape[1:] == SHAPE
    assert model.output_shape[1:] == (CLASSES,)
    assert model.outputs[0].dtype == "float32"


@pytest.mark.parametrize("function", ["own_layer", "own_class", "a_lambda", "plain"])
def test_a_network_of_any_kind_gives_float32_in_mixed_precision(nets, function):
    with policy_kept():
        keras.config.set_dtype_policy("mixed_bfloat16")
        model = models.build(f"{nets}/nets.py:{function}", SHAPE, CLASSES)
    assert model.outputs[0].dtype == "float32"
    assert model.layers[1].compute_dtype == "bfloat16"


def test_options_go_to_the_function(nets):
    assert models.build(f"{nets}/nets.py:plain", SHAPE, CLASSES, width=6).get_layer("edges").filters == 6


def test_a_module_that_python_finds_is_as_good_as_a_file(nets, monkeypatch):
    monkeypatch.chdir(nets)
    monkeypatch.syspath_prepend(nets)
    assert describe("nets:plain", SHAPE, CLASSES, {}).digest == digest(nets, "plain")


def test_a_constant_of_another_file_counts_in_a_package_too(tmp_path, monkeypatch):
    package = write(tmp_path / "own_package_of_nets", NETS.replace("from helper", "from .helper"))
    (package / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    network = describe("own_package_of_nets.nets:own_layer", SHAPE, CLASSES, {})
    assert set(network.code) == {"nets.py", "helper.py"}


def test_libraries_of_another_place_are_no_code_of_the_user_s(tmp_path, monkeypatch):
    """Keras may lie in the system's packages and the project in those of an environment; code may try two imports."""
    library = tmp_path / "elsewhere" / "lib" / "site-packages" / "a_library"
    library.mkdir(parents=True)
    (library / "__init__.py").write_text("FACTOR = 1\n")
    monkeypatch.syspath_prepend(library.parent)
    head = "from a_library import FACTOR\ntry:\n    from ..helper import A\nexcept ImportError:\n    A = 1\n"
    write(tmp_path, nets=head + textwrap.dedent(NETS).replace("from helper import FACTOR", ""))
    before = digest(tmp_path, "own_layer")
    assert list(own_code.source(f"{tmp_path / 'nets.py'}:own_layer")) == ["nets.py"]
    (library / "__init__.py").write_text("FACTOR = 1  # and more\nOTHER = 2\n")
    assert digest(tmp_path, "own_layer") == before


def test_files_of_one_name_in_two_folders_stay_apart(nets, tmp_path):
    other = write(tmp_path / "other", helper="FACTOR = 9\n")
    first, second = (models.build(f"{folder}/nets.py:own_layer", SHAPE, CLASSES) for folder in (nets, other))
    one = np.ones((1, *SHAPE))
    assert [float(np.max(model.layers[1](one))) for model in (first, second)] == [2, 9]


def test_weights_follow_from_the_seed_whatever_the_function_fills_in(nets):
    (nets / "nets.py").write_text(
        textwrap.dedent(NETS)
        + textwrap.dedent("""
        def pretrained(input_shape, classes):
            model = plain(input_shape, classes)
            model.set_weights([w * 0 + 7 for w in model.get_weights()])
            return model
        """)
    )

    def weights(seed, function="pretrained"):
        with own_seeds(seed):
            model = models.build(f"{nets}/nets.py:{function}", SHAPE, CLASSES)
        return np.concatenate([w.ravel() for w in model.get_weights()])

    assert (weights(1) == weights(1)).all()
    assert (weights(1) == weights(1, "plain")).all()
    assert not (weights(1) == weights(2)).all()


# What the digest holds, and what it does not


def test_the_place_and_comments_and_names_are_no_part_of_a_plain_network(nets, tmp_path):
    before = digest(nets, "plain")
    moved = write(
        tmp_path / "elsewhere", NETS.replace('name="edges"', 'name="lines"').replace("FACTOR * x", "x"), "FACTOR = 5"
    )
    assert digest(moved, "plain") == before
    (nets / "nets.py").write_text("# a comment\n" + (nets / "nets.py").read_text())
    assert digest(nets, "plain") == before


@pytest.mark.parametrize(
    "change", [("Conv2D(width, 3", "Conv2D(width, 5"), ("width=4", "width=5"), ('"relu"', '"elu"')]
)
def test_a_changed_layer_is_another_network(nets, change):
    before = digest(nets, "plain")
    write(nets, NETS.replace(*change))
    assert digest(nets, "plain") != before


def test_an_option_that_changes_the_network_is_another_network(nets):
    assert digest(nets, "plain", width=5) != digest(nets, "plain") == digest(nets, "plain", width=4)


@pytest.mark.parametrize("function", ["own_layer", "own_class", "a_lambda"])
def test_own_code_counts_with_all_that_it_takes_from_the_user_s(nets, tmp_path, function):
    before = digest(nets, function)
    moved = shutil.copytree(nets, tmp_path / "moved")
    assert digest(moved, function) == before
    write(nets, "    # a comment\n" + NETS)
    assert digest(nets, function) == before
    write(nets, helper="FACTOR = 3\n")
    assert digest(nets, function) != before


def test_a_softmax_at_the_end_is_left_to_the_loss(nets):
    assert digest(nets, "with_softmax") == digest(nets, "plain")
    model = models.build(f"{nets}/nets.py:in_a_row", SHAPE, CLASSES)
    answers = np.asarray(model(np.random.default_rng(0).normal(size=(2, *SHAPE))))
    assert not np.allclose(answers.sum(axis=-1), 1)


def test_a_saved_file_is_the_same_network_without_its_weights(nets, tmp_path):
    model = models.build(f"{nets}/nets.py:plain", SHAPE, CLASSES)
    model.save(tmp_path / "saved.keras")
    assert describe(str(tmp_path / "saved.keras"), SHAPE, CLASSES, {}).digest == digest(nets, "plain")
    with own_seeds(1):
        again = models.build(str(tmp_path / "saved.keras"), SHAPE, CLASSES)
    assert not np.allclose(again.get_weights()[0], model.get_weights()[0])


def test_a_file_without_a_fixed_size_takes_that_of_the_images(tmp_path):
    x = image = keras.Input((None, None, 1))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3)(x))
    keras.Model(image, keras.layers.Dense(CLASSES)(x)).save(tmp_path / "open.keras")
    assert models.build(str(tmp_path / "open.keras"), SHAPE, CLASSES).input_shape == (None, *SHAPE)


# What is refused


@pytest.mark.parametrize(
    "function, sentence",
    [
        ("two_outputs", "nets.py:two_outputs has 2 outputs"),
        ("two_inputs", "nets.py:two_inputs has 2 inputs"),
        ("other_classes", "must end in 3 logits, one a class. Received: an output of 5"),
        ("other_images", "takes images of 9x8x1, and those of the data are 8x8x1"),
        ("nothing", "must return a Keras model. Received: a NoneType"),
        ("raises", "RuntimeError in line .* of nets.py: no such luck"),
        ("NUMBER", "'NUMBER' in .*nets.py' is no function; functions there: plain, with_softmax"),
        ("gone", "has no function 'gone'; functions there: plain"),
    ],
)
def test_a_function_that_gives_no_such_network_is_refused(nets, function, sentence):
    with pytest.raises(UsageError, match=sentence):
        models.build(f"{nets}/nets.py:{function}", SHAPE, CLASSES)


@pytest.mark.parametrize(
    "name, sentence",
    [
        ("gone.py:net", "There is no file '.*gone.py'"),
        ("gone_module.nets:net", "There is no module 'gone_module'"),
        ("gone.keras", "There is no file '.*gone.keras'"),
    ],
)
def test_what_is_not_there_is_said(name, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=sentence):
        models.build(name, SHAPE, CLASSES)


def test_code_that_cannot_be_loaded_is_refused_with_its_line(tmp_path):
    (tmp_path / "broken.py").write_text("import keras\nx = (\n")
    with pytest.raises(UsageError, match=r"could not be loaded: SyntaxError in line 2 of broken.py"):
        models.build(f"{tmp_path}/broken.py:net", SHAPE, CLASSES)
    (tmp_path / "broken.py").write_text("import keras\n1 / 0\n")
    with pytest.raises(UsageError, match=r"ZeroDivisionError in line 2 of broken.py"):
        models.build(f"{tmp_path}/broken.py:net", SHAPE, CLASSES)


def test_options_of_a_file_and_odd_values_are_refused(nets, tmp_path):
    with pytest.raises(UsageError, match="is a file and has no options. Received: width"):
        models.build("some.keras", SHAPE, CLASSES, width=3)
    with pytest.raises(UsageError, match="Option 'width' of nets.py:plain must be a number, a text, true or false"):
        models.build(f"{nets}/nets.py:plain", SHAPE, CLASSES, width=[3])
    with pytest.raises(UsageError, match="TypeError.*unexpected keyword argument 'depth'"):
        models.build(f"{nets}/nets.py:plain", SHAPE, CLASSES, depth=3)


# Names


def test_names_are_told_from_models_of_the_table_and_patterns():
    assert all(map(is_own, ("net.keras", "a/b/net.KERAS", "nets.py:f", "../x y/nets.py:f", "package.nets:f")))
    assert not any(map(is_own, ("resnet20", "INPUT -> FC", "[INPUT -> FC]", "net.h5", "nets.py", "folder:", ":f")))


def test_a_name_holds_the_whole_path_and_is_shown_without_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert located("nets.py:f") == f"{tmp_path.resolve()}/nets.py:f"
    assert located("x/net.keras") == f"{tmp_path.resolve()}/x/net.keras"
    assert located("package.nets:f") == "package.nets:f"
    assert short("/a/b/nets.py:f") == "nets.py:f"
    assert short("package.nets:f") == "package.nets:f"
