from itertools import pairwise

import pytest
from matplotlib.patches import Polygon

from cnnrepro.lessons.architectures.drawn_boxes import Box
from cnnrepro.report import figures
from cnnrepro.report.figures.network_volumes import SLABS
from tests.report.drawn import texts

BOXES = [
    Box("image", "input", 224, 3),
    Box("conv1_1–2", "convolution", 224, 64, 2),
    Box("pool1", "pooling", 112, 64),
    Box("inception 3a–b", "inception modules", 28, 480, 2),
    Box("stage 3", "residual blocks", 14, 1024, 36),
    Box("logits", "dense", 1, 1000),
]


def faces(figure):
    return [patch for patch in figure.axes[0].patches if isinstance(patch, Polygon)]


def test_every_layer_is_a_box_of_three_faces():
    figure = figures.network_volumes([("Net", "words", BOXES)])
    assert len(faces(figure)) == 3 * (1 + 2 + 1 + 2 + SLABS + 1)


def test_labels_say_layers_sizes_and_channels():
    shown = texts(figures.network_volumes([("Net", "7 million", BOXES)]))
    assert {"Net", "7 million", "input", "convolution", "pooling", "dense"} <= set(shown)
    assert {"conv1_1–2\n224×224\n×64", "logits\n1,000", "inception\n3a–b\n28×28\n×480"} <= set(shown)
    assert "stage 3\n14×14\n×1,024\n36 blocks" in shown


def test_heights_go_as_the_square_root_of_sizes_and_networks_share_a_scale():
    figure = figures.network_volumes([("A", "", [BOXES[0]]), ("B", "", [Box("image", "input", 56, 3)])])
    fronts = [face.get_xy()[:, 1] for face in faces(figure)[::3]]
    large, small = (max(ys) - min(ys) for ys in fronts)
    assert large == pytest.approx(2 * small)


def test_labels_do_not_overlap_and_stay_in_the_figure():
    figure = figures.network_volumes([("Net", "", BOXES), ("Long", "", BOXES * 4)])
    figure.canvas.draw()
    labels = [text for text in figure.axes[0].texts if "\n" in text.get_text()]
    boxes = [text.get_window_extent() for text in labels]
    for box, following in pairwise(boxes):
        assert box.x1 <= following.x0 or box.y0 >= following.y1
    width = figure.bbox.width
    assert all(box.x0 >= 0 and box.x1 <= width for box in boxes)


def test_boxes_stay_below_the_words():
    figure = figures.network_volumes([("Net", "words", BOXES)])
    words = next(text for text in figure.axes[0].texts if text.get_text() == "words")
    figure.canvas.draw()
    bottom = figure.axes[0].transData.inverted().transform(words.get_window_extent())[0, 1]
    assert max(face.get_xy()[:, 1].max() for face in faces(figure)) < bottom


def test_kinds_without_a_colour_are_refused():
    with pytest.raises(ValueError, match="Received: \\['fog'\\]"):
        figures.network_volumes([("Net", "", [Box("x", "fog", 1, 1)])])
    with pytest.raises(ValueError, match="Received: \\[\\]"):
        figures.network_volumes([])
