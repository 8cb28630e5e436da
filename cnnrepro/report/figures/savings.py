"""What is saved by sharing work: ratios that were counted, ratios that were measured."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from cnnrepro.report import style


def savings(
    sides: Sequence[int], counted: Sequence[float], measured: Sequence[Sequence[float]], *, limit: float
) -> Figure:
    """Draw how many times cheaper one pass is than crops: by multiply-adds, and by the clock.

    Args:
        sides: of the images, in pixels.
        counted: for each, multiply-adds of the crops over those of one pass.
        measured: for each, the same ratio of times, one value a repetition; their median is the marker, the line
            reaches from the smallest to the largest.
        limit: what ``counted`` comes near.

    Raises:
        ValueError: the numbers of values differ, or there is a side without a measurement.
    """
    if not len(sides) or not len(sides) == len(counted) == len(measured) or not all(len(one) for one in measured):
        raise ValueError(
            f"savings() needs a count and measurements for every side. "
            f"Received: {len(sides)}, {len(counted)} and {[len(one) for one in measured]}"
        )
    middle = np.array([np.median(one) for one in measured])
    reach = np.array([[np.median(one) - np.min(one), np.max(one) - np.median(one)] for one in measured]).T
    with style.applied():
        figure = Figure(figsize=(style.WIDTH, 3.9), layout="constrained")
        axes = figure.subplots()
        axes.axhline(1, color=style.QUIET, linewidth=1.0)
        axes.axhline(limit, color=style.colour(0), linewidth=1.0, linestyle=(0, (4, 4)))
        axes.text(sides[0], limit, f"limit of the multiply-adds: {limit:.2f}", color=style.colour(0), va="bottom")
        axes.plot(sides, counted, color=style.colour(0), marker=style.marker(0), label="multiply-adds, counted")
        axes.errorbar(
            sides, middle, yerr=reach, color=style.colour(1), marker=style.marker(1), capsize=3, label="time, measured"
        )
        axes.set(xlabel="Side of the canvas, in pixels", ylabel="Crops over one pass", xticks=list(sides))
        axes.set_ylim(bottom=0)
        style.quiet_grid(axes)
        figure.legend(loc="outside upper left", ncols=2)
    return figure
