"""Trackers: real runs, event files read back by TensorBoard's own reader and MLflow's store by its client."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from cnnrepro.errors import UsageError, WorkFailed
from cnnrepro.runs import RunStore
from cnnrepro.runs.record import RunRecord
from cnnrepro.runs.spec import RunSpec
from cnnrepro.training import loop as module
from cnnrepro.training import train
from cnnrepro.training.progress import NoProgress
from cnnrepro.training.trackers import points, table

BOTH = ("tensorboard", "mlflow")
CURVES = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")

needs_mlflow = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in table.TRACKERS["mlflow"].needs),
    reason="MLflow is not installed: it needs other versions than requirements.lock has (pip install -e .[mlflow])",
)
each = pytest.mark.parametrize("name", ["tensorboard", pytest.param("mlflow", marks=needs_mlflow)])


@pytest.fixture(autouse=True)
def unasked(monkeypatch):
    """No test follows what the person who runs it tracks."""
    for name in (table.VARIABLE, "CNNREPRO_TENSORBOARD", "MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME"):
        monkeypatch.delenv(name, raising=False)


class Seen:
    """What a tracker's store says of a run: ``points`` by metric as (step, value), every point that is there."""

    def __init__(self, name, runs, key):
        self.points, self.fields, self.tags, self.count = getattr(self, f"_{name}")(runs, key)

    def _tensorboard(self, runs, key):
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
        from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

        read = EventAccumulator(str(runs / "tensorboard" / key)).Reload()
        found = {tag: [(point.step, point.value) for point in read.Scalars(tag)] for tag in read.Tags()["scalars"]}
        content = read.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
        values = HParamsPluginData.FromString(content).session_start_info.hparams
        fields = {name: getattr(value, value.WhichOneof("kind")) for name, value in values.items()}
        texts = {
            tag.removesuffix("/text_summary"): read.Tensors(tag)[-1].tensor_proto.string_val[0].decode()
            for tag in read.Tags()["tensors"]
            if tag.endswith("/text_summary")
        }
        return found, fields, texts, len(list((runs / "tensorboard").iterdir()))

    def _mlflow(self, runs, key):
        from mlflow.tracking import MlflowClient

        client = MlflowClient(tracking_uri=f"sqlite:///{runs / 'mlflow' / 'mlflow.db'}")
        experiment = client.get_experiment_by_name("cnnrepro").experiment_id
        every = client.search_runs([experiment])
        self.runs = [run for run in every if run.data.tags["key"] == key]
        run = next(run for run in self.runs if run.data.tags["status"] != "superseded")
        found = {
            name: [(point.step, point.value) for point in client.get_metric_history(run.info.run_id, name)]
            for name in run.data.metrics
        }
        return found, run.data.params, {**run.data.tags, "mlflow status": run.info.status}, len(every)


def expected(record):
    """What a tracker must hold: a point an epoch and metric, the test at the last epoch."""
    found = {
        name: [(epoch, pytest.approx(value)) for epoch, value in enumerate(record.history[name], start=1)]
        for name in points.EPOCH_METRICS
    }
    return found | {f"test_{name}": [(record.epochs_done, pytest.approx(value))] for name, value in record.test.items()}


def tell(names, store, record, begun=0):
    """Tell trackers of a finished record as ``train`` does, in a session that begins after so many epochs."""
    trackers = table.make_trackers(names, store)
    trackers.begin(until(record, begun))
    for epochs in range(begun + 1, record.epochs_done + 1):
        trackers.epoch(until(record, epochs))
    trackers.end(record)
    trackers.close()


def until(record, epochs):
    """The record as it was after so many epochs."""
    history = {metric: values[:epochs] for metric, values in record.history.items() if epochs}
    return record.with_(history=history, test=None, status="running")


class Interrupting(NoProgress):
    """Interrupts in the middle of the second epoch."""

    def batch(self, epoch, images, metrics):
        if epoch == 2:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def alone(tiny, tmp_path_factory):
    """The run as it is without trackers."""
    return train(tiny(), runs=tmp_path_factory.mktemp("alone"), track=())


