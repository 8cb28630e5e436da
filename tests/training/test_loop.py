"""``train``: what a run gives, gives again, survives and refuses. Real runs of a tiny network on a few digits."""

import gc
import inspect
import json
import os
import random
import shutil
import subprocess
import sys
import threading
from dataclasses import replace

import keras
import numpy as np
import pytest

import cnnrepro
from cnnrepro import data, machine
from cnnrepro.errors import UsageError, WorkFailed
from cnnrepro.recipes import RECIPES
from cnnrepro.recipes.schedules import AtSteps
from cnnrepro.runs import RunStore, checkpoint
from cnnrepro.training import loop, train
from cnnrepro.training import resolve as resolve_module
from cnnrepro.training.epoch import build, numeric_mode
from cnnrepro.training.loop import find_or_train
from cnnrepro.training.progress import Progress
from cnnrepro.training.resolve import resolve, resolve_precision
from cnnrepro.training.stop import Stopped, StopRequest

REAL = ("alexnet_small", "resnet20")  # networks of the table that take longer
CURVES = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")


def curves(record):
    return {name: record.history[name] for name in CURVES}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def undisturbed(tiny, folder):
    return train(tiny(), runs=folder, keep_weights=True)


def test_the_signature_has_what_users_need():
    assert list(inspect.signature(cnnrepro.train).parameters) == [
        *("spec", "runs", "progress", "keep_weights", "cache", "track")
    ]


def test_a_record_holds_what_the_design_asks(undisturbed, folder, tiny):
    record = undisturbed
    assert record.status == "done"
    assert record.spec == tiny()
    assert all(len(values) == 2 for values in record.history.values())
    assert set(record.history) >= {*CURVES, "seconds", "images_per_second"}
    training = 96 / np.array(record.history["images_per_second"])
    assert np.all(np.array(record.history["first_step_seconds"]) <= training * (1 + 1e-9))
    assert record.precision == "float32"
    assert record.backend == keras.backend.backend()
    assert record.data["fingerprint"] == data.load("mnist_5k", train_images=96).fingerprint
    assert record.data["sizes"] == {"train": 96, "validation": 500, "test": 1000}
    assert {"python", "keras", "tensorflow", "numpy"} <= set(record.versions)
    assert record.machine["cores"] >= 1
    assert record.machine["instruction_set"] == machine.instruction_set()
    assert isinstance(record.machine["onednn"], bool) and record.machine["intraop_threads"] >= 1
    assert record.machine["settings"] == machine.settings()
    assert record.wall_seconds > 0
    assert RunStore(folder).get(record.key) == record


def test_the_scores_are_the_networks_on_its_splits(undisturbed, folder):
    store = RunStore(folder)
    model = keras.models.load_model(store.path(undisturbed.key) / "weights.keras")
    splits = data.load("mnist_5k", train_images=96)

    def answers(split):
        images, labels = data.arrays(splits, split)
        return model.predict((images / 255 - splits.mean[0]) / splits.std[0], verbose=0), labels

    logits, labels = answers("test")
    assert undisturbed.test["accuracy"] == pytest.approx((logits.argmax(1) == labels).mean())
    assert undisturbed.test["images"] == 1000
    cross_entropy = np.log(np.exp(logits).sum(1)) - logits[np.arange(1000), labels]
    assert undisturbed.test["loss"] == pytest.approx(cross_entropy.mean(), rel=1e-4)
    predictions = store.predictions(undisturbed.key)
    np.testing.assert_array_equal(predictions["label"], labels)
    np.testing.assert_array_equal(predictions["predicted"], logits.argmax(1))
    assert predictions["confidence"].between(0.1, 1).all()

    # 500 images in batches of 32: the last has 20. The history must hold the mean over images, not over batches.
    logits, labels = answers("validation")
    assert undisturbed.history["val_accuracy"][-1] == pytest.approx((logits.argmax(1) == labels).mean(), abs=1e-6)
    # The training accuracy is met while the weights move; what is sure of it is that it is of 96 images.
    of_96 = 96 * np.array(undisturbed.history["accuracy"])
    np.testing.assert_allclose(of_96, of_96.round(), atol=1e-4)


