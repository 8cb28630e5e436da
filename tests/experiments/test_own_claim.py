"""A claim of somebody's own: what may stand in its file, what runs it names, and what is refused in a sentence."""

import hashlib
import textwrap

import pytest

from cnnrepro.claims import OwnClaim, difference
from cnnrepro.errors import UsageError
from cnnrepro.experiments import own_claim
from cnnrepro.experiments.run_scores import EPOCHS, GAP
from cnnrepro.experiments.study import LESS, MORE, SAME

PATTERN = "INPUT -> CONV -> POOL -> FC"
ARMS = {"max": PATTERN, "average": (PATTERN, {"pooling": "average"})}
HOLDS = difference("average", "max", same_within=1)


def claim(**changes):
    """A claim with these fields in place of others."""
    return OwnClaim(**{"statement": "They are alike.", "arms": ARMS, "dataset": "mnist_5k", "holds": HOLDS} | changes)


def test_its_arms_are_runs_that_differ_in_what_is_said():
    arms = ARMS | {"fast": (PATTERN, {"recipe": "sgd", "learning_rate": 0.1, "epochs": 7, "filters": 4})}
    made = claim(arms=arms, seeds=3, epochs=2, train_images=100, batch_size=50).specs()
    assert [(label, [spec.seed for spec in specs]) for label, specs in made.items()] == [
        (label, [0, 1, 2]) for label in arms
    ]
    plain, average, fast = (specs[0] for specs in made.values())
    assert (plain.epochs, plain.train_images, plain.batch_size, plain.recipe) == (2, 100, 50, "adam")
    assert (plain.learning_rate, plain.probes) == (None, ("training",))
    assert (dict(plain.options)["pooling"], dict(average.options)["pooling"]) == ("max", "average")
    assert (fast.recipe, fast.learning_rate, fast.epochs, dict(fast.options)["filters"]) == ("sgd", 0.1, 7, 4)


def test_a_score_on_moved_images_has_them_tested():
    kept = difference("average", "max", "accuracy kept (shift 2)", more_by=1)
    made = claim(holds=[HOLDS, kept], pipeline="framed-digits").specs()
    assert made["max"][0].probes == ("training", "shift 2")


def test_a_difference_is_a_contrast():
    less = difference("a", "b", GAP, less_by=0.5, target=0.5, condition="on digits", decides=False)
    assert (less.name, less.weights, less.claim, less.margin) == ("a minus b", {"a": 1, "b": -1}, LESS, 0.5)
    assert (less.score, less.target, less.condition, less.decides) == (GAP, 0.5, "on digits", False)
    assert difference("a", "b", more_by=1).claim == MORE
    assert (difference("a", "b", EPOCHS, same_within=1).name, difference("a", "b", same_within=1).claim) == (
        "a over b",
        SAME,
    )


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        ({"same_within": 0}, "The margin of a difference must be a number above 0. Received: 0"),
        ({"less_by": -1.0}, "must be a number above 0. Received: -1.0"),
        ({"more_by": float("nan")}, "must be a number above 0. Received: nan"),
        ({"more_by": True}, "must be a number above 0. Received: True"),
        ({}, "one of more_by, less_by and same_within. Received: none of them"),
        ({"more_by": 1, "less_by": 1}, "Received: 2 of them"),
        ({"more_by": 1, "score": "test eror"}, "Unknown score of a run 'test eror'.* Did you mean 'test error'"),
        ({"more_by": 1, "second": "a"}, "A difference is one of two arms. Received: 'a' twice"),
    ],
)
def test_a_difference_that_is_none_is_refused(arguments, sentence):
    with pytest.raises(UsageError, match=sentence):
        difference(**{"first": "a", "second": "b"} | arguments)


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"statement": " "}, "A claim begins with its statement, a sentence. Received: ' '"),
        ({"arms": {"max": PATTERN}}, "A claim has two arms or more, as {label: network}. Received: 1"),
        ({"arms": [PATTERN, PATTERN]}, "A claim has two arms or more"),
        ({"arms": ARMS | {"max": 3}}, r"Arm 'max' must be a network, or \(network, {option: value}\). Received: 3"),
        ({"arms": ARMS | {1: PATTERN}}, "The label of an arm must be a text. Received: 1"),
        ({"holds": difference("average", "mux", more_by=1)}, "Unknown arm in holds 'mux'; known are: average, max."),
        ({"holds": "average > max"}, "holds must be difference.*Received: 'average > max'"),
        ({"holds": []}, r"holds must be difference.*Received: \[\]"),
        ({"holds": 3}, "holds must be difference.*Received: 3"),
        ({"holds": difference("average", "max", more_by=1, condition="x")}, "one difference must decide without a"),
        ({"holds": difference("average", "max", more_by=1, decides=False)}, "one difference must decide without a"),
        ({"seeds": 0}, "seeds must be 1 to 1,000 runs an arm. Received: 0"),
        ({"limits": 3}, "limits must be a text. Received: 3"),
    ],
)
def test_a_claim_that_is_none_is_refused(changes, sentence):
    with pytest.raises(UsageError, match=sentence):
        claim(**changes)


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"arms": ARMS | {"max": "lenet6"}}, "Arm 'max': Unknown model 'lenet6'"),
        ({"arms": ARMS | {"max": (PATTERN, {"poling": "l2"})}}, "Arm 'max': .*poling"),
        ({"arms": ARMS | {"again": PATTERN}}, "Arms 'max' and 'again' are the same run: INPUT -> CONV"),
        ({"dataset": "minst"}, "Unknown data set 'minst'"),
        ({"epochs": 0}, "epochs must be a whole number of at least 1"),
    ],
)
def test_runs_that_cannot_be_are_refused(changes, sentence):
    with pytest.raises(UsageError, match=sentence):
        claim(**changes).specs()


