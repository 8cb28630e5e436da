"""Networks drawn as volumes: a box a layer, in oblique projection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Polygon

from cnnrepro.report import style

if TYPE_CHECKING:
    from cnnrepro.lessons.architectures.drawn_boxes import Box

COLOURS = {
    "input": "#b9bfc6",
    "convolution": "#56B4E9",
    "pooling": "#E69F00",
    "dense": "#CC79A7",
    "inception modules": "#009E73",
    "residual blocks": "#0072B2",
    "plain blocks": "#8d99a6",
}
# Inches. Where 224 is the largest map, one of 7 is 0.21 high; 64 channels are 0.13 wide, 512 are 0.27, 4,096 are 0.56.
HEIGHT, WIDTH_OF_ONE, WIDTH_POWER = 1.2, 0.031, 0.35
OBLIQUE = 0.22  # of the height: how far the back of a box lies to the right and above
SLABS = 6  # at most, for a box that stands for many
LETTER = 0.066  # inches of a letter of a label
GAP, LEFT, LINE, TITLE = 0.1, 0.08, 0.125, 0.6


@dataclass(frozen=True)
class _Scale:
    """How large a box is drawn, in inches.

    Args:
        largest: height of the largest map in the figure, in cells.
    """

    largest: int

    def side(self, box: Box) -> float:
        # small networks are drawn smaller, but not as small as their maps
        return HEIGHT * (self.largest / 224) ** 0.25 * (box.size / self.largest) ** 0.5

    def slab(self, box: Box) -> float:
        return WIDTH_OF_ONE * box.channels**WIDTH_POWER

    def width(self, box: Box) -> float:
        return min(box.count, SLABS) * (self.slab(box) + 0.02) + OBLIQUE * self.side(box)

    def slot(self, box: Box) -> float:
        return max(self.width(box), LETTER * max(map(len, _label(box)))) + GAP

    def reach(self, boxes: Sequence[Box]) -> float:
        """From the lower edge of the front of the largest box to the upper edge of its back."""
        return (1 + OBLIQUE) * max(map(self.side, boxes))

    def row(self, boxes: Sequence[Box]) -> float:
        """Of a network with its title and labels."""
        return TITLE + self.reach(boxes) + LINE * max(len(_label(box)) for box in boxes) + 0.3


@style.applied()
def network_volumes(networks: Sequence[tuple[str, str, Sequence[Box]]]) -> Figure:
    """Draw networks below each other, all on one scale.

    Heights go as the square root of a map's size, widths as the number of channels to the power 0.35.

    Args:
        networks: title, a line about it, and its boxes.

    Raises:
        ValueError: a kind of box that has no colour.
    """
    kinds = list(dict.fromkeys(box.kind for _, _, boxes in networks for box in boxes))
    if not kinds or set(kinds) - set(COLOURS):
        raise ValueError(f"network_volumes() draws boxes of the kinds {', '.join(COLOURS)}. Received: {kinds}")
    scale = _Scale(max(box.size for _, _, boxes in networks for box in boxes))
    heights = [scale.row(boxes) for _, _, boxes in networks]
    widest = LEFT + max(sum(map(scale.slot, boxes)) for _, _, boxes in networks)
    shrink = min(1.0, style.WIDTH / widest)  # of everything, for a network that would not fit
    height = sum(heights) * shrink + 0.35
    figure = Figure(figsize=(style.WIDTH, height), layout="none")
    axes = figure.add_axes((0, 0, 1, 1 - 0.35 / height))
    axes.set(xlim=(0, style.WIDTH / shrink), ylim=(0, sum(heights)))
    axes.axis("off")
    top = sum(heights)
    for (title, words, boxes), own in zip(networks, heights, strict=True):
        axes.text(LEFT, top - 0.12, style.plain(title), fontsize=10.5 * shrink, fontweight="bold", va="top")
        axes.text(LEFT, top - 0.31, style.plain(words), fontsize=9 * shrink, color=style.QUIET, va="top")
        _draw_boxes(axes, boxes, top - TITLE - scale.reach(boxes), scale, shrink)
        top -= own
    swatches = [Patch(facecolor=COLOURS[kind], edgecolor=_darker(COLOURS[kind])) for kind in kinds]
    figure.legend(swatches, kinds, loc="upper left", ncols=len(kinds), handlelength=1.0, columnspacing=1.4)
    return figure


def _label(box: Box) -> list[str]:
    """The lines below a box: its layers, the size of the map, the channels."""
    size = f"{box.size}×{box.size}" if box.size > 1 else ""
    counted = f"{box.count} blocks" if box.count > SLABS else ""
    name, rest = box.label, ""
    if name.startswith("inception "):
        name, _, rest = name.partition(" ")
    return [line for line in (name, rest, size, f"{'×' if size else ''}{box.channels:,}", counted) if line]


def _draw_boxes(axes: Axes, boxes: Sequence[Box], bottom: float, scale: _Scale, shrink: float) -> None:
    middle = bottom + max(map(scale.side, boxes)) / 2
    slots = [scale.slot(box) for box in boxes]
    lefts = [LEFT + sum(slots[:place]) for place in range(len(boxes))]
    centres = [left + (slot - GAP) / 2 for left, slot in zip(lefts, slots, strict=True)]
    axes.plot([centres[0], centres[-1]], [middle, middle], color=style.RULE, linewidth=1.2, zorder=1)
    for box, centre in zip(boxes, centres, strict=True):
        for number in range(min(box.count, SLABS)):
            x = centre - scale.width(box) / 2 + number * (scale.slab(box) + 0.02)
            _draw_box(axes, box, x, middle, scale.side(box), scale.slab(box))
        label = "\n".join(map(style.plain, _label(box)))
        look = {"ha": "center", "va": "top", "fontsize": 7.5 * shrink, "linespacing": 1.15}
        axes.text(centre, bottom - 0.07, label, **look)


def _draw_box(axes: Axes, box: Box, x: float, middle: float, side: float, width: float) -> None:
    low, high, shift = middle - side / 2, middle + side / 2, OBLIQUE * side
    colour = COLOURS[box.kind]
    look = {"edgecolor": _darker(colour), "linewidth": 0.6, "joinstyle": "round", "zorder": 3}
    right = x + width
    back = right + shift, high + shift
    faces = (
        (((x, low), (right, low), (right, high), (x, high)), colour),
        (((x, high), (right, high), back, (x + shift, high + shift)), _lighter(colour)),
        (((right, low), (right + shift, low + shift), back, (right, high)), _darker(colour, 0.8)),
    )
    for corners, shade in faces:
        axes.add_patch(Polygon(corners, closed=True, facecolor=shade, **look))


def _darker(colour: str, share: float = 0.6) -> tuple[float, ...]:
    return tuple(part * share for part in to_rgb(colour))


def _lighter(colour: str) -> tuple[float, ...]:
    return tuple(1 - (1 - part) * 0.45 for part in to_rgb(colour))
