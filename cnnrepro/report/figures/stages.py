"""Figures of AlexNet's data pipeline: where windows lie, and the principal colours of pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cnnrepro.report import style

_SEEN = "#0072B2"


def window_places(counts: Mapping[str, np.ndarray]) -> Figure:
    """Draw how often a window began at each place, a panel for each law.

    Args:
        counts: law -> counts (rows, columns); all of one shape.
    """
    most = max(int(one.max()) for one in counts.values())
    with style.applied():
        figure = Figure(figsize=(style.WIDTH, 4.6), layout="constrained")
        panels = figure.subplots(1, len(counts), squeeze=False)[0]
        drawn = None
        for axes, (law, one) in zip(panels, counts.items(), strict=True):
            shown = np.ma.masked_equal(one, 0)
            axes.set_facecolor("#f3d9c6")
            drawn = axes.imshow(shown, cmap="Blues", vmin=0, vmax=most, interpolation="nearest")
            reached = int((one > 0).sum())
            axes.set_title(f"{law}: {reached:,} of {one.size:,} places")
            axes.set(xlabel="first column", ylabel="first row")
        bar = figure.colorbar(drawn, ax=panels, shrink=0.8, label="windows")
        bar.outline.set_visible(False)
    return figure


def principal_colours(sets: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Figure:
    """Draw principal colours: what going along each does to mid-grey, and the share of the variance along it.

    Args:
        sets: whose -> directions (3, 3) in columns and variances (3,), the greatest first.
    """
    with style.applied():
        figure = Figure(figsize=(style.WIDTH, 0.5 + 1.35 * len(sets)), layout="constrained")
        panels = figure.subplots(len(sets), 2, squeeze=False, width_ratios=(3, 1))
        for (ramp, shares), (whose, (directions, variances)) in zip(panels, sets.items(), strict=True):
            _ramps(ramp, whose, directions)
            _shares(shares, np.asarray(variances) / np.sum(variances))
    return figure


def _ramps(axes: Axes, whose: str, directions: np.ndarray) -> None:
    steps = np.linspace(-0.5, 0.5, 101)
    rows = [np.clip(0.5 + steps[:, None] * _forward(direction), 0, 1) for direction in np.asarray(directions).T]
    axes.imshow(np.stack(rows), aspect="auto", interpolation="nearest", extent=(-0.5, 0.5, 2.5, -0.5))
    axes.set_title(whose)
    axes.set_yticks(range(3), ["first", "second", "third"])
    axes.set_xticks([-0.5, 0, 0.5], ["−½", "mid-grey", "+½"])
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    for border in (0.5, 1.5):
        axes.axhline(border, color="white", linewidth=3)


def _shares(axes: Axes, shares: Sequence[float]) -> None:
    axes.barh(range(3), shares, color=_SEEN, height=0.6)
    for place, share in enumerate(shares):
        axes.text(share + 0.02, place, f"{share:.1%}", va="center", fontsize=8.5)
    axes.set(ylim=(2.5, -0.5), xlim=(0, 1.25), xticks=[], yticks=[])
    axes.set_title("share of the variance", fontweight="normal")
    axes.spines[:].set_visible(False)


def _forward(direction: np.ndarray) -> np.ndarray:
    """A direction with its first number that is not 0 positive: its negative says the same."""
    return direction * np.sign(direction[np.argmax(np.abs(direction) > 1e-9)])
