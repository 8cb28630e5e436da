"""Receptive fields as lines: against depth, against a recursion, with dilation, and along a unit's middle row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from cnnrepro.report.figures.charts import Panel, line_panels

if TYPE_CHECKING:
    from cnnrepro.lessons.geometry_and_receptive_fields.effective_field import Influence
    from cnnrepro.lessons.geometry_and_receptive_fields.what_a_unit_sees import ClaimedField, Growth


def growth_lines(growths: Sequence[Growth], size: int) -> Figure:
    """Draw receptive field and effective stride against depth, on logarithmic axes.

    Args:
        growths: one a network.
        size: of the input, in pixels; a line marks it.
    """
    shared = {"x": "convolutions passed", "y": "pixels", "logarithmic": "xy"}
    fields = {one.title: (one.depths[1:], one.fields[1:]) for one in growths}
    strides = {one.title: (one.depths[1:], one.strides[1:]) for one in growths}
    return line_panels(
        [
            Panel("Receptive field", lines=fields, rules={f"the picture: {size}": size}, **shared),
            Panel("Effective stride", lines=strides, **shared),
        ]
    )


def recursion_lines(networks: Mapping[str, Sequence[ClaimedField]]) -> Figure:
    """Draw what a recursion claims of receptive fields beside what they are, layer by layer, a panel a network.

    Args:
        networks: title -> its layers, as ``recursion`` of the lesson gives them.
    """
    panels = []
    for title, steps in networks.items():
        layers = range(1, len(steps) + 1)
        claimed, right = [step.claimed for step in steps], [step.right for step in steps]
        lines = {"the notes’ recursion": (layers, claimed), "right": (layers, right)}
        dashed = frozenset({"the notes’ recursion"})
        panels.append(Panel(title, "convolutions and pools", "receptive field, pixels", lines, dashed=dashed))
    return line_panels(panels)


def dilation_lines(growths: Mapping[str, Sequence[int]]) -> Figure:
    """Draw receptive fields behind 1, 2, … layers, a line a way to dilate them."""
    lines = {name: (range(1, len(sizes) + 1), sizes) for name, sizes in growths.items()}
    return line_panels([Panel("3x3 layers, stride 1", "layers", "receptive field, pixels", lines, logarithmic="y")])


def influence_profiles(influences: Sequence[Influence]) -> Figure:
    """Draw the gradient along the middle row of each unit's field, all fields as wide as the panel."""
    lines = {f"{one.depth} layers": one.profile() for one in influences}
    x, y = "place in the theoretical field (its ends are −1 and 1)", "gradient, strongest = 1"
    return line_panels([Panel("Along the middle row", x, y, lines)], height=3.0)
