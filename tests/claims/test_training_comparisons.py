"""The check of statement 30 on made-up curves: what a seed shows, what its share comes to, and what turns it round."""

import pandas as pd
import pytest

from cnnrepro.claims import LEDGER, Verdict
from cnnrepro.claims.checks.training_comparisons import head_to_head, judge_consistently_ahead, words
from cnnrepro.experiments.alexnet_vs_resnet import DECIDING, WAYS, Pairing, pairings

GOOD, MIDDLE, BAD = [(0.8, 0.5), (0.9, 0.2)], [(0.85, 0.4), (0.89, 0.3)], [(0.1, 9.0), (0.2, 8.0)]


def frame(**arms):
    """Rows from ``arm=[curves of a seed, …]``; a pair of curves is as trained and re-estimated."""
    rows = []
    for arm, seeds in arms.items():
        for seed, curves in enumerate(seeds):
            ways = curves if isinstance(curves, tuple) else (curves, curves)
            for epoch, values in enumerate(zip(*ways, strict=True), start=1):
                row = {"arm": arm, "seed": seed, "epoch": epoch}
                for ending, (accuracy, loss) in zip(("", "_reestimated"), values, strict=True):
                    row |= {f"val_accuracy{ending}": accuracy, f"val_loss{ending}": loss}
                rows.append(row)
    return pd.DataFrame(rows)


def judged(seeds, opponent, **conditions):
    """The verdict on A against B as trained, and against others under a condition."""
    arms = {"A": [GOOD] * seeds, "B": opponent, **conditions}
    table = frame(**arms)
    pairs = [head_to_head(table, "A", "B", way=way) for way in DECIDING]
    pairs += [head_to_head(table, "A", name, condition=name) for name in conditions]
    return judge_consistently_ahead(pairs, LEDGER[30], dataset="mnist", basis="made up")


def test_a_seed_shows_the_picture_if_both_measures_are_ahead_after_every_epoch():
    tie, later = [(0.8, 0.6), (0.7, 0.9)], [(0.7, 0.6), (0.95, 0.9)]
    table = frame(A=[GOOD] * 4, B=[BAD, MIDDLE, tie, later])
    pair = head_to_head(table, "A", "B")
    assert (pair.seeds, pair.ahead, pair.behind, pair.ahead_at_last) == (4, 1, 0, 3)
    turned = head_to_head(table, "B", "A")
    assert (turned.ahead, turned.behind) == (0, 1)
    assert pair.accuracy.mean == pytest.approx((0.7 + 0.01 + 0.2 - 0.05) / 4)


@pytest.mark.parametrize(
    "ahead, of, word",
    [
        *((6, 6, "holds"), (9, 10, "holds"), (15, 20, "holds")),
        *((5, 5, "undecided"), (8, 10, "undecided"), (5, 10, "undecided"), (4, 4, "undecided"), (0, 4, "undecided")),
        *((0, 6, "does not hold"), (1, 10, "does not hold"), (5, 20, "does not hold")),
    ],
)
def test_the_word_follows_from_the_interval_of_the_share(ahead, of, word):
    table = frame(A=[GOOD] * of, B=[BAD] * ahead + [GOOD] * (of - ahead))
    assert head_to_head(table, "A", "B").word == word


def test_more_seeds_of_the_same_kind_never_make_it_fail():
    words = []
    for repeats in (1, 2, 4, 8):
        table = frame(A=[GOOD] * 10 * repeats, B=([BAD] * 9 + [GOOD]) * repeats)
        words.append(head_to_head(table, "A", "B").word)
    assert words == ["holds"] * 4


@pytest.mark.parametrize(
    "opponent, conditions, word",
    [
        ([BAD] * 6, {}, "holds"),
        ([GOOD] * 6, {}, "does not hold"),
        ([BAD, GOOD] * 3, {}, "undecided"),
        ([(BAD, GOOD)] * 6, {}, "holds if …"),
        ([BAD] * 6, {"decay": [GOOD] * 6}, "holds"),  # looked at alone
    ],
)
def test_what_turns_it_round_makes_a_condition_of_it(opponent, conditions, word):
    verdict = judged(len(opponent), opponent, **conditions)
    assert verdict.word == word
    assert len(verdict.evidence) == 2  # of what decides
    assert Verdict.from_dict(verdict.to_dict()) == verdict


def test_comparisons_decide_one_after_another_until_one_is_undecided():
    mixed = [(BAD, GOOD)] * 3 + [GOOD] * 3
    table = frame(A=[GOOD] * 6, B=[(BAD, GOOD)] * 6, C=[(BAD, BAD)] * 6, D=mixed)

    def of(*opponents):
        pairs = [head_to_head(table, "A", name, way=way) for name in opponents for way in DECIDING]
        return words([*pairs, head_to_head(table, "A", "B", condition="decay")])

    assert of("B", "C") == ["holds", "does not hold", "holds", "holds", ""]
    assert of("D", "B") == ["undecided", *["not judged"] * 3, ""]  # D by its re-estimated averages alone would not hold
    assert of("B", "D") == ["holds", "not judged", "undecided", "not judged", ""]


