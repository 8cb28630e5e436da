"""Runs of networks of the user's own: named by what they are, trained, found again, resumed to the bit."""

import json
import shutil
import textwrap
from pathlib import Path

import pytest

from cnnrepro.errors import UsageError
from cnnrepro.runs import RunRecord, RunSpec, RunStore
from cnnrepro.runs.keys import key_today
from cnnrepro.training import train
from tests.training.test_loop import curves, interrupt

SMALL = {"dataset": "mnist_5k", "epochs": 2, "batch_size": 32, "train_images": 96, "precision": "float32"}
PATTERN = "INPUT -> [CONV -> RELU -> POOL]*N -> FC"

NETS = """
    import keras
    from keras import layers

    class Scaled(layers.Layer):
        def call(self, x):
            return 2 * x

    def own(input_shape, classes, width=4):
        x = inputs = keras.Input(input_shape)
        x = Scaled()(layers.Conv2D(width, 5, strides=4)(x))
        x = layers.BatchNormalization()(x)
        x = layers.Dropout(0.25)(layers.Flatten()(x))
        return keras.Model(inputs, layers.Dense(classes)(x))

    def plain(input_shape, classes):
        flat = layers.Flatten(), layers.Dropout(0.5), layers.Dense(classes, activation="softmax")
        return keras.Sequential([keras.Input(input_shape), layers.Conv2D(4, 5, strides=4, activation="relu"), *flat])
"""


@pytest.fixture
def nets(tmp_path):
    path = tmp_path / "nets.py"
    path.write_text(textwrap.dedent(NETS))
    return path


def spec(model, **changes):
    return RunSpec(model=str(model), **(SMALL | changes))


@pytest.mark.parametrize("function", ["own", "plain"])
def test_one_that_was_interrupted_resumes_to_the_same_bits(nets, tmp_path, function):
    run = spec(f"{nets}:{function}")
    interrupt(run, tmp_path / "runs")
    resumed, whole = train(run, runs=tmp_path / "runs"), train(run, runs=tmp_path / "whole")
    assert curves(resumed) == curves(whole)
    assert resumed.test == whole.test
    assert (whole.sessions, resumed.sessions) == (1, 2)


def test_a_record_says_what_the_network_was(nets, tmp_path):
    record = train(spec(f"{nets}:own", epochs=1), runs=tmp_path / "runs")
    read = RunStore(tmp_path / "runs").get(record.key)
    assert read == record and key_today(read) == record.key
    assert read.spec.network and list(read.network["code"]) == ["nets.py"]
    assert json.loads(read.network["configuration"])["class_name"] == "Functional"
    assert record.sentence().startswith("nets.py:own on mnist_5k, seed 0: test accuracy")


def test_a_file_that_moved_is_the_same_run_and_one_that_changed_is_not(nets, tmp_path):
    first = train(spec(f"{nets}:own", epochs=1), runs=tmp_path / "runs")
    (tmp_path / "other").mkdir()
    moved = Path(shutil.move(nets, tmp_path / "other" / "networks.py"))
    assert train(spec(f"{moved}:own", epochs=1), runs=tmp_path / "runs").key == first.key
    moved.write_text(moved.read_text().replace("2 * x", "3 * x"))
    assert train(spec(f"{moved}:own", epochs=1), runs=tmp_path / "runs").key != first.key


def test_one_that_changed_since_it_was_named_is_refused_before_anything_is_written(nets, tmp_path):
    run = spec(f"{nets}:own")
    nets.write_text(nets.read_text().replace("2 * x", "3 * x"))
    with pytest.raises(UsageError, match=r"nets.py:own has changed since this run was named"):
        train(run, runs=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_code_that_ends_in_softmax_is_refused_before_anything_is_written(nets, tmp_path):
    nets.write_text(nets.read_text().replace("layers.Dense(classes)(x)", 'layers.Dense(classes, "softmax")(x)'))
    with pytest.raises(UsageError, match="nets.py:own ends in softmax: its outputs are probabilities, and logits are"):
        train(spec(f"{nets}:own"), runs=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_reading_a_run_runs_no_code(nets, tmp_path):
    written = spec(f"{nets}:own").to_dict()
    nets.write_text("raise SystemExit('it ran')")
    assert RunSpec.from_dict(written).title() == "nets.py:own on mnist_5k, seed 0"
    del written["network"]
    with pytest.raises(UsageError, match="needs the network's digest"):
        RunSpec.from_dict(written)


def test_a_saved_file_is_trained_from_fresh_weights(nets, tmp_path):
    from cnnrepro import models

    models.build(f"{nets}:plain", (28, 28, 1), 10).save(tmp_path / "net.keras")
    run = spec(tmp_path / "net.keras", epochs=1)
    assert run.network == spec(f"{nets}:plain", epochs=1).network
    assert train(run, runs=tmp_path / "runs").test == train(spec(f"{nets}:plain", epochs=1), runs=tmp_path / "2").test


def test_a_pattern_is_trained_like_a_model_of_the_table(tmp_path):
    run = spec(PATTERN, epochs=1, options={"N": 2, "filters": [4, 8], "pooling": ["max", "rms"]})
    record = train(run, runs=tmp_path)
    again = RunSpec.from_dict(json.loads(json.dumps(run.to_dict())))
    assert again == run == record.spec
    assert hash(again) == hash(run)
    assert RunRecord.from_dict(json.loads(json.dumps(record.to_dict()))) == record
    named = f"{PATTERN} on mnist_5k, seed 0, N=2, filters=(4, 8), pooling=('max', 'rms')"
    assert record.sentence().startswith(f"{named}: test accuracy")


@pytest.mark.parametrize(
    "pattern, options, sentence",
    [
        ("INPUT -> [CONV -> FC", {}, r"character \d+ of the pattern"),
        (PATTERN, {}, "N"),
        (PATTERN, {"N": -1}, "must be a whole number of at least 0"),
        (PATTERN, {"N": 2, "filters": [4, 0]}, "must be a whole number of at least 1, or a list of them"),
        (PATTERN, {"N": 2, "filters": [4, 8, 8]}, "filters must be one number, or a list of 2, one a CONV"),
        (PATTERN, {"N": 2, "pool_size": [2]}, "pool_size must be one number, or a list of 2, one a POOL"),
        (PATTERN, {"N": 2, "pooling": ["max", "sum"]}, "must be one of max, average, l2, rms, or a list of them"),
        (PATTERN, {"N": 2, "pooling": []}, "must be one of max, average, l2, rms, or a list of them"),
        (PATTERN, {"N": 2, "pool_padding": "full"}, "must be one of valid, same"),
        (PATTERN, {"N": 2, "global_pooling": "l2"}, "must be one of none, average, max"),
        (PATTERN, {"N": 2, "depth": 3}, "Unknown option of model .* 'depth'"),
    ],
)
def test_a_pattern_that_cannot_be_built_is_refused_when_it_is_named(pattern, options, sentence):
    with pytest.raises(UsageError, match=sentence):
        spec(pattern, options=options)
