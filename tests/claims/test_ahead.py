import pandas as pd
import pytest

from cnnrepro.claims import LEDGER, Verdict, duel, judge
from cnnrepro.experiments import EXPERIMENTS


def frame(**arms):
    """Rows from ``arm={seed: [(val_accuracy, val_loss), …]}``."""
    return pd.DataFrame(
        {"arm": arm, "seed": seed, "epoch": epoch, "val_accuracy": accuracy, "val_loss": loss}
        for arm, seeds in arms.items()
        for seed, epochs in seeds.items()
        for epoch, (accuracy, loss) in enumerate(epochs, start=1)
    )


GOOD = {0: [(0.8, 0.5), (0.9, 0.2)], 1: [(0.7, 0.6), (0.95, 0.1)]}
BAD = {0: [(0.1, 9.0), (0.2, 8.0)], 1: [(0.1, 7.0), (0.3, 5.0)]}
MIXED = {0: [(0.85, 0.4), (0.89, 0.3)], 1: [(0.6, 0.7), (0.96, 0.1)]}


def verdict(*opponents):
    table = frame(A=GOOD, **{f"B{number}": one for number, one in enumerate(opponents)})
    duels = [duel(table, "A", f"B{number}") for number in range(len(opponents))]
    return judge(duels, LEDGER[30], dataset="mnist", basis="made up")


def test_a_duel_counts_pairs_of_seed_and_epoch():
    found = duel(frame(A=GOOD, B=MIXED), "A", "B")
    assert (found.seeds, found.epochs, found.pairs) == (2, 2, 4)
    # accuracy: 0.8<0.85, 0.9>0.89, 0.7>0.6, 0.95<0.96; loss: 0.5>0.4, 0.2<0.3, 0.6<0.7, 0.1=0.1 (a tie)
    assert (found.accuracy_ahead, found.loss_ahead) == (2, 2)
    assert not found.consistent
    assert found.accuracy.mean == pytest.approx(0.0)
    assert found.loss.mean == pytest.approx(-0.05)


@pytest.mark.parametrize(
    "opponents, word",
    [((BAD,), "holds"), ((MIXED,), "does not hold"), ((BAD, MIXED), "holds if …"), ((GOOD,), "does not hold")],
)
def test_the_verdict_follows_from_the_numbers(opponents, word):
    assert verdict(*opponents).word == word


def test_holds_if_names_the_condition():
    found = verdict(BAD, MIXED)
    assert found.sentence == "On mnist it holds if the opponent is “B0”; does not hold against “B1”."
    assert "Against B0: higher validation accuracy in 4 of 4" in found.evidence[0]


def test_one_seed_is_said_to_be_one():
    table = frame(A={0: GOOD[0]}, B={0: BAD[0]})
    assert "One seed says nothing" in judge([duel(table, "A", "B")], LEDGER[30], dataset="mnist", basis="").evidence[-1]


def test_other_conditions_than_the_statements_are_said():
    found = judge([duel(frame(A=GOOD, B=BAD), "A", "B")], LEDGER[30], dataset="fashion_mnist", basis="")
    assert found.sentence.startswith("On fashion_mnist, A is ahead")
    said = "about mnist and 5 epochs; this was measured on fashion_mnist after 2"
    assert any(said in one for one in found.evidence)


def test_different_seeds_cannot_be_compared():
    with pytest.raises(ValueError, match="same seeds and epochs"):
        duel(frame(A=GOOD, B={0: GOOD[0]}), "A", "B")
    with pytest.raises(ValueError, match="same seeds and epochs"):
        duel(frame(A=GOOD), "A", "C")


def test_a_verdict_survives_json_and_has_a_known_word():
    one = verdict(BAD, MIXED)
    assert Verdict.from_dict(one.to_dict()) == one
    with pytest.raises(ValueError, match="Received: 'maybe'"):
        Verdict(30, "maybe", "")


def test_every_statement_has_its_experiment_and_every_experiment_its_statement():
    assert {one.experiment for one in LEDGER.values() if one.experiment} <= set(EXPERIMENTS)
    assert {number for one in EXPERIMENTS.values() for number in one.claims} <= set(LEDGER)
    for number, one in LEDGER.items():
        assert one.notebook in EXPERIMENTS
        assert one.notebook == "claims" or number in EXPERIMENTS[one.notebook].claims