FILE = """
    import helper
    from cnnrepro.claims import OwnClaim, difference
    print("loaded")
    ARMS = {"max": helper.PATTERN, "average": (helper.PATTERN, {"pooling": "average"})}
    CLAIM = OwnClaim("So.", arms=ARMS, dataset="mnist_5k", holds=difference("average", "max", same_within=1))
"""


def test_a_file_is_known_by_its_bytes_and_by_what_it_imports(tmp_path, capsys):
    (tmp_path / "helper.py").write_bytes(f"PATTERN = {PATTERN!r}\r\n".encode())
    (tmp_path / "mine.py").write_text(textwrap.dedent(FILE))
    found = own_claim.read(str(tmp_path / "mine.py"))
    assert found.claim.statement == "So."
    assert found.path == (tmp_path / "mine.py").resolve()
    assert dict(found.digests) == {
        name: hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in ("mine.py", "helper.py")
    }
    assert found.sha256 == found.digests["mine.py"]
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "loaded\n"), "standard output has the pages' paths"


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("", "has no CLAIM; it needs CLAIM = OwnClaim"),
        ("CLAIM = 3", "has a CLAIM that is a int; it needs CLAIM = OwnClaim"),
        ("1 / 0", "could not be loaded: ZeroDivisionError in line 1 of mine.py: division by zero"),
        ("import sys\nsys.exit(3)", "could not be loaded: SystemExit in line 2 of mine.py: 3"),
        ("CLAIM = (", "could not be loaded: SyntaxError in line 1 of mine.py"),
        (
            "from cnnrepro.claims import difference\n\ndifference('a', 'b', more_by=0)",
            "could not be loaded in line 3 of mine.py: The margin of a difference must be a number above 0",
        ),
    ],
)
def test_a_file_without_a_claim_is_one_sentence(tmp_path, text, sentence):
    (tmp_path / "mine.py").write_text(text)
    with pytest.raises(UsageError, match=sentence) as error:
        own_claim.read(str(tmp_path / "mine.py"))
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_or_is_no_python(tmp_path):
    with pytest.raises(UsageError, match="There is no file .*gone.py"):
        own_claim.read(str(tmp_path / "gone.py"))
    with pytest.raises(UsageError, match="stands in a file of Python, such as my_claim.py. Received: 'mine.txt'"):
        own_claim.read("mine.txt")
