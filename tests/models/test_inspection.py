"""What `cnnrepro inspect` finds: every model of the table, patterns, files, other sizes, the published figures."""

import json
import os

import pytest

from cnnrepro.anatomy import trace
from cnnrepro.engine import keras
from cnnrepro.errors import UsageError
from cnnrepro.models import MODELS
from cnnrepro.models.inspection import inspect, parse_shape, prefer_quick_backend

LAYER_FIELDS = {
    *("name", "kind", "output_shape", "parameters", "multiply_adds", "receptive_field", "stride", "activation_bytes"),
}


@pytest.mark.parametrize("name", ["lenet5", "alexnet", "googlenet"])
def test_the_contract_of_the_json(name):
    found = json.loads(json.dumps(inspect(name).to_dict()))
    row = MODELS[name]
    assert found["name"] == name
    assert found["input"] == list(row.input_shape)
    assert found["trainable_parameters"] == row.parameters
    assert found["parameters"] == sum(layer["parameters"] for layer in found["layers"])
    assert found["multiply_adds"] == sum(layer["multiply_adds"] for layer in found["layers"] if layer["at_inference"])
    assert found["activation_bytes"] == sum(
        layer["activation_bytes"] for layer in found["layers"] if layer["at_inference"]
    )
    assert all(set(layer) >= LAYER_FIELDS for layer in found["layers"])


def test_published_figures_stand_beside_ours_with_the_difference():
    vgg = inspect("vgg16").to_dict()["published"]
    assert vgg["difference"] == {"parameters": 0, "multiply_adds": 0}
    alexnet = inspect("alexnet")
    assert alexnet.differences() == {"parameters": 60_965_224 - 60_000_000}
    assert any("about 60,000,000: ours +965,224 (+1.61%)" in line for line in alexnet.summary())
    assert inspect("zfnet").to_dict()["published"] is None


@pytest.mark.parametrize(
    "changes", [{"input_shape": (64, 64, 3)}, {"classes": 10}, {"options": {"normalization": "batch"}}]
)
def test_another_size_is_not_compared_with_the_published(changes):
    assert inspect("vgg11", **changes).published is None


def test_heads_that_train_alone_are_not_in_the_multiply_adds():
    found = inspect("googlenet")
    assert found.rows.totals.multiply_adds == 1_582_671_872
    assert found.rows.totals.parameters == 13_378_280
    heads = [row for row in found.rows if not row.at_inference]
    assert sum(row.parameters for row in heads) == 3_188_840 + 3_190_888
    assert all("in training alone" in row.note for row in heads)
    assert "multiply-adds  1,582,671,872 without these heads" in found.summary()


def test_a_pattern_takes_options_as_text():
    found = inspect(
        "INPUT -> [[CONV -> RELU]*N -> POOL?]*2 -> [FC -> RELU]*K -> FC",
        input_shape=(28, 28, 1),
        options={"N": "1", "K": "1", "filters": "4,8", "units": "16", "optional": "true", "dropout": "0.5"},
    )
    assert found.rows["conv2"].output_shape == (14, 14, 8)
    assert found.rows["dropout2"].kind == "Dropout"


def test_lists_of_words_and_numbers_are_read_from_text():
    found = inspect(
        "INPUT -> [CONV -> RELU -> POOL]*2 -> FC",
        input_shape=(28, 28, 1),
        options={
            **{"filters": "4", "kernel_size": "5,3", "strides": "2, 1", "pool_size": "3,2", "pool_strides": "2,1"},
            **{"pooling": "average, rms", "pool_padding": "same", "global_pooling": "max"},
        },
    )
    kinds = {
        "conv1": "Conv2D",
        "pool1": "AveragePooling2D",
        "pool2": "L2Pooling2D",
        "global_pool": "GlobalMaxPooling2D",
    }
    assert {name: found.rows[name].kind for name in kinds} == kinds
    assert [found.rows[name].output_shape[0] for name in ("conv1", "pool1", "conv2", "pool2")] == [14, 7, 7, 7]


def test_a_file_is_inspected_at_its_own_and_at_another_size(tmp_path):
    path = str(tmp_path / "model.keras")
    model = keras.Sequential(
        [keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3), keras.layers.Flatten(), keras.layers.Dense(2)]
    )
    model.save(path)
    assert inspect(path).to_dict()["parameters"] == model.count_params()
    other = inspect(path, input_shape=(10, 10, 3))
    assert other.rows.totals.parameters == 112 + 8 * 8 * 4 * 2 + 2
    assert other.notes == ("at 10x10x3 it is another network: 626 parameters, not the 402 of the file",)
    assert any(line.endswith("1.4 kB an image, 1.9 kB with gradients") for line in inspect(path).summary())