@each
def test_a_tracked_run_is_the_same_and_all_of_it_is_in_the_tracker(name, alone, tiny, tmp_path, capfd):
    record = train(tiny(), runs=tmp_path, track=[name], progress=NoProgress())
    assert {curve: record.history[curve] for curve in CURVES} == {curve: alone.history[curve] for curve in CURVES}
    assert record.test == alone.test
    seen = Seen(name, tmp_path, record.key)
    assert seen.points == expected(record)
    assert str(seen.fields["model"]) == "alexnet_small"
    assert float(seen.fields["options.dense_units"]) == 64
    assert float(seen.fields["epochs"]) == 2
    assert seen.count == 1
    assert capfd.readouterr().err == ""


def test_tensorboard_shows_the_run_in_words(alone, tmp_path):
    tell(["tensorboard"], RunStore(tmp_path), alone)
    text = Seen("tensorboard", tmp_path, alone.key).tags["run"]
    assert f"| key | {alone.key} |" in text
    assert "| dataset | mnist_5k |" in text


@needs_mlflow
def test_mlflow_has_the_tags_and_nothing_else_lies_about(alone, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tell(["mlflow"], RunStore("runs"), alone)
    tags = Seen("mlflow", tmp_path / "runs", alone.key).tags
    assert (tags["key"], tags["status"], tags["mlflow status"]) == (alone.key, "done", "FINISHED")
    assert tags.get("commit") == alone.commit
    assert tags["mlflow.runName"] == alone.spec.title()
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {"runs/mlflow/mlflow.db", "runs/mlflow/lock"}


@pytest.mark.slow
def test_nothing_is_imported_or_written_unless_asked_for(tiny, tmp_path):
    code = (
        "import json, sys; from cnnrepro.runs import RunSpec; from cnnrepro.training import train\n"
        "train(RunSpec.from_dict(json.loads(sys.argv[1])), runs=sys.argv[2])\n"
        "bad = {'tensorboard', 'mlflow', 'sqlalchemy'} & set(sys.modules); assert not bad, bad"
    )
    spec = json.dumps(tiny(epochs=1).to_dict())
    subprocess.run([sys.executable, "-c", code, spec, str(tmp_path)], check=True)
    assert [path.name for path in tmp_path.iterdir()] == [record.key for record in RunStore(tmp_path).records()]


@each
def test_an_interrupted_run_goes_on_where_it_was_without_double_points(name, alone, tiny, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(tiny(), runs=tmp_path, track=[name], progress=Interrupting())
    half = Seen(name, tmp_path, alone.key)
    assert [step for step, _ in half.points["loss"]] == [1]
    if name == "mlflow":
        assert (half.tags["status"], half.tags["mlflow status"]) == ("interrupted", "KILLED")
    record = train(tiny(), runs=tmp_path, track=[name])
    seen = Seen(name, tmp_path, record.key)
    assert record.sessions == 2
    assert seen.points == expected(record)
    assert seen.count == 1
    if name == "mlflow":
        assert (seen.tags["status"], seen.tags["mlflow status"]) == ("done", "FINISHED")


@each
def test_epochs_of_a_session_that_was_not_tracked_are_caught_up(name, alone, tmp_path):
    tell([name], RunStore(tmp_path), alone, begun=1)
    assert Seen(name, tmp_path, alone.key).points == expected(alone)


@pytest.mark.slow
@each
def test_a_run_that_is_loaded_or_trained_again_adds_nothing(name, tiny, tmp_path):
    record = train(tiny(), runs=tmp_path, track=[name])
    before = sorted((tmp_path / "tensorboard").rglob("*"))
    train(tiny(), runs=tmp_path, track=[name])
    train(tiny(), runs=tmp_path, track=[name], keep_weights=True)  # trained again, for its weights
    RunStore(tmp_path).remove(record.key)
    again = train(tiny(), runs=tmp_path, track=[name])
    seen = Seen(name, tmp_path, record.key)
    # The speeds are those of the first training: the points that are there stay.
    assert {curve: seen.points[curve] for curve in CURVES} == {curve: expected(again)[curve] for curve in CURVES}
    assert [step for step, _ in seen.points["test_loss"]] == [2]
    assert seen.count == 1
    assert sorted((tmp_path / "tensorboard").rglob("*")) == before


@each
def test_another_training_of_the_key_takes_the_place_of_the_first(name, alone, tmp_path):
    """As where a run was removed and trained again without ``deterministic``."""
    tell([name], RunStore(tmp_path), alone)
    other = alone.with_(
        history=dict(alone.history) | {"loss": [alone.history["loss"][0], 7.0]}, test=dict(alone.test) | {"loss": 8.0}
    )
    tell([name], RunStore(tmp_path), other)
    seen = Seen(name, tmp_path, alone.key)
    assert seen.points == expected(other)
    if name == "mlflow":
        assert sorted(run.data.tags["status"] for run in seen.runs) == ["done", "superseded"]


@each
def test_a_run_that_diverged_says_so(name, tiny, tmp_path):
    with pytest.raises(WorkFailed):
        train(tiny(recipe="sgd", learning_rate=1e30), runs=tmp_path, track=[name])
    record = RunStore(tmp_path).records()[0]
    tags = Seen(name, tmp_path, record.key).tags
    assert tags["failure"] == record.failure["reason"]
    if name == "mlflow":
        assert (tags["status"], tags["mlflow status"]) == ("failed", "FAILED")


def test_a_folder_that_cannot_be_written_does_not_end_the_run(alone, tiny, tmp_path, monkeypatch, capfd):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("CNNREPRO_TENSORBOARD", str(tmp_path / "file" / "below"))
    record = train(tiny(), runs=tmp_path / "runs", track=["tensorboard"], progress=NoProgress())
    assert (record.status, record.test) == ("done", alone.test)
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "cnnrepro: TensorBoard was given up (Not a directory" in lines[0]
    assert lines[0].removeprefix("cnnrepro: ") in RunStore(tmp_path / "runs").log_path(record.key).read_text()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_disk_that_fills_up_ends_the_tracker_and_the_next_session_catches_up(alone, tmp_path, capfd):
    store = RunStore(tmp_path)
    trackers = table.make_trackers(["tensorboard"], store)
    trackers.begin(until(alone, 1))
    (events,) = tmp_path.glob("tensorboard/*/events*")
    events.rename(events.with_name("aside"))
    events.symlink_to("/dev/full")
    trackers.epoch(until(alone, 2))
    trackers.close()
    assert "TensorBoard was given up (No space left on device" in capfd.readouterr().err
    events.unlink()
    events.with_name("aside").rename(events)
    with events.open("ab") as file:
        file.write(b"\x20\x00\x00\x00\x00\x00\x00\x00torn")  # what a full disk leaves of a record
    tell(["tensorboard"], store, alone.with_(sessions=2), begun=1)
    assert Seen("tensorboard", tmp_path, alone.key).points == expected(alone)


@needs_mlflow
def test_a_server_that_is_gone_ends_that_tracker_alone(alone, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")  # nobody listens on "discard"
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    tell(BOTH, RunStore(tmp_path), alone)
    assert "cnnrepro: MLflow was given up (" in capfd.readouterr().err
    assert "MLflow was given up" in RunStore(tmp_path).log_path(alone.key).read_text()
    assert not (tmp_path / "mlflow").exists()
    assert Seen("tensorboard", tmp_path, alone.key).points == expected(alone)


@needs_mlflow
def test_mlflow_keeps_what_a_person_has_set(alone, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{elsewhere}")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "mine")
    tell(["mlflow"], RunStore(tmp_path), alone)

    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{elsewhere}")
    (run,) = client.search_runs([client.get_experiment_by_name("mine").experiment_id])
    assert run.data.tags["key"] == alone.key
    assert not (tmp_path / "mlflow").exists()


SIDE_BY_SIDE = """
import json, pathlib, socket, sys
from cnnrepro.runs import RunRecord, RunStore; from cnnrepro.training.trackers import table as tracking

def refused(*_):
    raise AssertionError("a connection was tried")

socket.socket.connect = socket.getaddrinfo = refused
record = RunRecord.from_dict(json.loads(pathlib.Path(sys.argv[1]).read_text())).with_(key=sys.argv[3])
trackers = tracking.make_trackers(["mlflow"], RunStore(pathlib.Path(sys.argv[2])))
trackers.begin(record)
trackers.end(record)
trackers.close()
"""


@pytest.mark.slow
@needs_mlflow
def test_runs_side_by_side_share_one_local_store_and_no_network(alone, tmp_path):
    written = tmp_path / "record.json"
    written.write_text(json.dumps(alone.to_dict()))
    keys = [str(number) * 16 for number in (1, 2, 3)]
    command = [sys.executable, "-c", SIDE_BY_SIDE, str(written), str(tmp_path)]
    processes = [subprocess.Popen([*command, key], stderr=subprocess.PIPE, text=True) for key in keys]
    assert [process.communicate(timeout=300)[1] for process in processes] == ["", "", ""]
    for key in keys:
        seen = Seen("mlflow", tmp_path, key)
        assert (seen.points, seen.count) == (expected(alone), 3)


def test_an_error_before_the_run_begins_leaves_nothing(tiny, tmp_path, monkeypatch, capfd):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "compiled_model", full)
    with pytest.raises(WorkFailed, match="No space left"):
        train(tiny(), runs=tmp_path, track=["tensorboard"], progress=NoProgress())
    assert not (tmp_path / "tensorboard").exists()
    assert capfd.readouterr().err == ""


def test_the_environment_asks_too_and_an_empty_list_asks_for_none(monkeypatch):
    monkeypatch.setenv(table.VARIABLE, "tensorboard, tensorboard,")
    assert table.asked_for(None) == ("tensorboard",)
    assert table.asked_for(()) == ()
    assert table.asked_for(["tensorboard,tensorboard"]) == ("tensorboard",)


def test_an_unknown_tracker_is_refused_before_anything_happens(tiny, tmp_path, monkeypatch):
    with pytest.raises(
        UsageError, match=r"Unknown tracker 'tensorbord'; known are: mlflow, tensorboard\. Did you mean"
    ):
        train(tiny(), runs=tmp_path / "runs", track=["tensorbord"])
    monkeypatch.setenv(table.VARIABLE, "wandb")
    with pytest.raises(UsageError, match="Unknown tracker 'wandb'"):
        train(tiny(), runs=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("name", BOTH)
def test_a_library_that_is_not_installed_is_named_with_the_way_to_it(name, monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(table.importlib.util, "find_spec", lambda module: None if module == name else real(module))
    with pytest.raises(UsageError, match=rf"needs {name}\b.*pip install 'cnnrepro\[{name}\]'"):
        table.make_trackers([name], RunStore("nowhere"))


def test_a_record_says_which_epochs_are_missing_and_which_differ():
    record = RunRecord(
        "0" * 16, "running", RunSpec(model="resnet20", dataset="mnist_5k"), history={"loss": [3.0, 2.0, 1.0]}
    )
    assert points.missing(record, {2: 2.0}) == [1, 3]
    assert points.first_difference(record, {1: 3.0, 2: 2.0 * (1 + 1e-7), 9: 5.0}) is None
    assert points.first_difference(record, {1: 3.0, 2: 2.1, 3: 0.0}) == 2


def test_event_files_need_no_tensorflow(alone, tmp_path):
    code = (
        "import json, pathlib, sys; from cnnrepro.runs import RunRecord, RunStore\n"
        "from cnnrepro.training.trackers import table as tracking\n"
        "record = RunRecord.from_dict(json.loads(pathlib.Path(sys.argv[1]).read_text()))\n"
        "for _ in range(2):  # the second reads what the first wrote\n"
        "    trackers = tracking.make_trackers(['tensorboard'], RunStore(pathlib.Path(sys.argv[2])))\n"
        "    trackers.begin(record); trackers.end(record); trackers.close()\n"
        "bad = {'tensorflow', 'keras', 'jax'} & set(sys.modules); assert not bad, bad"
    )
    written = tmp_path / "record.json"
    written.write_text(json.dumps(alone.to_dict()))
    done = subprocess.run([sys.executable, "-c", code, str(written), str(tmp_path)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert Seen("tensorboard", tmp_path, alone.key).points == expected(alone)
