"""benchmarks/training.py without any training: its statistics, what it refuses and what it leaves out."""

import json

import pytest

from tests.calling import call
from tests.scripts import benchmark

SAME = {"ours": [2.3, 2.2, 2.1], "torch": [2.3001, 2.2011, 2.0995]}
COUNTS = {"ours": 7, "torch": 7}


@pytest.fixture(scope="module")
def training():
    with benchmark("training") as module:
        yield module


@pytest.fixture
def quick(training, monkeypatch, tmp_path):
    """Arms that find what the test says, at once: ``quick(losses, speeds)`` runs the benchmark on one row."""

    def run(losses, speeds, *, parameters=COUNTS, fails=()):
        def arm(name, job, folder):
            if job.product:
                return {"flops": 1e12}
            if job.steps:
                return {"losses": losses[name], "parameters": parameters[name]}
            if name in fails:
                raise training.ArmFailed("no compiler")
            return {"images_per_second": [speeds[name].pop(0), 1.0]}

        monkeypatch.setattr(training, "run_arm", arm)
        monkeypatch.setattr(training, "installed", lambda arms: (list(losses), {"keras-jax": "jax is not installed"}))
        to = tmp_path / "training.json"
        training.main(["lenet5"], None, ["float32"], 3, to)
        return json.loads(to.read_text())

    return run


def test_ratio_and_quartiles_are_of_the_repeats(training):
    ours, peers = [10.0, 30.0, 20.0, 40.0, 50.0], {"slow": [1.0] * 5, "fast": [10.0, 20.0, 10.0, 10.0, 10.0]}
    row = training.compared(ours, peers)
    assert (row["ours"], row["peer"], row["peer_name"]) == (30.0, 10.0, "fast")
    assert row["ratio"] == 2.0  # of 1, 1.5, 2, 4, 5
    assert row["spread"] == [1.5, 4.0]
    assert training.quartiles([3.0]) == [3.0, 3.0]


def test_equal_losses_pass(training):
    training.require_equal(SAME, COUNTS)


@pytest.mark.parametrize(
    ("losses", "counts", "said"),
    [
        (
            SAME | {"torch": [2.31, 2.2, 2.1]},
            COUNTS,
            "the loss of step 1 is 2.310000 with torch and 2.300000 with ours",
        ),
        (SAME | {"torch": [2.3, 2.2, 2.3]}, COUNTS, "step 3"),
        (SAME | {"torch": [2.3, float("nan"), 2.1]}, COUNTS, "step 2 is nan"),
        (SAME, COUNTS | {"torch": 8}, "torch has 8 parameters, ours 7"),
    ],
)
def test_other_losses_or_another_network_are_refused(training, losses, counts, said):
    with pytest.raises(training.Refused, match=said):
        training.require_equal(losses, counts)


def test_a_row_has_ratio_and_mfu(quick, capsys):
    found = quick(SAME, {"ours": [30.0, 20.0, 40.0], "torch": [10.0, 20.0, 40.0]})
    (row,) = found["rows"]
    assert (row["ours"], row["peer"], row["peer_name"], row["ratio"]) == (30.0, 20.0, "PyTorch", 1.0)
    assert row["mfu"]["ours"] == pytest.approx(30 * row["training_flops_an_image"] / 1e12)
    assert row["training_flops_an_image"] == 6 * 416_520  # 61,706's layers: 117,600 + 240,000 + 48,000 + 10,080 + 840
    assert found["left_out"]["lenet5"] == {"keras-jax": "jax is not installed"}
    assert found["refused"] == {}
    assert "left out of all rows: Keras on JAX: jax is not installed" in capsys.readouterr().out


def test_a_row_with_other_losses_is_not_printed(quick, capsys, tmp_path):
    with pytest.raises(SystemExit) as ended:
        quick(SAME | {"torch": [3.0, 3.0, 3.0]}, {})
    assert ended.value.code == 1
    out = capsys.readouterr().out
    assert "REFUSED: the loss of step 1" in out and "ratio" not in out
    held = json.loads((tmp_path / "training.json").read_text())
    assert held["rows"] == [] and "step 1" in held["refused"]["lenet5"]


