"""The numbers that a figure draws, carried by the figure to its page, which has them beside it as CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

# Of numbers that lead to runs, one a row: what is compared and measured, the seed, the value, the keys of the runs with
# their weights in it ("+1*d6d98dbecb230bff -1*9c72f93270273b4b"), and the fields of a record that are read.
COLUMNS = ("what", "measured", "seed", "value", "runs", "fields")
_NAME = "cnnrepro_numbers"  # of the attribute


def with_numbers(figure: Figure, numbers: pd.DataFrame) -> Figure:
    """The figure, which now carries what it draws.

    Args:
        figure: a matplotlib figure.
        numbers: what is drawn; its columns and rows are those of the CSV.
    """
    setattr(figure, _NAME, numbers)
    return figure


def numbers_of(figure: Figure) -> pd.DataFrame | None:
    """What a figure draws, where it carries that."""
    return getattr(figure, _NAME, None)