def test_smoothed_labels_leave_the_losses_of_a_record_as_they_are(tiny, tmp_path):
    record = train(tiny(recipe="fast-mnist", epochs=1, batch_size=32), runs=tmp_path, keep_weights=True)
    model = keras.models.load_model(RunStore(tmp_path).path(record.key) / "weights.keras")
    splits = data.load("mnist_5k", train_images=96)
    images, labels = data.arrays(splits, "validation")
    logits = model.predict((images / 255 - splits.mean[0]) / splits.std[0], verbose=0)
    plain = (np.log(np.exp(logits).sum(1)) - logits[np.arange(500), labels]).mean()
    assert record.history["val_loss"] == pytest.approx([plain], rel=1e-4)
    assert record.history["learning_rate"] == pytest.approx([0.01 / 3])  # of the last of three steps


def test_what_is_there_is_loaded_not_trained(undisturbed, folder, tiny, monkeypatch):
    monkeypatch.setattr(loop, "_train_claimed", lambda *_: pytest.fail("it was trained again"))
    assert train(tiny(), runs=folder) == undisturbed


def test_what_is_there_is_found_without_keras(tiny, tmp_path):
    there = train(tiny(model="lenet5_modern", options=(), epochs=1, batch_size=96), runs=tmp_path, keep_weights=True)
    code = (
        "import json, sys; from cnnrepro.runs import RunSpec; from cnnrepro.training.loop import find_or_train\n"
        "from cnnrepro.training.resolve import load\n"
        "spec = RunSpec.from_dict(json.loads(sys.argv[1]))\n"
        "record = find_or_train(spec, runs=sys.argv[2], splits=load(spec), keep_weights=True)\n"
        "print(record.key, sorted({'tensorflow', 'keras', 'jax'} & set(sys.modules)))"
    )
    spec = json.dumps(there.spec.to_dict())
    done = subprocess.run([sys.executable, "-c", code, spec, str(tmp_path)], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == (f"{there.key} []\n", "")


def test_the_backend_is_known_before_keras_is_loaded(monkeypatch, tmp_path):
    assert resolve_module.backend_name() == keras.backend.backend()
    monkeypatch.delitem(sys.modules, "cnnrepro.engine")
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert resolve_module.backend_name() == "jax"
    monkeypatch.delenv("KERAS_BACKEND")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert resolve_module.backend_name() == "tensorflow"  # Keras's own default
    for written, expected in (('{"backend": "torch"}', "torch"), ("no JSON", "tensorflow"), ("[]", "tensorflow")):
        (tmp_path / "keras.json").write_text(written)
        assert resolve_module.backend_name() == expected


def test_a_finished_run_leaves_no_checkpoint(undisturbed, folder):
    left = {path.name for path in RunStore(folder).path(undisturbed.key).iterdir()}
    assert left == {"record.json", "curves.csv", "predictions.parquet", "weights.keras", "log.txt", "lock"}


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(undisturbed, tiny, tmp_path):
    again = train(tiny(), runs=tmp_path)
    assert curves(again) == curves(undisturbed)
    assert again.test == undisturbed.test
    other = train(tiny(seed=1), runs=tmp_path)
    assert curves(other) != curves(undisturbed)


def test_the_seed_reaches_first_weights_and_dropout(tiny):
    def drawn(seed):
        run = resolve(tiny(seed=seed))
        with numeric_mode(run):
            return {variable.path: variable.numpy() for variable in build(run).variables}

    first, other = drawn(0), drawn(1)
    differing = {path for path in first if not np.array_equal(first[path], other[path])}
    assert differing == {path for path in first if path.endswith(("kernel", "seed_generator_state"))}
    assert len(differing) == 3  # of convolution, dense layer and dropout


def test_other_threads_that_draw_random_numbers_change_no_weight(tiny):
    """Keras takes the seeds of its layers from Python's global generator; ``engine.own_seeds`` reaches into Keras."""

    def weights():
        run = resolve(tiny())
        with numeric_mode(run):
            random.random()
            return [value.tolist() for value in build(run).get_weights()]

    expected, ended = weights(), threading.Event()

    def draw():
        while not ended.is_set():
            random.random()

    thread = threading.Thread(target=draw)
    thread.start()
    try:
        assert weights() == expected
    finally:
        ended.set()
        thread.join()


def test_what_was_trained_before_is_forgotten(tiny, tmp_path):
    """A batch trains hundreds of networks in one process; TensorFlow's graphs of them are its largest objects."""

    def graphs(seed):
        train(tiny(epochs=1, train_images=64, seed=seed), runs=tmp_path)
        keras.backend.clear_session()
        gc.collect()
        return sum(type(object_).__name__ == "FuncGraph" for object_ in gc.get_objects())

    graphs(0)
    assert graphs(1) == graphs(2)


class _Interrupting(Progress):
    """Interrupts in the middle of an epoch, by default the second."""

    def __init__(self, epoch=2):
        self.epoch_to_end = epoch

    def batch(self, epoch, images, metrics):
        if epoch == self.epoch_to_end:
            raise KeyboardInterrupt


def interrupt(spec, folder, epoch=2):
    with pytest.raises(KeyboardInterrupt):
        train(spec, runs=folder, progress=_Interrupting(epoch))


def test_an_interrupted_run_resumes_to_the_same_record(undisturbed, tiny, tmp_path):
    interrupt(tiny(), tmp_path)
    half = RunStore(tmp_path).records()[0]
    assert (half.status, half.epochs_done) == ("running", 1)
    with np.load(next(tmp_path.glob(f"*/{checkpoint.NAME}"))) as file:
        names = " ".join(file.files)
    for part in ("seed_generator_state", "conv1/kernel", "norm1/moving_mean", "optimizer", "iteration"):
        assert part in names
    resumed = train(tiny(), runs=tmp_path)
    assert curves(resumed) == curves(undisturbed)
    assert resumed.test == undisturbed.test
    assert resumed.sessions == 2


def test_a_torn_checkpoint_is_set_aside_and_the_run_begins_again(undisturbed, tiny, tmp_path):
    interrupt(tiny(), tmp_path)
    path = next(tmp_path.glob(f"*/{checkpoint.NAME}"))
    path.write_bytes(path.read_bytes()[:-1000])
    assert curves(train(tiny(), runs=tmp_path)) == curves(undisturbed)


@pytest.mark.parametrize(
    "harm", ["one byte", *(pytest.param(harm, marks=pytest.mark.soak) for harm in ("cut", "empty"))]
)
def test_the_checkpoint_before_is_used_where_the_last_is_damaged(tiny, tmp_path, harm):
    whole = train(tiny(epochs=3), runs=tmp_path / "whole")
    interrupt(tiny(epochs=3), tmp_path / "torn", epoch=3)
    last, previous = (next((tmp_path / "torn").glob(f"*/{name}")) for name in (checkpoint.NAME, checkpoint.PREVIOUS))
    content = bytearray(last.read_bytes())
    content[len(content) // 2] ^= 1
    last.write_bytes({"cut": bytes(content[:-1000]), "one byte": bytes(content), "empty": b""}[harm])
    assert not checkpoint.is_whole(last) and checkpoint.is_whole(previous)
    record = train(tiny(epochs=3), runs=tmp_path / "torn")
    assert curves(record) == curves(whole) and record.test == whole.test
    log = RunStore(tmp_path / "torn").log_path(record.key).read_text()
    assert log.count("epoch 2/3") == 2 and log.count("epoch 1/3") == 1


def test_a_run_that_is_asked_to_stop_does_so_after_a_checkpoint(undisturbed, tiny, tmp_path):
    stop = StopRequest()
    stop.request()
    with pytest.raises(Stopped):
        find_or_train(tiny(), runs=tmp_path, stop=stop)
    half = RunStore(tmp_path).records()[0]
    assert (half.status, half.epochs_done) == ("running", 1)
    assert curves(train(tiny(), runs=tmp_path)) == curves(undisturbed)


def test_a_run_that_another_process_took_over_writes_nothing_and_waits_for_it(undisturbed, tiny, tmp_path):
    class Robbed(Progress):
        said = 0

        def epoch(self, epoch, metrics):
            if epoch == 1 and not self.said:  # as if another had trained it whole while this process was stopped
                shutil.rmtree(RunStore(tmp_path).path(undisturbed.key))
                RunStore(tmp_path).put(undisturbed.with_(wall_seconds=12345.0, files={}))
                self.said = 1

    record = train(tiny(), runs=tmp_path, progress=Robbed())
    assert record.wall_seconds == 12345.0


def test_training_again_for_the_weights_never_loses_the_finished_record(tiny, tmp_path):
    done = train(tiny(), runs=tmp_path)
    with pytest.raises(KeyboardInterrupt):
        train(tiny(), runs=tmp_path, progress=_Interrupting(), keep_weights=True)
    store = RunStore(tmp_path)
    assert store.get(done.key) == done
    assert [path.name for path in tmp_path.iterdir()] == [done.key]
    again = train(tiny(), runs=tmp_path, keep_weights=True)
    assert curves(again) == curves(done) and again.test == done.test
    assert (store.path(done.key) / "weights.keras").is_file()


def test_a_damaged_record_is_set_aside_and_trained_again(undisturbed, tiny, tmp_path):
    store = RunStore(tmp_path)
    store.put(undisturbed)
    path = store.path(undisturbed.key) / "record.json"
    path.write_text(path.read_text()[:100])
    assert curves(train(tiny(), runs=tmp_path)) == curves(undisturbed)
    assert (store.path(undisturbed.key) / "record.damaged.json").exists()


def test_no_new_record_vouches_for_damaged_weights(undisturbed, folder, tiny, tmp_path):
    shutil.copytree(folder / undisturbed.key, tmp_path / undisturbed.key)
    weights = tmp_path / undisturbed.key / "weights.keras"
    weights.write_bytes(weights.read_bytes()[:-100])
    assert "weights.keras" not in train(tiny(), runs=tmp_path).files
    assert not weights.exists()
    again = train(tiny(), runs=tmp_path, keep_weights=True)
    assert again.files["weights.keras"] and keras.models.load_model(weights)


def test_a_record_of_another_version_is_refused_and_left_alone(undisturbed, tiny, tmp_path):
    store = RunStore(tmp_path)
    store.put(undisturbed)
    path = store.path(undisturbed.key) / "record.json"
    text = path.read_text().replace('"format": 2', '"format": 99')
    path.write_text(text)
    with pytest.raises(WorkFailed, match="format 2 or older was expected. Received: format 99"):
        train(tiny(), runs=tmp_path)
    assert path.read_text() == text


def test_a_run_that_diverges_is_a_result_with_its_step_and_not_tried_again(tiny, tmp_path, monkeypatch):
    wild = tiny(recipe="sgd", learning_rate=1e38)
    with pytest.raises(
        WorkFailed, match=r"the loss became (nan|inf) at (steps? [\d to]+) of epoch 1 \(\2 of the run\)"
    ):
        train(wild, runs=tmp_path)
    (record,) = RunStore(tmp_path).records()
    assert (record.status, record.failure["kind"]) == ("failed", "diverged")
    assert "failed: the loss became" in RunStore(tmp_path).log_path(record.key).read_text()
    json.dumps(record.to_dict(), allow_nan=False)
    monkeypatch.setattr(loop, "_train_claimed", lambda *_: pytest.fail("it was trained again"))
    with pytest.raises(WorkFailed, match="Its log: "):
        train(wild, runs=tmp_path)


def diverge_after_two_steps(spec, runs):
    """Train with a rate that explodes from the third step of the epoch on; why the run failed."""
    RECIPES["exploding"] = replace(RECIPES["sgd"], name="exploding", schedule=AtSteps((2,), factor=1e38))
    try:
        train(replace(spec, recipe="exploding", train_images=128), runs=runs)
    except WorkFailed as error:
        return str(error)
    finally:
        del RECIPES["exploding"]
    return "it did not fail"


def test_a_rate_changes_inside_an_epoch(tiny, tmp_path):
    assert "at step 4 of epoch 1" in diverge_after_two_steps(tiny(), tmp_path)


def test_a_network_that_cannot_be_built_is_a_wrong_call_and_leaves_nothing(tiny, tmp_path, monkeypatch):
    def refuse(*arguments, **options):
        raise UsageError("it does not fit")

    monkeypatch.setattr(resolve_module.models, "outline", refuse)
    resolve_module._build_once.cache_clear()
    with pytest.raises(UsageError, match="it does not fit"):
        train(tiny(), runs=tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_error_names_the_run_and_its_log_and_is_tried_again(tiny, tmp_path, monkeypatch, undisturbed):
    def full(*_):
        raise OSError(28, "No space left on device", "checkpoint.npz")

    with monkeypatch.context() as patched:
        patched.setattr(loop.checkpoint, "save", full)
        with pytest.raises(WorkFailed, match=r"Run \w{16} \(tiny .*No space left on device .*Its log: "):
            train(tiny(), runs=tmp_path)
    record = RunStore(tmp_path).records()[0]
    assert (record.status, record.failure["kind"]) == ("failed", "error")
    assert "Traceback" in RunStore(tmp_path).log_path(record.key).read_text()
    assert curves(train(tiny(), runs=tmp_path)) == curves(undisturbed)


def test_precision_is_what_the_record_says(tiny, tmp_path, monkeypatch):
    seen = []
    real = loop.compiled_model

    def spy(run):
        found = real(run)
        seen.append(found.model.get_layer("conv1").compute_dtype)
        return found

    monkeypatch.setattr(loop, "compiled_model", spy)
    record = train(tiny(precision="mixed_bfloat16", epochs=1), runs=tmp_path)
    assert record.precision == "mixed_bfloat16"
    assert seen == ["bfloat16"]
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.parametrize("native, expected", [(True, "mixed_bfloat16"), (False, "float32")])
def test_auto_precision_follows_the_processor(native, expected, monkeypatch):
    here = replace(machine.describe(), cpu_bfloat16=native)
    monkeypatch.setattr(machine, "describe", lambda: here)
    assert resolve_precision("auto") == expected
    assert resolve_precision("float32") == "float32"


def test_a_gpu_that_keras_does_not_see_decides_nothing(monkeypatch):
    gpu = machine.Gpu("NVIDIA X", 9.0)
    here = replace(machine.describe(), cpu_bfloat16=False, gpus=(gpu,))
    monkeypatch.setattr(machine, "describe", lambda: here)
    assert resolve_precision("auto") == "float32"
    assert here.to_dict(on_gpu=False)["gpus"] == []
    monkeypatch.setattr(resolve_module, "on_gpu", lambda: True)
    assert resolve_precision("auto") == "mixed_bfloat16"


def test_resolving_a_run_does_not_touch_the_store(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("CNNREPRO_RUNS", str(tmp_path / "none"))
    assert len(resolve(tiny()).key) == 16
    assert not (tmp_path / "none").exists()


KILLED = """
import json, os, signal, sys
from cnnrepro.runs import RunSpec
from cnnrepro.training import train
from cnnrepro.training.progress import Progress
from tests import tiny

class Killing(Progress):
    def batch(self, epoch, images, metrics):
        if epoch == 2 and os.environ.get("KILL"):
            os.kill(os.getpid(), signal.SIGKILL)

tiny.register()
train(RunSpec.from_dict(json.loads(sys.argv[1])), runs=sys.argv[2], progress=Killing())
"""


def train_in_a_process(spec, folder, **environment):
    command = [sys.executable, "-c", KILLED, json.dumps(spec.to_dict()), str(folder)]
    return subprocess.Popen(command, env={**os.environ, **environment})


@pytest.mark.slow
@pytest.mark.parametrize("model", ["tiny", *(pytest.param(name, marks=pytest.mark.soak) for name in REAL)])
def test_sigkill_in_mid_epoch_and_the_same_command_again_give_the_same_record(model, tiny, tmp_path):
    spec = tiny(model=model, precision="auto")
    assert train_in_a_process(spec, tmp_path / "killed", KILL="1").wait(300) == -9
    store = RunStore(tmp_path / "killed")
    assert [record.status for record in store.records()] == ["running"]
    resumed, whole = train(spec, runs=tmp_path / "killed"), train(spec, runs=tmp_path / "whole")
    assert curves(resumed) == curves(whole)
    assert resumed.test == whole.test
    assert (whole.sessions, resumed.sessions) == (1, 2)
    assert not [path for path in store.path(resumed.key).iterdir() if path.suffix in (".tmp", ".npz")]


JAX = """
import json, pathlib, sys
from cnnrepro.runs import RunSpec
from cnnrepro.training import train
from tests import tiny
from tests.training.test_loop import diverge_after_two_steps

tiny.register()
spec, runs = RunSpec.from_dict(json.loads(sys.argv[1])), pathlib.Path(sys.argv[2])
train(spec, runs=runs / "jax")
print(diverge_after_two_steps(spec, runs / "exploding"))
"""


@pytest.mark.slow
def test_it_trains_on_jax_quietly_and_under_another_key(tiny, tmp_path):
    """With the rate that changes inside an epoch, for which the callback reaches into Keras's step on JAX."""
    pytest.importorskip("jax", reason="JAX is not installed")
    spec = tiny(epochs=1, train_images=64)
    command = [sys.executable, "-c", JAX, json.dumps(spec.to_dict()), str(tmp_path)]
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "at step 4 of epoch 1" in done.stdout
    (record,) = RunStore(tmp_path / "jax").records()
    assert (record.status, record.backend, record.jit_compile) == ("done", "jax", True)
    assert record.key != resolve(spec).key


@pytest.mark.soak
def test_two_processes_that_want_the_same_run_train_it_once(tiny, tmp_path):
    processes = [train_in_a_process(tiny(), tmp_path) for _ in range(2)]
    assert [process.wait(300) for process in processes] == [0, 0]
    records = RunStore(tmp_path).records()
    assert [(record.status, record.sessions) for record in records] == [("done", 1)]


# The training losses of two epochs of each network and recipe in float32, seed 0. They move only when the code that
# decides numbers does; then TRAINING_VERSION (or the model's version) must be raised and they be written anew.
# Another processor agrees to rounding, hence the tolerance.
GOLDEN = {
    ("tiny", "adam"): [4.16863, 4.04451],
    ("tiny", "resnet-cifar-2015"): [3.74921, 2.44527],
    ("alexnet_small", "adam"): [2.78312, 2.32129],
    ("alexnet_small", "sgd"): [2.31792, 2.30825],
    ("resnet20", "adam"): [2.66563, 1.80504],
    ("resnet20", "sgd"): [2.75009, 2.28201],
}


@pytest.mark.parametrize(
    "model, recipe", [pytest.param(*case, marks=pytest.mark.soak if case[0] in REAL else ()) for case in GOLDEN]
)
def test_the_numbers_have_not_moved(model, recipe, tiny, tmp_path):
    spec = tiny(model=model, recipe=recipe, train_images=64, pipeline="plain", options={})
    record = train(spec, runs=tmp_path)
    assert record.history["loss"] == pytest.approx(GOLDEN[model, recipe], rel=2e-3 if model in REAL else 2e-4)