def test_a_file_without_a_size_of_its_own_asks_for_one(tmp_path):
    layers = keras.layers
    unbuilt, free = str(tmp_path / "unbuilt.keras"), str(tmp_path / "free.keras")
    keras.Sequential([layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(2)]).save(unbuilt)
    with pytest.raises(UsageError, match="was saved before it had an input; give one: --input HEIGHTxWIDTHxCHANNELS"):
        inspect(unbuilt)
    assert inspect(unbuilt, input_shape=(8, 8, 3)).rows.totals.multiply_adds == 36 * 27 * 4 + 144 * 2
    keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(4, 3)]).save(free)
    assert "the size of the input is open (?x?x3); --input" in inspect(free).notes[0]
    assert inspect(free, input_shape=(8, 8, 3)).notes == ()


@pytest.mark.parametrize("name", ["model.onnx", "saved_model", "a/b"])
def test_what_looks_like_a_file_is_not_looked_up_in_the_table(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "saved_model").mkdir()
    with pytest.raises(UsageError, match="was not read: only .keras files of Keras 3 are"):
        inspect(name)


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda: inspect("vgg17"), "Unknown model 'vgg17'; known are"),
        (lambda: inspect("vgg16", options={"depth": "3"}), "Unknown option of model 'vgg16' 'depth'"),
        (lambda: inspect("vgg16", input_shape=(16, 16, 3)), "at least 32x32 pixels"),
        (lambda: inspect("nowhere.keras"), "There is no file 'nowhere.keras'"),
        (lambda: inspect("old.h5"), "only .keras files of Keras 3 are"),
        (lambda: inspect("some.keras", classes=3), "--classes and -o belong to models of the table"),
        (
            lambda: inspect("INPUT -> FC", options={"filters": "many"}),
            "must be a whole number of at least 1, or a list of them. Received: 'many'",
        ),
        (
            lambda: inspect("INPUT -> POOL*2 -> FC", options={"pooling": "max,min"}),
            "must be one of max, average, l2, rms, or a list of them. Received: \\('max', 'min'\\)",
        ),
        (lambda: parse_shape("227x227"), "must be HEIGHTxWIDTHxCHANNELS, such as 227x227x3. Received: '227x227'"),
        (lambda: parse_shape("0x2x3"), "Received: '0x2x3'"),
        (lambda: parse_shape("²x2x3"), "Received: '²x2x3'"),
    ],
)
def test_a_bad_call_is_one_sentence(call, sentence):
    with pytest.raises(UsageError, match=sentence):
        call()


def test_a_backend_that_is_asked_for_stays(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    prefer_quick_backend("lenet5")
    assert os.environ["KERAS_BACKEND"] == "tensorflow"


def test_a_loaded_keras_stays(monkeypatch):
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    prefer_quick_backend("lenet5")
    assert "KERAS_BACKEND" not in os.environ


def test_shapes_are_read_as_people_write_them():
    assert parse_shape("227x227x3") == parse_shape("227×227×3") == parse_shape("227X227X3") == (227, 227, 3)


@pytest.mark.parametrize("name", ["googlenet_small", "resnet20", "alexnet_small", "vgg16_small"])
def test_pages_and_inspect_have_the_same_figures(name):
    from cnnrepro.lessons.architectures.network_costs import costs

    found = inspect(name)
    cost = costs({name: found.rows})[name]
    spelled = found.to_dict()
    assert (cost.activation_bytes, cost.training_bytes) == (spelled["activation_bytes"], spelled["training_bytes"])
    assert (cost.parameters, cost.multiply_adds) == (spelled["answering_parameters"], spelled["multiply_adds"])


def test_what_is_written_over_its_input_takes_no_memory_unless_another_reads_it():
    layers = keras.layers
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, name="conv")(image)
    alone = trace(keras.Model(image, layers.ReLU(name="relu")(x)))
    assert (alone["relu"].activation_bytes, alone["relu"].training_bytes) == (0, 0)
    both = trace(keras.Model(image, layers.Add()([layers.ReLU(name="relu")(x), x])))
    assert both["relu"].activation_bytes == 6 * 6 * 4 * 4
    gelu = trace(keras.Model(image, layers.Activation("gelu", name="gelu")(x)))
    assert gelu["gelu"].training_bytes == 2 * 6 * 6 * 4 * 4  # its gradient needs its input
