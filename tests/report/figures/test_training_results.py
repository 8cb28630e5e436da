import numpy as np
import pandas as pd
import pytest

from cnnrepro.errors import UsageError
from cnnrepro.report import figures
from tests.report.drawn import texts, titles


@pytest.mark.parametrize("arms, seeds, epochs", [(3, 2, 5), (1, 1, 1)])
def test_curves_show_every_seed_and_the_means(arms, seeds, epochs, frame):
    table = frame(arms, seeds, epochs)
    figure = figures.curves(table)
    assert len(figure.axes) == 2
    for axes, metric in zip(figure.axes, ("val_accuracy", "val_loss"), strict=True):
        lines = [line for line in axes.lines if len(line.get_xdata()) == epochs]
        assert len(lines) == arms * (seeds + 1)
        thick = max(line.get_linewidth() for line in lines)
        means = [line.get_ydata() for line in lines if line.get_linewidth() == thick]
        expected = table.groupby(["arm", "epoch"], sort=False)[metric].mean().groupby("arm", sort=False)
        for drawn, (_, mean) in zip(means, expected, strict=True):
            np.testing.assert_allclose(drawn, mean)
        assert all(tick == round(tick) for tick in axes.get_xticks())
    shown = " ".join(texts(figure)).replace("\n", " ")
    for arm in table["arm"].unique():
        assert arm in shown


def test_losses_over_decades_get_a_logarithmic_axis(frame):
    table = frame(2, 1, 3).assign(val_loss=[500, 50, 5, 0.5, 0.2, 0.1])
    assert figures.curves(table).axes[1].get_yscale() == "log"
    assert figures.curves(table.assign(val_loss=0.5)).axes[1].get_yscale() == "linear"


def test_curves_need_their_columns(frame):
    with pytest.raises(ValueError, match="Missing: \\['val_loss'\\]"):
        figures.curves(frame().drop(columns="val_loss"))
    with pytest.raises(ValueError, match="no rows"):
        figures.curves(frame().iloc[:0])


def test_curves_by_a_column_have_a_row_of_panels_for_each_of_its_values(frame):
    both = pd.concat([frame(2, 1, 3).assign(pair="first"), frame(1, 2, 3).assign(pair="second")])
    figure = figures.curves(both, by="pair")
    assert titles(figure) == [
        f"{name}: validation {metric}" for name in ("first", "second") for metric in ("accuracy", "loss")
    ]
    assert [len(axes.lines) for axes in figure.axes] == [4, 4, 3, 3]  # seeds and a mean of each arm that is there


def test_shares_lie_around_one_half_and_those_that_decide_have_their_word():
    rows = [
        figures.ShareRow("A against B", "one way", 6, 6, 0.54, 1.0, "holds", True),
        figures.ShareRow("A against B", "another", 1, 6, 0.0, 0.64),
        figures.ShareRow("C against D", "one way", 3, 6, 0.12, 0.88, "undecided"),
    ]
    figure = figures.shares(rows, title="Seeds ahead")
    shown = texts(figure)
    assert {"6 of 6, holds", "1 of 6", "3 of 6, undecided", "Seeds ahead"} <= set(shown)
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == ["A against B", "one way", "another", "C against D", "one way"]
    dots = [line.get_xdata()[0] for line in figure.axes[0].lines if line.get_marker() == "o"]
    np.testing.assert_allclose(dots, [1, 1 / 6, 1 / 2])
    with pytest.raises(ValueError, match="nothing to draw"):
        figures.shares([], title="Seeds ahead")


def values(**arms):
    return pd.DataFrame(
        {"arm": arm, "seed": seed, "value": value} for arm, own in arms.items() for seed, value in enumerate(own)
    )


def drawn_pairs(a, b):
    return figures.paired(values(A=a, B=b), reference="A", metric="Accuracy", unit="points")


def test_paired_shows_each_difference_and_the_interval():
    figure = drawn_pairs([90.0, 91.0, 92.0, 93.0, 94.0], [90.0] * 5)
    axes = figure.axes[0]
    np.testing.assert_allclose(sorted(axes.collections[0].get_offsets()[:, 0]), [0.0, 1.0, 2.0, 3.0, 4.0])
    shown = " ".join(texts(figure))
    # mean 2, standard error sqrt(0.5), t(0.975, 4) = 2.776
    assert "+2.00  (n = 5)\n+0.04 to +3.96" in shown
    assert "Bar: 95 % t interval" in shown.replace("\n", " ")
    assert "favours A" in shown and "favours B" in shown
    low, high = axes.get_xlim()
    assert low == -high


