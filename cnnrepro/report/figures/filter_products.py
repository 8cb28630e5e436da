"""Filters in equations: turned round, as rows of a matrix, on the way back, and what they are connected to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from cnnrepro.report import style
from cnnrepro.report.figures.grids import Term, canvas, draw, equation, number, words

if TYPE_CHECKING:
    from cnnrepro.lessons.convolution_by_hand.small_numbers import Added, Backward, Columns, Impulse


def impulse_answers(demo: Impulse) -> Figure:
    """One bright cell through a filter, as layers do it and as a convolution does."""
    image, kernel = Term(demo.image, "input", "window"), Term(demo.kernel, "filter", "filter")
    turned = Term(demo.kernel[::-1, ::-1], "filter, turned", "filter")
    return equation(
        [
            [image, "⋆", kernel, "=", Term(demo.correlated, "the filter turned round", "output")],
            [image, "⋆", turned, "=", Term(demo.convolved, "the filter itself", "output")],
        ],
        titles=("Cross-correlation: what a layer computes", "Convolution: the filter turned by 180 degrees first"),
    )


def filter_columns(demo: Columns, followed: float = 6.0) -> Figure:
    """Windows that become columns: input, filters as rows, columns, product and the maps it is folded into.

    Args:
        demo: the matrices.
        followed: the cell of the input whose copies are marked.
    """
    copies = np.where(demo.columns == followed, "filter", "window")
    here = np.where(demo.image == followed, "filter", "")
    names = tuple(f"w{number + 1}" for number in range(demo.columns.shape[1]))
    maps = [Term(one, f"map {index + 1}", ("output", "second")[index % 2]) for index, one in enumerate(demo.maps)]
    tints = np.repeat([["output"], ["second"]], demo.product.shape[1], axis=1)[: len(demo.product)]
    made = f"{demo.rows.shape[0]}x{demo.rows.shape[1]}", f"{demo.columns.shape[0]}x{demo.columns.shape[1]}"
    return equation(
        [
            [
                Term(demo.image, "input", here),
                "",
                Term(demo.rows, f"W_row, {made[0]}: a filter a row", "third"),
                "·",
                Term(demo.columns, f"X_col, {made[1]}", copies, columns=names),
                "=",
                Term(demo.product, "product", tints, columns=names),
                "→",
                *maps,
            ]
        ]
    )


def input_gradients(steps: Sequence[Backward]) -> Figure:
    """The gradient of the output, spread out and padded with zeros, under the flipped filter: the input's gradient."""
    lines = []
    for step in steps:
        real = np.zeros(step.padded.shape, dtype=bool)
        edge = len(step.flipped) - 1
        real[edge : -edge or None : step.stride, edge : -edge or None : step.stride] = True
        spread = "" if step.stride == 1 else ", spread out"
        lines.append(
            [
                Term(step.arriving, "output gradient", "output"),
                "→",
                Term(step.padded, f"padded{spread}", np.where(real, "output", "padding")),
                "⋆",
                Term(step.flipped, "flipped filter", "filter"),
                "=",
                Term(step.to_input, "input gradient", "window"),
            ]
        )
    return equation(lines, titles=[f"Stride {step.stride}" for step in steps])


def shared_gradient(sums: Added) -> Figure:
    """What four neurons that share a filter have for its weights, and their sum."""
    line: list[Term | str] = []
    for index, part in enumerate(sums.parts):
        row, column = divmod(index, sums.arriving.shape[1])
        arriving = number(sums.arriving[row, column])
        line += ["+"] * bool(index)
        line.append(Term(part, f"neuron {index + 1}", "window", below=f"{arriving} · its window"))
    line += ["=", Term(sums.total, "filter gradient", "filter")]
    given = [Term(sums.image, "input"), Term(sums.arriving, "output gradient", "output")]
    return equation([given, line])


def connected_maps(seen: Mapping[str, np.ndarray]) -> Figure:
    """Which input maps each filter sees: a row an input map, a column a filter.

    Args:
        seen: name -> (input maps, filters), 1 where the filter sees the map.
    """
    with style.applied():
        total = sum(one.shape[1] for one in seen.values()) + 1.6 * len(seen)
        rows = max(len(one) for one in seen.values())
        figure, axes = canvas(total, rows + 4.2, 0.3)
        x = 1.0
        for name, one in seen.items():
            tints = np.where(one > 0, "filter", "")
            draw(axes, np.full(one.shape, np.nan), (x, 1.7), tints)
            words(axes, x, 1.0, name, bold=True)
            words(axes, x, rows + 2.2, f"{one.shape[1]} filters\nsee {_range(one.sum(axis=0))} of {len(one)}", va="top")
            x += one.shape[1] + 1.6
        words(axes, 0.45, 1.7 + rows / 2, "input maps", rotation=90, ha="center")
    return figure


def _range(counts: np.ndarray) -> str:
    low, high = int(counts.min()), int(counts.max())
    return str(low) if low == high else f"{low} to {high}"
