import pandas as pd
import pytest

from cnnrepro.claims import LEDGER, Verdict
from cnnrepro.claims.checks.training_comparisons import head_to_head, judge_consistently_ahead

SEEDS = range(5)


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


def repeated(arm, seeds=SEEDS):
    """The curves of two seeds by turns, for as many seeds."""
    return {seed: arm[seed % 2] for seed in seeds}


MIXED = {0: [(0.85, 0.4), (0.89, 0.3)], 1: [(0.6, 0.7), (0.95, 0.1)]}


def verdict(*opponents, seeds=SEEDS, **about):
    arms = {f"B{number}": repeated(curves, seeds) for number, curves in enumerate(opponents)}
    table = frame(A=repeated(GOOD, seeds), **arms)
    pairings = [head_to_head(table, "A", opponent) for opponent in arms]
    return judge_consistently_ahead(pairings, LEDGER[30], **{"dataset": "mnist", "basis": "made up"} | about)


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


@pytest.mark.parametrize("opponents", [(BAD,), (MIXED,), (BAD, MIXED)])
@pytest.mark.parametrize("seeds", [1, 2, 4])
def test_fewer_than_five_seeds_decide_nothing(opponents, seeds):
    judged = verdict(*opponents, seeds=range(seeds))
    assert judged.word == "undecided"
    assert "it takes at least 5 (-p seeds=0..4)" in judged.sentence
    words = " ".join(judged.evidence)
    assert "interval" not in words and "p = " not in words
    assert f"of {2 * seeds} (seed, epoch) pairs" in words  # what was measured is said all the same


def test_the_sentences_name_the_condition_and_the_data():
    conditional = verdict(BAD, MIXED)
    assert conditional.sentence == "On mnist it holds if the opponent is “B0”; does not hold against “B1”."
    assert "Against B0: higher validation accuracy in 10 of 10" in conditional.evidence[0]
    assert "95 % interval" in conditional.evidence[0] and "p = " in conditional.evidence[0]
    assert Verdict.from_dict(conditional.to_dict()) == conditional
    part = verdict(BAD, dataset="mnist_5k", part="It is a part.")
    assert part.sentence.startswith("On mnist_5k, A is ahead") and part.evidence[-1] == "It is a part."
    two = verdict(BAD, seeds=range(2))
    assert two.sentence.startswith("On mnist, 2 seeds a network decide nothing about A against “B0”")
    assert verdict(BAD, seeds=[0]).sentence.startswith("On mnist, 1 seed a network decides nothing")


@pytest.mark.parametrize("table", [frame(A=GOOD, B={0: GOOD[0]}), frame(A=GOOD)])
def test_different_seeds_cannot_be_compared(table):
    with pytest.raises(ValueError, match="same seeds and epochs"):
        head_to_head(table, "A", "B")
