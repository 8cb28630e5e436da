"""``compare`` as a user calls it: networks of one's own, runs that are there, the page, and what is refused."""

import json
import textwrap

import pytest

import cnnrepro
from cnnrepro.errors import UsageError
from cnnrepro.runner import compare as comparing
from cnnrepro.runs import RunStore
from tests.calling import call

FAST = {"dataset": "mnist_5k", "epochs": 1, "train_images": 200, "batch_size": 100, "precision": "float32"}
PATTERN = "INPUT -> CONV -> RELU -> POOL -> FC"

NETS = """
    import keras
    from keras import layers

    class Doubled(layers.Layer):
        def call(self, x):
            return 2 * x

    def flat(input_shape, classes):
        image = keras.Input(input_shape)
        return keras.Model(image, layers.Dense(classes)(layers.Flatten()(Doubled()(image))))
"""


@pytest.fixture
def nets(tmp_path, monkeypatch):
    (tmp_path / "nets.py").write_text(textwrap.dedent(NETS))
    monkeypatch.chdir(tmp_path)
    return "nets.py:flat"


def test_a_pattern_and_a_network_of_one_s_own_are_compared_from_python(nets, tmp_path):
    made = cnnrepro.compare([PATTERN, nets], seeds=[0, 1], page=False, **FAST)
    assert made.n == 2 and made.page is None
    assert made.results.labels == ["pattern A", nets]
    said = made.to_dict()["arms"]
    assert [arm["model"] for arm in said] == [PATTERN, nets]
    assert all(0 < score < 100 for arm in said for score in arm["scores"])
    with pytest.raises(UsageError, match="nets.py:flat is code, which runs only where you name it"):
        comparing.of_records(tmp_path / "runs", [arm["keys"][0] for arm in said])


def test_runs_that_are_there_are_compared_by_their_keys(tmp_path):
    patterns = [PATTERN, "INPUT -> FC"]
    made = cnnrepro.compare(patterns, seeds=[0, 1], options=["A:filters=2"], page=False, **FAST)
    keys = [arm["keys"][1] for arm in made.to_dict()["arms"]]
    again = comparing.compare(**comparing.of_records(tmp_path / "runs", keys), page=False)
    assert again.results.records == made.results.records


@pytest.mark.slow
def test_the_command_prints_json_or_a_table_and_the_path_of_its_page(nets, tmp_path, capsys):
    model = "INPUT -> CONV -> FC"
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "nets.py").rename(tmp_path / "elsewhere" / "nets.py")
    asked = [
        "compare",
        f"elsewhere/{nets}",
        model,
        "--dataset",
        "mnist_5k",
        "--epochs",
        1,
        "--train-images",
        200,
        "--seeds",
        "0,1",
    ]
    asked += ["-o", "B:filters=2", "--batch-size", 100, "--precision", "float32"]
    status, out, err = call(capsys, *asked)
    assert status == 0, err
    page = out.splitlines()[-1]
    assert "Undecided: nets.py:flat has a test accuracy" in out.splitlines()[-2]
    text = (tmp_path / page).read_text()
    assert "It takes at least 5 seeds" in text
    written = [path.read_text() for path in (tmp_path / page).parent.rglob("*.json")]
    assert len(written) == 6 and not [one for one in [text, *written] if str(tmp_path) in one]
    status, out, err = call(capsys, *asked, "--json")
    assert status == 0, err
    assert json.loads(out)["page"] == page
    assert len(RunStore(tmp_path / "runs").keys()) == 4


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["resnet20", "--dataset", "mnist_5k"], "A comparison has 2 to 10 networks. Received: 1"),
        (["resnet20", "resnet20", "--dataset", "mnist_5k"], "A and B are the same run"),
        (["resnet20", "lenet5"], "--dataset is missing"),
        (["resnet20", "lenet5", "--dataset", "mnist_5k", "--margin", "0"], "margin must be above 0"),
        (
            ["resnet20", "lenet5", "--dataset", "mnist_5k", "--looks", "10,5"],
            "looks must be numbers of seeds that rise",
        ),
        (["resnet20", "lenet5", "--dataset", "mnist_5k", "--seeds", "a"], "--seeds must be whole numbers"),
        (["resnet20", "nets.py:gone", "--dataset", "mnist_5k"], "has no function 'gone'; functions there: flat"),
        (["resnet20", "INPUT -> [FC", "--dataset", "mnist_5k"], "(character 10 of the pattern)"),
        (["resnet20", "0123abcd", "--dataset", "mnist_5k"], "Name networks or keys of runs, not both"),
        (["0123abcd", "0123abce"], "No run in"),
    ],
)
def test_a_wrong_call_is_one_sentence_and_writes_nothing(arguments, sentence, nets, tmp_path, capsys):
    status, out, err = call(capsys, "compare", *arguments)
    assert (status, out) == (2, "")
    assert sentence in err and len(err.splitlines()) <= 3
    assert not (tmp_path / "runs").exists() and not (tmp_path / "reports").exists()


def test_a_field_that_no_run_has_is_refused():
    with pytest.raises(UsageError, match="'epoch' is no field of a comparison; those are recipe, epochs"):
        cnnrepro.compare(["resnet20", "lenet5"], dataset="mnist_5k", epoch=3)
