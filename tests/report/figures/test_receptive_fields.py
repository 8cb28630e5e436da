import numpy as np
import pytest
from matplotlib.colors import same_color

from cnnrepro.lessons.geometry_and_receptive_fields import windows_and_sizes
from cnnrepro.lessons.geometry_and_receptive_fields.effective_field import Influence
from cnnrepro.lessons.geometry_and_receptive_fields.what_a_unit_sees import ClaimedField, Frame, Growth
from cnnrepro.lessons.geometry_and_receptive_fields.windows_and_sizes import Descent, SizeBehind
from cnnrepro.report import figures
from cnnrepro.report.figures.receptive_fields import LOST
from tests.report.drawn import texts


def lost_cells(axes):
    return [patch for patch in axes.patches if same_color(patch.get_facecolor(), LOST)]


def test_every_window_is_drawn_and_lost_cells_are_marked():
    lines = windows_and_sizes.lines([11, 12], 3, 2)
    figure = figures.windows_on_lines(lines)
    (axes,) = figure.axes
    assert len(axes.lines) == sum(line.geometry.output for line in lines)
    assert len(lost_cells(axes)) == 1
    shown = " ".join(texts(figure))
    assert "(12 − 3 + 0) / 2 + 1 = 5.5" in shown
    assert "5 windows, 1 lost" in shown
    assert "hangs over by 1" in shown


def test_windows_on_lines_refuses_what_would_be_too_small():
    with pytest.raises(ValueError, match="up to 40 cells. Received: \\[227\\]"):
        figures.windows_on_lines([windows_and_sizes.line("too long", 227, 11, 4)])
    with pytest.raises(ValueError, match="Received: \\[\\]"):
        figures.windows_on_lines([])


def test_sizes_down_marks_losses_and_the_end():
    none = SizeBehind(None)
    sizes = {8: (SizeBehind(4), SizeBehind(2)), 7: (SizeBehind(3, 1), SizeBehind(1, 1)), 1: (none, none)}
    figure = figures.sizes_down([Descent("Net", ("pool1\n2×2, stride 2", "pool2\n2×2, stride 2"), sizes)])
    shown = texts(figure)
    assert shown.count("no window fits") == 2
    assert "3   (1 lost)" in shown
    assert {"Net", "input", "8", "7", "4", "2"} <= set(shown)
    assert len(lost_cells(figure.axes[0])) == 2


def test_frames_lie_where_they_say_and_the_panel_has_room_for_them():
    picture = np.zeros((224, 224, 3), np.uint8)
    nets = {"A": [Frame("pool1", 110, 115)], "B": [Frame("stem", 107, 117), Frame("stage 4", -145, 337)]}
    figure = figures.fields_on_picture(picture, nets)
    first, second = figure.axes
    # each frame is a dark line below a coloured one
    assert [(frame.get_x(), frame.get_width()) for frame in first.patches] == [(109.5, 6)] * 2
    assert len(second.patches) == 4
    low, high = second.get_xlim()
    assert low < -145 and high > 337
    assert {"A", "B", "pool1: 6", "stem: 11", "stage 4: 483"} <= set(texts(figure))


def test_path_counts_print_counts_and_cross_what_is_not_read():
    counts = np.outer([1, 0, 2], [1, 0, 2])
    figure = figures.path_counts({"dilation 2": counts, "other": np.ones((5, 5), int)})
    shown = texts(figure)
    assert shown.count("×") == 5
    assert "4" in shown
    assert any("3×3 pixels, 5 of 9 not read" in text for text in shown)
    first, second = figure.axes
    assert np.ptp(first.get_xlim()) == np.ptp(second.get_xlim())  # pixels of one size
    assert "1" not in texts(figures.path_counts({"wide": np.ones((17, 17), int)}))


def influence(size=5):
    return Influence(size // 2, np.outer(*[np.hanning(size + 2)[1:-1]] * 2))


def test_effective_fields_frame_the_share():
    figure = figures.effective_fields([influence(5), influence(9)])
    shown = " ".join(texts(figure))
    assert "2 layers" in shown and "4 layers" in shown
    assert f"sees 9×9; 95 % in {influence(9).side(0.95)}×{influence(9).side(0.95)}" in shown
    (square,) = figure.axes[1].patches
    assert square.get_width() == influence(9).side(0.95)


def test_growth_lines_mark_the_picture():
    figure = figures.growth_lines([Growth("Net", (0, 1, 2), (1, 3, 7), (1, 2, 2))], 224)
    field, stride = figure.axes
    np.testing.assert_array_equal(field.lines[0].get_ydata(), (3, 7))
    np.testing.assert_array_equal(stride.lines[0].get_ydata(), (2, 2))
    assert field.get_xscale() == field.get_yscale() == "log"
    assert {"the picture: 224", "Net"} <= set(texts(figure))


def test_recursion_lines_draw_what_is_claimed_dashed():
    steps = [ClaimedField("conv1", 11, 4, 1, 44, 11), ClaimedField("pool1", 3, 2, 4, 48, 19)]
    (axes,) = figures.recursion_lines({"AlexNet": steps}).axes
    claimed, right = axes.lines
    assert (list(claimed.get_ydata()), list(right.get_ydata())) == ([44, 48], [11, 19])
    assert (claimed.get_linestyle(), right.get_linestyle()) == ("--", "-")


def test_dilation_and_profiles_have_a_line_each():
    (axes,) = figures.dilation_lines({"dilation 1": (3, 5), "dilation 1, 2": (3, 7)}).axes
    assert [list(line.get_ydata()) for line in axes.lines] == [[3, 5], [3, 7]]
    (axes,) = figures.influence_profiles([influence(5)]).axes
    assert max(axes.lines[0].get_ydata()) == 1
