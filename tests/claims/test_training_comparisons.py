import pandas as pd
import pytest

from cnnrepro.claims import LEDGER, Verdict
from cnnrepro.claims.checks.training_comparisons import head_to_head, judge_consistently_ahead


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
MIXED = {0: [(0.85, 0.4), (0.89, 0.3)], 1: [(0.6, 0.7), (0.95, 0.1)]}


def verdict(*opponents, dataset="mnist", arm=GOOD):
    table = frame(A=arm, **{f"B{number}": curves for number, curves in enumerate(opponents)})
    pairings = [head_to_head(table, "A", f"B{number}") for number in range(len(opponents))]
    return judge_consistently_ahead(pairings, LEDGER[30], dataset=dataset, basis="made up")


def test_a_comparison_counts_pairs_of_seed_and_epoch():
    pairing = head_to_head(frame(A=GOOD, B=MIXED), "A", "B")
    assert (pairing.seeds, pairing.epochs, pairing.pairs) == (2, 2, 4)
    # accuracy: 0.8<0.85, 0.9>0.89, 0.7>0.6, 0.95=0.95 (a tie); loss: 0.5>0.4, 0.2<0.3, 0.6<0.7, 0.1=0.1 (a tie)
    assert (pairing.accuracy_ahead, pairing.loss_ahead) == (2, 2)
    assert not pairing.consistent
    assert pairing.accuracy.mean == pytest.approx(0.005)
    assert pairing.loss.mean == pytest.approx(-0.05)


@pytest.mark.parametrize(
    "opponents, word",
    [((BAD,), "holds"), ((MIXED,), "does not hold"), ((BAD, MIXED), "holds if …"), ((GOOD,), "does not hold")],
)
def test_the_verdict_follows_from_the_numbers(opponents, word):
    assert verdict(*opponents).word == word


def test_the_sentences_name_the_condition_the_data_and_a_single_seed():
    conditional = verdict(BAD, MIXED)
    assert conditional.sentence == "On mnist it holds if the opponent is “B0”; does not hold against “B1”."
    assert "Against B0: higher validation accuracy in 4 of 4" in conditional.evidence[0]
    assert Verdict.from_dict(conditional.to_dict()) == conditional
    elsewhere = verdict({0: BAD[0]}, dataset="fashion_mnist", arm={0: GOOD[0]})
    assert elsewhere.sentence.startswith("On fashion_mnist, A is ahead")
    assert "about mnist and 5 epochs; this was measured on fashion_mnist after 2" in elsewhere.evidence[1]
    assert "One seed says nothing" in elsewhere.evidence[-1]


@pytest.mark.parametrize("table", [frame(A=GOOD, B={0: GOOD[0]}), frame(A=GOOD)])
def test_different_seeds_cannot_be_compared(table):
    with pytest.raises(ValueError, match="same seeds and epochs"):
        head_to_head(table, "A", "B")
