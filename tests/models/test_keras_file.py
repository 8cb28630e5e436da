"""Architectures from files: ours and Keras's are read, nobody's code is run."""

import copy
import io
import json
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from cnnrepro.anatomy import trace
from cnnrepro.engine import keras, without_weights
from cnnrepro.errors import UsageError
from cnnrepro.models import outline
from cnnrepro.models.configuration_work import depth, work_of
from cnnrepro.models.keras_file import LARGEST_CONFIG, MOST_CALLS, MOST_NESTED, read_architecture

layers = keras.layers


def test_no_weight_is_brought_into_memory(tmp_path):
    keras.Sequential([keras.Input((10,)), layers.Dense(5, name="dense")]).save(tmp_path / "model.keras")
    read = read_architecture(tmp_path / "model.keras")
    assert read.get_layer("dense").kernel._value is None


def written(tmp_path, config):
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", config if isinstance(config, str) else json.dumps(config))
        archive.writestr("metadata.json", "{}")
    return path


def sequential(*entries):
    first = {
        "module": "keras.layers",
        "class_name": "InputLayer",
        "config": {"batch_shape": [None, 4], "dtype": "float32", "name": "x"},
        "registered_name": None,
    }
    config = {"name": "sequential", "trainable": True, "dtype": "float32", "layers": [first, *entries]}
    return {"module": "keras", "class_name": "Sequential", "config": config, "registered_name": None}


def entry(class_name, module="keras.layers", registered_name=None, **config):
    return {"module": module, "class_name": class_name, "config": config, "registered_name": registered_name}


@pytest.mark.parametrize("name", ["lenet5", "alexnet", "googlenet_small", "resnet20"])
def test_a_saved_model_is_read_with_all_its_layers(name, tmp_path):
    model = outline(name)
    read = read_architecture(written(tmp_path, keras.saving.serialize_keras_object(model)))
    assert trace(read).to_dict()["layers"] == trace(model).to_dict()["layers"]


