"""The errors of LeNet-5 beside the published one, on made-up records."""

from types import SimpleNamespace

import pytest

from cnnrepro import report
from cnnrepro.lessons import lenet5_on_mnist as lenet
from cnnrepro.report.figure_numbers import COLUMNS, numbers_of
from tests.report.drawn import texts

HISTORY = {"accuracy": [0.9, 0.997]}


def results(errors, dataset="mnist", train_images=None):
    spec = SimpleNamespace(recipe="lenet-1998", batch_size=1, dataset=dataset, train_images=train_images)
    records = [SimpleNamespace(spec=spec, test={"accuracy": 1 - error / 100}, history=HISTORY) for error in errors]
    return SimpleNamespace(labels=["as in 1998"], records=[records])


@pytest.mark.parametrize(
    ("errors", "word"),
    [
        ([1.1, 1.2, 1.15, 1.05, 1.1], "higher"),
        ([0.8, 0.7, 0.75, 0.85, 0.8], "lower"),
        ([0.9, 1.0, 0.95, 1.05, 0.8], "not told apart"),
        ([1.1, 1.2, 1.15, 1.05], "too few seeds"),
    ],
)
def test_a_mean_is_told_apart_where_its_interval_leaves_the_figure_out(errors, word):
    ((label, recipe, batch, n, training, error, interval, said),) = lenet.rows(results(errors))
    assert (label, recipe, batch, n, said) == ("as in 1998", "lenet-1998", 1, len(errors), word)
    assert training == "0.30 %"
    assert error.startswith(f"{sum(errors) / len(errors):.2f} ± ")
    assert ("–" in interval) == (n < 5)


def test_on_other_data_nothing_is_compared():
    for other in ({"dataset": "mnist_5k"}, {"train_images": 2000}):
        assert lenet.rows(results([1.1, 1.2, 1.15, 1.05, 1.1], **other))[0][-1] == "other data"


@pytest.mark.parametrize(
    ("said", "word"),
    [
        (("lower", "lower"), "reached"),
        (("higher", "higher"), "not reached"),
        (("higher", "not told apart"), "form 0: not reached; form 1: undecided"),
        (("not told apart", "not told apart"), "undecided"),
        (("too few seeds", "too few seeds"), "undecided"),
        (("other data", "other data"), "not compared"),
    ],
)
def test_one_word_stands_for_both_forms(said, word):
    table = [(f"form {at}", "r", 1, 5, "0.30 %", "1.00 %", "0.9 to 1.1 %", each) for at, each in enumerate(said)]
    assert lenet.word(table) == word


def test_the_answer_has_each_form_with_its_interval_where_it_has_one():
    assert lenet.answer(lenet.rows(results([1.1, 1.2, 1.15, 1.05, 1.1]))) == (
        "Test error: as in 1998 1.12 ± 0.06 % (95 %: 1.05 to 1.19 %; n = 5), higher. Published: 0.95 %."
    )
    assert "as in 1998 1.10 % (n = 1), too few seeds" in lenet.answer(lenet.rows(results([1.1])))


def test_the_published_figure_is_drawn_and_each_dot_leads_to_its_run():
    records = [
        SimpleNamespace(key=key, spec=SimpleNamespace(seed=seed), test={"accuracy": 0.99})
        for seed, key in enumerate("ab")
    ]
    numbers = lenet.numbers(SimpleNamespace(all=lambda: [("one", record) for record in records]))
    figure = report.figures.against_published(
        [("one", [1.0, 1.2])], 0.95, metric="Test error", unit="percent", numbers=numbers
    )
    assert "published: 0.95" in texts(figure)
    assert numbers_of(figure).to_numpy().tolist() == [
        ["one", "test error", 0, pytest.approx(1.0), "+1*a", "test.accuracy"],
        ["one", "test error", 1, pytest.approx(1.0), "+1*b", "test.accuracy"],
    ]
    assert tuple(numbers.columns) == COLUMNS
