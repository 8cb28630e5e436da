import numpy as np
import pandas as pd
import pytest

from cnnrepro.errors import UsageError
from cnnrepro.report import figures
from tests.report.drawn import texts


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


def values(**arms):
    return pd.DataFrame(
        {"arm": arm, "seed": seed, "value": value} for arm, own in arms.items() for seed, value in enumerate(own)
    )


def test_paired_shows_each_difference_and_the_interval():
    figure = figures.paired(values(A=[90.0, 92.0], B=[89.0, 89.0]), reference="A", metric="Accuracy", unit="points")
    axes = figure.axes[0]
    dots = sorted(axes.collections[0].get_offsets()[:, 0])
    np.testing.assert_allclose(dots, [1.0, 3.0])
    shown = " ".join(texts(figure))
    # mean 2, standard error 1, t(0.975, 1) = 12.706
    assert "+2.00  (n = 2)\n−10.71 to +14.71" in shown
    assert "favours A" in shown and "favours B" in shown
    low, high = axes.get_xlim()
    assert low == -high


def test_a_wide_interval_does_not_squeeze_the_dots():
    figure = figures.paired(values(A=[90.0, 60.0], B=[80.0, 59.9]), reference="A", metric="m", unit="u")
    assert figure.axes[0].get_xlim()[1] == pytest.approx(1.1 * 30.0)  # the dots lie at 10 and 0.1


@pytest.mark.parametrize(
    ("a", "heads"),
    [
        ([90.0, 92.0], {"<": -9.9, ">": 9.9}),  # differences 1 and 3: −10.7 to 14.7, of which 3.3 times 3 are drawn
        ([94.0, 95.0], {}),  # 5 and 6: −0.9 to 11.9
        ([93.0, 95.0, 93.9], {}),
        ([93.0, 99.0], {">": 33.0}),  # 4 and 10: −31.1 to 45.1
    ],
)
def test_an_interval_that_goes_on_beyond_the_edge_ends_in_an_arrow(a, heads):
    figure = figures.paired(values(A=a, B=[89.0] * len(a)), reference="A", metric="m", unit="u")
    shown = {line.get_marker(): line.get_xdata()[0] for line in figure.axes[0].lines if line.get_marker() in ("<", ">")}
    assert shown == pytest.approx(heads)


@pytest.mark.parametrize("seeds", [1, 2])
def test_paired_without_differences(seeds):
    figure = figures.paired(values(A=[1.0] * seeds, B=[1.0] * seeds), reference="A", metric="m", unit="u")
    assert "+0.00" in " ".join(texts(figure))


def test_paired_with_one_seed_says_so():
    figure = figures.paired(values(A=[1.0], B=[0.0], C=[2.0]), reference="A", metric="m", unit="u")
    assert sum("one pair, no interval" in text for text in texts(figure)) == 2


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