HOSTILE = {
    "a lambda": entry("Lambda", function={"class_name": "__lambda__", "config": {"code": "x"}}),
    "a class of a stranger": entry("Popen", module="subprocess", args="touch hacked"),
    "a class under a registered name of its own": entry("Mine", module="mine", registered_name="mine>Mine"),
    "a function of another module": entry(
        "Dense", units=3, activation={"class_name": "function", "config": "system", "module": "os"}
    ),
    "a function of Keras's that loads what it is told": entry(
        "Activation",
        activation={
            "class_name": "function",
            "config": "get_file",
            "module": "keras.utils",
            "registered_name": "function",
        },
    ),
    "a layer that loads a saved program": entry("TFSMLayer", filepath="/tmp/program"),
    "a module of PyTorch": entry("TorchModuleWrapper", module={"class_name": "x"}),
    "a module that only begins like Keras": entry("Dense", module="keras_evil.layers", units=3),
    "a foreign class under this package's flag": entry("Popen", module="subprocess", registered_name="cnnrepro>Popen"),
    "a foreign class under the name of a layer of ours": entry(
        "system", module="os", registered_name="cnnrepro>IdentityShortcut"
    ),
    "no module at all": entry("system", module=["os"]),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_may_run_code_is_refused_by_name(name, tmp_path, monkeypatch):
    def never(*arguments, **named):
        raise AssertionError("Keras was asked to read it")

    monkeypatch.setattr(keras.saving, "deserialize_keras_object", never)
    with pytest.raises(UsageError, match="was not read: it holds"):
        read_architecture(written(tmp_path, sequential(HOSTILE[name])))


def test_losses_and_metrics_of_ones_own_do_not_matter(tmp_path):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
    model.compile("sgd", keras.losses.sparse_categorical_crossentropy, metrics=[lambda truth, given: given])
    with pytest.warns(UserWarning, match="includes a `lambda`"):
        model.save(tmp_path / "model.keras")
    assert trace(read_architecture(tmp_path / "model.keras")).totals.parameters == 15


def test_a_real_lambda_layer_is_refused(tmp_path):
    model = keras.Sequential([keras.Input((4,)), layers.Lambda(lambda x: x + 1)])
    model.save(tmp_path / "model.keras")
    with pytest.raises(UsageError, match="was not read: it holds"):
        read_architecture(tmp_path / "model.keras")


@pytest.mark.parametrize(
    "content, sentence",
    [
        (b"not a zip", "is not a .keras file"),
        (b"", "is not a .keras file"),
        ("{", "is not a .keras file"),
        ("[]", "holds no model"),
        ('{"class_name": "Dense", "module": "keras.layers", "config": {"units": 3}}', "holds a Dense, no model"),
        ("[" * 100_000, "is not a .keras file"),
        (sequential(entry("Dense", units="many")), "cannot be read as a model"),
        (sequential(entry("NoSuchLayer")), "cannot be read as a model"),
    ],
)
def test_a_file_that_is_no_model_is_one_sentence(content, sentence, tmp_path):
    path = tmp_path / "model.keras"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path = written(tmp_path, content)
    with pytest.raises(UsageError, match=sentence) as raised:
        read_architecture(path)
    assert "\n" not in str(raised.value)


def test_a_name_that_would_write_elsewhere_in_the_terminal_is_refused(tmp_path):
    path = written(tmp_path, sequential(entry("Dense", units=3, name="dense\x1b[2J")))
    with pytest.raises(UsageError, match=r"the name 'dense\\x1b\[2J' has characters that cannot be shown"):
        read_architecture(path)


def test_a_folder_is_called_one(tmp_path):
    (tmp_path / "model.keras").mkdir()
    with pytest.raises(UsageError, match="only .keras files of Keras 3 are, and this is a folder"):
        read_architecture(tmp_path / "model.keras")


def test_a_missing_file_and_a_zip_without_a_configuration(tmp_path):
    with pytest.raises(UsageError, match="There is no file"):
        read_architecture(tmp_path / "nowhere.keras")
    with zipfile.ZipFile(tmp_path / "empty.keras", "w") as archive:
        archive.writestr("other.txt", "x")
    with pytest.raises(UsageError, match="is not a .keras file"):
        read_architecture(tmp_path / "empty.keras")


def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("cnnrepro.models.keras_file.LARGEST_CONFIG", 2**20)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", np.zeros(2**21, "uint8").tobytes())
    (tmp_path / "model.keras").write_bytes(buffer.getvalue())
    with pytest.raises(UsageError, match="larger than 1 MiB"):
        read_architecture(tmp_path / "model.keras")


@pytest.mark.parametrize("name", ["config.json", "metadata.json"])
@pytest.mark.parametrize("packed", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_no_more_is_unpacked_than_is_read_whatever_the_header_says(name, packed, tmp_path, monkeypatch):
    monkeypatch.setattr("cnnrepro.models.keras_file.LARGEST_CONFIG", 2**20)
    size, declared = 30 * 2**20, 1000
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packed) as archive:
        archive.writestr(name, bytes(size))
        archive.writestr("config.json" if name != "config.json" else "metadata.json", "{}")
    sized = buffer.getvalue().replace(struct.pack("<I", size), struct.pack("<I", declared))
    (tmp_path / "model.keras").write_bytes(sized)
    tracemalloc.start()
    try:
        with pytest.raises(UsageError, match="is not a .keras file"):
            read_architecture(tmp_path / "model.keras")
        assert tracemalloc.get_traced_memory()[1] < 4 * 2**20
    finally:
        tracemalloc.stop()


def functional(count, inner=None, calls=1, backwards=False, shape=(None, 4)):
    """A chain of layers, or of calls of a model within, in the order in which they are called or against it."""
    layers = [entry("InputLayer", batch_shape=shape, dtype="float32", name="x") | {"name": "x", "inbound_nodes": []}]
    before = ("x", 0)
    for number in range(count):
        name, nodes = f"d{number}", []
        for call in range(calls):
            sent = {"shape": shape, "dtype": "float32", "keras_history": [*before, 0]}
            nodes.append({"args": [{"class_name": "__keras_tensor__", "config": sent}], "kwargs": {}})
            before = (name, call)
        made = copy.deepcopy(inner) if inner else entry("Dense", units=4, name=name)
        made["config"]["name"] = name
        layers.append(made | {"name": name, "inbound_nodes": nodes})
    layers = layers[:1] + layers[:0:-1] if backwards else layers
    ends = {"input_layers": [["x", 0, 0]], "output_layers": [[*before, 0]]}
    config = {"name": "f", "trainable": True, "layers": layers, **ends}
    return {
        "module": "keras.src.models.functional",
        "class_name": "Functional",
        "config": config,
        "registered_name": None,
    }


def nested(depth, inner, around):
    for _ in range(depth):
        inner = around(inner)
    return inner


RECURRENT = entry("LSTM", units=2, return_sequences=True)
TOO_MUCH = {
    "many layers in turn": lambda: sequential(*[entry("Dense", units=4, name=f"d{n}") for n in range(5000)]),
    "many layers of a graph": lambda: functional(21_000),
    "a graph from its end": lambda: functional(2000, backwards=True),
    "models within models": lambda: nested(10, functional(1), lambda inner: functional(1, inner, calls=4)),
    "sequential models within one another": lambda: nested(
        5, sequential(RECURRENT), lambda one: sequential(*[one] * 4)
    ),
    "wrappers that make their layer anew": lambda: sequential(
        nested(20, RECURRENT, lambda one: entry("Bidirectional", layer=one))
    ),
    "deep wrappers": lambda: sequential(nested(400, RECURRENT, lambda one: entry("TimeDistributed", layer=one))),
    "deep lists": lambda: sequential(entry("Dense", units=4, note=nested(500, 1, lambda one: [one]))),
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_a_network_that_would_take_hours_to_build_is_one_sentence(name, tmp_path, monkeypatch):
    def never(*arguments, **named):
        raise AssertionError("Keras was asked to read it")

    monkeypatch.setattr(keras.saving, "deserialize_keras_object", never)
    with pytest.raises(UsageError, match=r"was not read: its (network|configuration)") as raised:
        read_architecture(written(tmp_path, TOO_MUCH[name]()))
    assert len(str(raised.value)) < 400 + len(str(tmp_path))


@pytest.mark.parametrize(
    "made, calls",
    [
        (functional(5), 5),
        (functional(5, backwards=True), 5),
        (functional(2, functional(3, shape=(None, None, 4)), calls=2, shape=(None, 3, 4)), 2 * 3 + 2 * 2 * 3),
        (sequential(*[entry("Dense", units=4, name=f"d{number}") for number in range(5)]), 1 + 2 + 3 + 4 + 5),
    ],
)
def test_calls_are_counted_as_keras_makes_them(made, calls, tmp_path, monkeypatch):
    """The count is of inputs and models, too, and of models called at their own size, which is free."""
    called, inside = [], layers.Dense.compute_output_spec
    monkeypatch.setattr(layers.Dense, "compute_output_spec", lambda *given: called.append(1) or inside(*given))
    read_architecture(written(tmp_path, made))
    assert len(called) == calls <= work_of(made).build <= 2 * calls + 8


@pytest.mark.soak
@pytest.mark.parametrize("make", ["DenseNet201", "NASNetLarge"])
def test_the_largest_of_keras_s_own_networks_are_far_from_the_bounds(make):
    made = keras.saving.serialize_keras_object(without_weights(lambda: getattr(keras.applications, make)(weights=None)))
    assert work_of(made).build < MOST_CALLS / 4 and depth(made) < MOST_NESTED / 4
    assert len(json.dumps(made)) < LARGEST_CONFIG / 4


@pytest.mark.parametrize("version", ["2.13.1", "2.15.0"])
def test_a_file_of_keras_2_is_one_sentence_with_its_version(version, tmp_path):
    path = tmp_path / "old.keras"
    layer = {"class_name": "InputLayer", "module": "keras.layers", "config": {"batch_input_shape": [None, 4]}}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(sequential(*[layer] * 500)))
        archive.writestr("metadata.json", json.dumps({"keras_version": version, "date_saved": "2023-11-01"}))
    with pytest.raises(UsageError, match=rf"Keras {version} wrote it \(metadata.json\)") as raised:
        read_architecture(path)
    assert len(str(raised.value)) < 400 + len(str(path))


@pytest.mark.parametrize("name", ["model.h5", "model.HDF5", "weights.hdf5", "model.pb"])
def test_older_formats_are_refused_unopened(name, tmp_path):
    (tmp_path / name).write_bytes(b"\x89HDF")
    with pytest.raises(UsageError, match="only .keras files of Keras 3 are"):
        read_architecture(tmp_path / name)


@pytest.mark.parametrize(
    "made",
    [
        sequential(entry("Dense", units="x" * 200_000)),
        sequential(entry("Dense" + "x" * 200_000)),
        sequential(entry("Dense", "m" * 200_000)),
        sequential(entry("Dense", units=3, **{f"unknown_{n}": n for n in range(20_000)})),
        sequential(entry("Conv2D", filters=3, kernel_size=3)),
        {"module": "keras", "class_name": "Functional", "config": {"layers": [{}] * 1000}, "registered_name": None},
    ],
)
def test_whatever_is_wrong_the_sentence_is_bounded(made, tmp_path):
    with pytest.raises(UsageError) as raised:
        read_architecture(written(tmp_path, made))
    assert len(str(raised.value)) < 800 + len(str(tmp_path))
    assert "\n" not in str(raised.value)
