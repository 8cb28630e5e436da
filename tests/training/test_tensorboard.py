"""Event files of runs, read back by TensorBoard's own reader."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cnnrepro.errors import UsageError, WorkFailed
from cnnrepro.runs import RunStore
from cnnrepro.training import loop, tensorboard, train
from cnnrepro.training.progress import Progress

CURVES = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")


@pytest.fixture(autouse=True)
def unasked(monkeypatch):
    """No test follows what the person who runs it tracks."""
    for name in (tensorboard.VARIABLE, "CNNREPRO_TENSORBOARD"):
        monkeypatch.delenv(name, raising=False)


class Shown:
    """What TensorBoard shows of a run: ``points`` by metric as (step, value), hyperparameters and texts."""

    def __init__(self, runs, key):
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
        from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

        reader = EventAccumulator(str(runs / "tensorboard" / key)).Reload()
        tags = reader.Tags()
        self.points = {tag: [(point.step, point.value) for point in reader.Scalars(tag)] for tag in tags["scalars"]}
        content = reader.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
        values = HParamsPluginData.FromString(content).session_start_info.hparams
        self.fields = {name: getattr(value, value.WhichOneof("kind")) for name, value in values.items()}
        self.texts = {
            tag.removesuffix("/text_summary"): reader.Tensors(tag)[-1].tensor_proto.string_val[0].decode()
            for tag in tags["tensors"]
            if tag.endswith("/text_summary")
        }


def expected(record):
    """A point an epoch and metric, the test at the last epoch."""
    points = {
        name: [(epoch, pytest.approx(value)) for epoch, value in enumerate(record.history[name], start=1)]
        for name in tensorboard.EPOCH_METRICS
    }
    return points | {
        f"test_{name}": [(record.epochs_done, pytest.approx(value))] for name, value in record.test.items()
    }


def track(store, record, done=0):
    """Tell a tracker of a finished record as ``train`` does, in a session that begins after so many epochs."""
    tracker = tensorboard.make_tracker(["tensorboard"], store)
    tracker.begin(until(record, done))
    for epochs in range(done + 1, record.epochs_done + 1):
        tracker.epoch(until(record, epochs))
    tracker.end(record)


def until(record, epochs):
    """The record as it was after so many epochs."""
    history = {metric: values[:epochs] for metric, values in record.history.items() if epochs}
    return record.with_(history=history, test=None, status="running")


@pytest.fixture(scope="module")
def untracked(tiny, tmp_path_factory):
    """The run as it is without a tracker."""
    return train(tiny(), runs=tmp_path_factory.mktemp("untracked"), track=())


def test_a_tracked_run_is_the_same_and_all_of_it_is_shown(untracked, tiny, tmp_path, capfd):
    record = train(tiny(), runs=tmp_path, track=["tensorboard"], progress=Progress())
    assert {name: record.history[name] for name in CURVES} == {name: untracked.history[name] for name in CURVES}
    assert record.test == untracked.test
    shown = Shown(tmp_path, record.key)
    assert shown.points == expected(record)
    assert (shown.fields["model"], shown.fields["epochs"]) == ("tiny", 2)
    assert f"| key | {record.key} |" in shown.texts["run"]
    assert "| dataset | mnist_5k |" in shown.texts["run"]
    assert capfd.readouterr().err == ""


def test_an_interrupted_run_goes_on_without_a_gap_or_a_double_point(untracked, tiny, tmp_path):
    class Interrupting(Progress):
        def batch(self, epoch, images, metrics):
            if epoch == 2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tiny(), runs=tmp_path, track=["tensorboard"], progress=Interrupting())
    assert [step for step, _ in Shown(tmp_path, untracked.key).points["loss"]] == [1]
    record = train(tiny(), runs=tmp_path, track=["tensorboard"])
    assert record.sessions == 2
    assert Shown(tmp_path, record.key).points == expected(record)
    train(tiny(), runs=tmp_path, track=["tensorboard"], keep_weights=True)  # trained again, beside
    assert Shown(tmp_path, record.key).points.keys() == expected(record).keys()
    assert len(list(tmp_path.glob("tensorboard/*/*"))) == 1


def test_epochs_of_a_session_that_was_not_tracked_are_shown(untracked, tmp_path):
    track(RunStore(tmp_path), untracked, done=1)
    assert Shown(tmp_path, untracked.key).points == expected(untracked)


def test_another_training_of_the_key_takes_the_place_of_the_first(untracked, tmp_path):
    """As where a run was removed and trained again without ``deterministic``."""
    track(RunStore(tmp_path), untracked)
    other = untracked.with_(history=dict(untracked.history) | {"loss": [7.0, 8.0]})
    track(RunStore(tmp_path), other)
    assert Shown(tmp_path, untracked.key).points == expected(other)


def test_a_run_that_diverged_says_so(tiny, tmp_path):
    with pytest.raises(WorkFailed):
        train(tiny(recipe="sgd", learning_rate=1e38), runs=tmp_path, track=["tensorboard"])
    (record,) = RunStore(tmp_path).records()
    assert Shown(tmp_path, record.key).texts["failure"] == record.failure["reason"]


def test_a_folder_that_cannot_be_written_does_not_end_the_run(untracked, tiny, tmp_path, monkeypatch, capfd):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("CNNREPRO_TENSORBOARD", str(tmp_path / "file" / "below"))
    record = train(tiny(), runs=tmp_path / "runs", track=["tensorboard"], progress=Progress())
    assert (record.status, record.test) == ("done", untracked.test)
    (line,) = capfd.readouterr().err.splitlines()
    assert "cnnrepro: TensorBoard was given up (Not a directory" in line
    assert line.removeprefix("cnnrepro: ") in RunStore(tmp_path / "runs").log_path(record.key).read_text()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_disk_that_fills_up_ends_the_tracker_and_the_next_session_writes_all(untracked, tmp_path, capfd):
    store = RunStore(tmp_path)
    tracker = tensorboard.make_tracker(["tensorboard"], store)
    tracker.begin(until(untracked, 1))
    (events,) = tmp_path.glob("tensorboard/*/events*")
    events.unlink()
    events.symlink_to("/dev/full")
    tracker.epoch(until(untracked, 2))
    assert "TensorBoard was given up (No space left on device" in capfd.readouterr().err
    tracker.end(untracked)  # nothing more is tried, and nothing said
    assert capfd.readouterr().err == ""
    track(store, untracked, done=1)
    assert Shown(tmp_path, untracked.key).points == expected(untracked)


def test_an_error_before_the_run_begins_leaves_nothing(tiny, tmp_path, monkeypatch, capfd):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(loop, "compiled_model", full)
    with pytest.raises(WorkFailed, match="No space left"):
        train(tiny(), runs=tmp_path, track=["tensorboard"], progress=Progress())
    assert not (tmp_path / "tensorboard").exists()
    assert capfd.readouterr().err == ""


def test_the_environment_asks_too_and_an_empty_list_asks_for_none(tmp_path, monkeypatch):
    store = RunStore(tmp_path)
    assert type(tensorboard.make_tracker(None, store)) is tensorboard.Tracker
    monkeypatch.setenv(tensorboard.VARIABLE, "tensorboard, tensorboard,")
    assert type(tensorboard.make_tracker(None, store)) is tensorboard.TensorBoard
    assert type(tensorboard.make_tracker((), store)) is tensorboard.Tracker


def test_what_cannot_be_had_is_refused_before_anything_happens(tiny, tmp_path, monkeypatch):
    with pytest.raises(UsageError, match=r"Unknown tracker 'tensorbord'; known are: tensorboard\. Did you mean"):
        train(tiny(), runs=tmp_path / "runs", track=["tensorbord"])
    monkeypatch.setenv(tensorboard.VARIABLE, "wandb")
    with pytest.raises(UsageError, match="Unknown tracker 'wandb'"):
        train(tiny(), runs=tmp_path / "runs")
    monkeypatch.setattr(tensorboard.importlib.util, "find_spec", lambda module: None)
    with pytest.raises(UsageError, match=r"needs tensorboard\b.*pip install tensorboard brings it"):
        train(tiny(), runs=tmp_path / "runs", track=["tensorboard"])
    assert not (tmp_path / "runs").exists()


def test_event_files_need_no_tensorflow_and_only_they_need_tensorboard(untracked, tmp_path):
    code = (
        "import json, pathlib, sys; from cnnrepro.runs import RunRecord, RunStore\n"
        "from cnnrepro.training.tensorboard import make_tracker\n"
        "record = RunRecord.from_dict(json.loads(pathlib.Path(sys.argv[1]).read_text()))\n"
        "store = RunStore(pathlib.Path(sys.argv[2]))\n"
        "for names in ((), ['tensorboard']):\n"
        "    assert 'tensorboard' not in sys.modules\n"
        "    tracker = make_tracker(names, store); tracker.begin(record); tracker.end(record)\n"
        "bad = {'tensorflow', 'keras', 'jax'} & set(sys.modules); assert not bad, bad"
    )
    written = tmp_path / "record.json"
    written.write_text(
        json.dumps(untracked.to_dict() | {"spec": untracked.spec.to_dict() | {"model": "lenet5_modern"}})
    )
    done = subprocess.run([sys.executable, "-c", code, str(written), str(tmp_path)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert Shown(tmp_path, untracked.key).points == expected(untracked)
