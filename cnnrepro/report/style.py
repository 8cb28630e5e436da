"""How the figures look: colours, sizes and type, in one place.

Nothing here changes matplotlib for anybody else: a drawing function works inside ``with style.applied():`` and
leaves the reader's own settings as they were.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import matplotlib as mpl
from matplotlib.axes import Axes

# Okabe and Ito's palette (2008), which stays apart under the common colour-vision deficiencies; its yellow is left out,
# as it is too pale for a line on white.
ARM_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
ARM_MARKERS = ("o", "s", "^", "D", "v", "P")  # a second sign beside the colour

INK = "#1f2328"
QUIET = "#656d76"
RULE = "#d0d7de"
FAINT = "#eef1f4"

_INVISIBLE = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

WIDTH = 9.6  # inches; 960 pixels at the 100 dots an inch of a page

_SETTINGS = {
    "figure.dpi": 100,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    # DejaVu Sans comes with matplotlib, so that a figure has the same bytes on every machine.
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "text.color": INK,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10.0,
    "axes.labelcolor": QUIET,
    "axes.edgecolor": RULE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": False,
    "grid.color": FAINT,
    "grid.linewidth": 1.0,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": QUIET,
    "ytick.labelcolor": QUIET,
    "lines.linewidth": 2.0,
    "lines.markersize": 5.0,
    "legend.frameon": False,
    # Words as outlines: the picture needs no font of the reader's. A fixed salt: the same drawing has the same ids.
    "svg.fonttype": "path",
    "svg.hashsalt": "cnnrepro",
}


@contextmanager
def applied() -> Iterator[None]:
    """The project's settings for the length of a block, over matplotlib's defaults and nobody's matplotlibrc."""
    with mpl.rc_context():
        mpl.rcParams.update({k: v for k, v in mpl.rcParamsDefault.items() if k not in _NOT_STYLE})
        mpl.rcParams.update(_SETTINGS)
        yield


_NOT_STYLE = frozenset({"backend", "backend_fallback", "interactive", "toolbar", "webagg.port", "date.epoch"})


def colour(index: int) -> str:
    """The colour of the arm at ``index``; beyond the palette it starts again."""
    return ARM_COLOURS[index % len(ARM_COLOURS)]


def marker(index: int) -> str:
    """The marker of the arm at ``index``."""
    return ARM_MARKERS[index % len(ARM_MARKERS)]


def line_look(index: int) -> dict[str, str]:
    """How the line of the arm at ``index`` is drawn, on a chart and in its legend; dashed where colours begin again."""
    dashes = ("-", "--", ":")[index // len(ARM_COLOURS) % 3]
    return {"color": colour(index), "marker": marker(index), "markeredgecolor": "white", "linestyle": dashes}


def wrapped(text: object, characters: int) -> str:
    """Text broken into lines of at most ``characters``; a dollar sign stays a dollar sign (no formula)."""
    return textwrap.fill(plain(text), max(int(characters), 4))


def plain(text: object) -> str:
    """Text that matplotlib draws as it is written, dollar signs included."""
    return visible(re.sub(r"[\t\r]", " ", str(text))).replace("$", r"\$")


def short(text: object, characters: int) -> str:
    """Text cut to at most ``characters``, the last of which says that it was cut."""
    whole = str(text)
    return whole if len(whole) <= characters else f"{whole[: characters - 1]}…"


def visible(text: str) -> str:
    """Text with U+FFFD for what is no character of XML: control characters, halves of surrogate pairs."""
    return _INVISIBLE.sub("\ufffd", text)


def legend_columns(labels: Sequence[str]) -> int:
    """How many legend columns of these labels fit into the page's width (a letter is taken as 0.09 inches)."""
    widest = max((len(label) for label in labels), default=1) * 0.09 + 0.7
    return max(1, min(len(labels), int(WIDTH / widest)))


def quiet_grid(axes: Axes, axis: str = "y") -> None:
    """Faint rules to read values from, and no tick marks beside them."""
    axes.grid(True, axis=axis)
    axes.tick_params(length=0)