def test_the_sentences_have_the_figures():
    verdict = judged(6, [(BAD, GOOD)] * 6)
    assert verdict.sentence == (
        "On mnist it holds as Keras judges batch norm (A against B by Keras’s averages in 6 of 6 seeds), and not so: A "
        "against B by re-estimated statistics in 0 of 6 seeds."
    )
    assert verdict.evidence[0] == (
        "A against B by Keras’s averages: ahead on both measures after every epoch in 6 of 6 seeds (share 54% to "
        "100%), B in 0; after the last epoch the accuracy differs by +70.00 points, the loss by −7.800: holds."
    )
    assert judged(6, [(BAD, GOOD)] * 3 + [BAD] * 3).sentence == (
        "On mnist, AlexNet is ahead throughout: A against B by Keras’s averages in 6 of 6 seeds. Otherwise: A "
        "against B by re-estimated statistics in 3 of 6 seeds (undecided)."
    )
    assert "2 seeds a network decide nothing; it takes at least 6" in judged(2, [BAD] * 2).sentence
    assert judged(1, [(BAD, GOOD)]).sentence == (
        "On mnist it is undecided: 1 seed a network decides nothing; it takes at least 6 (-p seeds=0..9). So far: A "
        "against B by Keras’s averages in 1 of 1 seed; A against B by re-estimated statistics in 0 of 1 seed."
    )
    assert "5 seeds a network decide nothing" in judged(5, [BAD] * 5).sentence
    assert "an interval of the share contains one half" in judged(6, [BAD] * 3 + [GOOD] * 3).sentence


def test_what_decides_are_its_effects_the_claim_as_it_stands_first():
    table = frame(A=[GOOD] * 6, B=[(BAD, GOOD)] * 6, C=[BAD] * 6, D=[BAD] * 6)
    pairs = [head_to_head(table, "A", one, way=way) for one in ("B", "C") for way in DECIDING]
    pairs.append(head_to_head(table, "A", "D", condition="decay"))  # looked at alone
    effects = judge_consistently_ahead(pairs, LEDGER[30], dataset="mnist", basis="made up").effects
    assert [(one.condition, one.value, one.word) for one in effects] == [
        ("A against B by Keras’s averages", 1.0, "holds"),
        ("A against C by Keras’s averages", 1.0, "holds"),
        ("A against B by re-estimated statistics", 0.0, "does not hold"),
        ("A against C by re-estimated statistics", 1.0, "holds"),
    ]
    first = effects[0]
    assert (first.name, first.unit, first.n) == ("A ahead throughout", "share of seeds", 6)
    assert first.interval == (round(0.025 ** (1 / 6), 6), 1.0)  # Clopper and Pearson 1934, for 6 of 6
    assert first.rule.startswith("holds where the Clopper-Pearson interval of the share lies above one half; does not")
    assert first.sentence() == (
        "A against B by Keras’s averages: A ahead throughout in 6 of 6 seeds (share 54% to 100%): holds."
    )


def test_the_share_of_few_seeds_has_no_interval_and_what_is_not_reached_is_not_tested():
    first, second = judged(4, [BAD] * 4).effects
    assert (first.value, first.interval, first.word, second.word) == (1.0, None, "undecided", "not judged")
    assert first.sentence().endswith("A ahead throughout in 4 of 4 seeds: undecided.")


@pytest.mark.parametrize("table", [frame(A=[GOOD, GOOD], B=[GOOD]), frame(A=[GOOD])])
def test_different_seeds_cannot_be_compared(table):
    with pytest.raises(ValueError, match="same seeds and epochs"):
        head_to_head(table, "A", "B")


def test_each_alexnet_is_held_against_the_resnet_of_its_kind_and_rate():
    labels = ["small AlexNet", "small AlexNet, no dropout", "ResNet-20", "small AlexNet, float32", "ResNet-20, float32"]
    labels += ["course AlexNet", "course ResNet", "small AlexNet, falling rate", "ResNet-20, falling rate"]
    assert pairings(labels) == [
        Pairing("course AlexNet", "course ResNet", ""),
        Pairing("small AlexNet", "ResNet-20", ""),
        Pairing("small AlexNet, no dropout", "ResNet-20", "no dropout"),
        Pairing("small AlexNet, falling rate", "ResNet-20, falling rate", "falling rate"),
    ]
    assert next(iter(WAYS)) == "Keras’s averages"