@pytest.mark.parametrize("seeds", [1, 2, 4])
def test_paired_shows_fewer_than_five_seeds_as_dots_alone(seeds):
    figure = drawn_pairs([90.0, 92.0, 91.0, 95.0][:seeds], [89.0] * seeds)
    axes = figure.axes[0]
    assert len(axes.collections[0].get_offsets()) == seeds
    assert not [line for line in axes.lines if len(set(line.get_xdata())) > 1], "no bar"
    shown = " ".join(texts(figure)).replace("\n", " ")
    assert "No interval: it takes 5 seeds" in shown and "Bar:" not in shown and " to +" not in shown
    assert ("one pair, no interval" if seeds == 1 else "too few for an interval") in shown


def test_the_axis_reaches_the_farthest_dot_and_the_end_of_the_interval():
    interval = drawn_pairs([81.0, 80.0, 80.0, 80.0, 81.0], [80.0] * 5)
    assert interval.axes[0].get_xlim()[1] == pytest.approx(1.1 * 1.08, abs=0.01)  # 0.4 + 2.776·0.5477/sqrt(5)
    dots = drawn_pairs([110.0, 80.0, 50.0, 80.0, 80.0], [80.0] * 5)  # at 30 and −30, the interval ends at 26
    assert dots.axes[0].get_xlim()[1] == pytest.approx(1.1 * 30.0)


@pytest.mark.parametrize("seeds", [2, 5, 20])
def test_equal_differences_lie_on_top_of_each_other_within_their_row(seeds):
    axes = drawn_pairs([91.0] * seeds + [95.0], [90.0] * (seeds + 1)).axes[0]
    heights = axes.collections[0].get_offsets()[:, 1]
    assert len(set(heights[:-1])) == seeds and heights[-1] == heights[0]
    assert heights.min() > -0.5


def test_equal_pairs_have_no_interval():
    assert "equal pairs, no interval" in " ".join(texts(drawn_pairs([1.0] * 5, [1.0] * 5)))


def test_paired_needs_its_reference():
    with pytest.raises(UsageError, match="Unknown arm 'Z'; known are: A, B"):
        figures.paired(values(A=[1.0], B=[0.0]), reference="Z", metric="m", unit="u")
    with pytest.raises(ValueError, match="needs an arm to compare"):
        figures.paired(values(A=[1.0]), reference="A", metric="m", unit="u")


def test_confusion_has_a_panel_an_arm_and_its_error_count():
    matrix = np.array([[9, 1], [2, 8]])
    figure = figures.confusion({"A": matrix, "B": np.diag([10, 10])}, ("cat", "dog"))
    shown = texts(figure)
    joined = " ".join(shown)
    assert "3 of 20 wrong (15.0 %)" in joined and "0 of 20 wrong" in joined
    assert {"9", "1", "2", "8"} <= set(shown)
    assert "cat" in joined and "True" in joined and "Predicted" in joined


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (30, 28, 28, 1), dtype=np.uint8)


def test_mistakes_come_surest_first(images):
    labels = np.zeros(30, int)
    predicted = np.array([0] * 10 + [1] * 20)
    confidence = np.linspace(0.5, 0.99, 30)
    figure = figures.mistakes(images, labels, predicted, confidence, ("zero", "one"), title="Net")
    shown = texts(figure)
    assert "Net: the 18 surest of 20 mistakes" in shown
    titles = [axes.get_title() for axes in figure.axes if axes.get_visible()]
    assert len(titles) == 18
    assert titles[0].replace("\n", " ") == "zero read as one · 99 %"
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), images[29, ..., 0])


def test_no_mistakes_is_a_figure_too(images):
    labels = np.zeros(30, int)
    figure = figures.mistakes(images, labels, labels, np.ones(30), ("zero",), title="Net")
    assert any("mistake" in text.lower() for text in texts(figure))


@pytest.mark.parametrize("channels", [1, 3])
def test_examples_carry_their_class(images, channels):
    pictures = np.repeat(images[:7], channels, axis=-1)
    figure = figures.examples(pictures, np.arange(7) % 2, ("even", "odd"), columns=5)
    titles = [axes.get_title() for axes in figure.axes if axes.get_visible()]
    assert titles == ["even", "odd"] * 3 + ["even"]
    with pytest.raises(ValueError, match="Received"):
        figures.examples(images[..., 0], np.arange(30), ("a",))


def test_nothing_of_pyplot_is_touched(frame):
    import matplotlib as mpl
    from matplotlib import pyplot

    before = dict(mpl.rcParams)
    figures.curves(frame())
    assert pyplot.get_fignums() == []
    assert dict(mpl.rcParams) == before
