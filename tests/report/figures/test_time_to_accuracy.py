from cnnrepro.report import figures
from tests.report.drawn import texts


def test_every_run_is_counted_and_the_mark_is_drawn():
    figure = figures.run_spread([0.989, 0.991, 0.992, 0.993], [4.0, 4.5, 5.0, 9.0], target=0.99)
    left, right = figure.axes
    assert sum(bar.get_height() for bar in left.patches) == sum(bar.get_height() for bar in right.patches) == 4
    assert [tuple(line.get_xdata()) for line in left.lines][1] == (99.0, 99.0)
    assert right.lines[0].get_xdata()[0] == 5.625
    assert "99 %" in texts(figure)


def test_a_dot_a_training_and_their_mean():
    figure = figures.race_seconds({"ours": [4.0, 6.0], "theirs": [90.0, 110.0]})
    (axes,) = figure.axes
    assert [len(dots.get_offsets()) for dots in axes.collections] == [2, 2]
    assert {"ours", "theirs", "5.0 s", "100.0 s"} <= set(texts(figure))
    assert axes.get_xscale() == "log"