def test_an_arm_that_fails_is_said_and_left_out(quick, capsys):
    found = quick(SAME, {"ours": [30.0, 20.0, 40.0]}, fails=("torch",))
    assert found["rows"][0]["ratio"] is None
    assert found["left_out"]["lenet5"]["torch"] == "no compiler"
    assert "left out: PyTorch: no compiler" in capsys.readouterr().out


def test_a_peer_far_behind_is_not_timed_again(quick, capsys):
    others = ("keras", "torch-compiled")
    losses, counts = SAME | dict.fromkeys(others, SAME["ours"]), COUNTS | dict.fromkeys(others, 7)
    speeds = {"ours": [30.0, 20.0, 40.0], "torch": [20.0, 20.0, 40.0], "torch-compiled": [11.0], "keras": [13.0, 16.0]}
    (row,) = quick(losses, speeds, parameters=counts)["rows"]
    assert (row["peer_name"], row["arms"]["torch-compiled"]["values"]) == ("PyTorch", [11.0])
    assert row["arms"]["keras"]["values"] == [13.0, 16.0]  # 13 is more than 0.6 of 20, 16 less than 0.85
    assert "11 images/s (1 of 3 repeats: far behind)" in capsys.readouterr().out


def test_an_arm_that_does_not_end_has_failed(training, monkeypatch, tmp_path):
    monkeypatch.setattr(training, "LONGEST", 0.01)
    with pytest.raises(training.ArmFailed, match=r"not done after 0\.01 seconds"):
        training.run_arm("ours", training.Job(), tmp_path)


def test_unknown_names_are_refused(training):
    with pytest.raises(training.typer.BadParameter, match="unknown row 'lenet'; known are alexnet_small"):
        training.chosen(["lenet"], list(training.ROWS), "row")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["trainings"], "Unknown benchmark 'trainings'; known are: dense_to_convolution, layers, pipeline, training."),
        (["--page", "training"], "--page draws all results of its folder and measures nothing"),
        (["--page", "--results", "/nowhere"], "There are no results in '/nowhere'"),
        (["--reports", "x"], "--reports goes with --page"),
    ],
)
def test_wrong_calls_of_the_command_end_with_2(capsys, arguments, said):
    status, out, err = call(capsys, "bench", *arguments)
    assert (status, out) == (2, "") and said in err


def test_without_a_checkout_the_command_says_what_to_do(capsys, monkeypatch, tmp_path):
    from cnnrepro.runner import benchmarks

    monkeypatch.setattr(benchmarks.cnnrepro, "__file__", str(tmp_path / "cnnrepro" / "__init__.py"))
    status, _, err = call(capsys, "bench")
    assert status == 2 and "get a checkout of cnnrepro" in err


def test_the_command_prints_what_the_scripts_wrote(capsys, monkeypatch, tmp_path):
    from cnnrepro.runner import benchmarks

    row = {"row": "LeNet, images/s", "ours": 3000.0, "peer": 1500.0, "peer_name": "another", "ratio": 2.0}
    facts = {"benchmark": "layers", "machine": "m", "versions": {}, "commit": None, "made": "today", "repeats": 3}

    def run(name, to, *, quick):
        to.write_text(json.dumps(facts | {"rows": [row | {"spread": [1.9, 2.1]}]}))
        return not quick

    monkeypatch.setattr(benchmarks, "run_benchmark", run)
    status, out, err = call(capsys, "bench", "layers", "--results", tmp_path)
    assert (status, err) == (0, "") and "3,000" in out and "1.90 to 2.10" in out
    assert (tmp_path / "layers.json").is_file()
    status, out, err = call(capsys, "bench", "layers", "--quick", "--json")
    assert status == 1 and json.loads(out)[0]["rows"][0]["ratio"] == 2.0 and "layers did not end well" in err
