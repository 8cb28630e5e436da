"""What the output units of LeNet-5 compare with: the ten digits as pictures of 7x12 pixels.

LeCun, Bottou, Bengio and Haffner 1998, section II-B and figure 3: the codes are stylised printed characters, so that
characters which look alike have codes that are close. The digits here were drawn for this package in the manner of
that figure; they are not its pixels.
"""

from __future__ import annotations

import numpy as np

HEIGHT, WIDTH = 12, 7
PIXELS = HEIGHT * WIDTH  # 84, the units of layer F6
SEED = 1998  # of the codes of further classes

# Rows of seven pixels, from the top; "#" is ink. The first two and the last two rows are margins, as in print.
DIGITS = (
    # 0
    "....... ....... ..###.. .#...#. #.....# #.....# #.....# #.....# .#...#. ..###.. ....... .......",
    # 1
    "....... ....... ...#... ..##... .#.#... ...#... ...#... ...#... ...#... .#####. ....... .......",
    # 2
    "....... ....... .#####. #.....# ......# .....#. ...##.. .##.... #...... ####### ....... .......",
    # 3
    "....... ....... .#####. #.....# ......# ..####. ......# ......# #.....# .#####. ....... .......",
    # 4
    "....... ....... ....##. ...#.#. ..#..#. .#...#. #....#. ####### .....#. .....#. ....... .......",
    # 5
    "....... ....... ####### #...... #...... ######. ......# ......# #.....# .#####. ....... .......",
    # 6
    "....... ....... ..####. .#..... #...... ######. #.....# #.....# #.....# .#####. ....... .......",
    # 7
    "....... ....... ####### #.....# .....#. ....#.. ...#... ..#.... ..#.... ..#.... ....... .......",
    # 8
    "....... ....... .#####. #.....# #.....# .#####. #.....# #.....# #.....# .#####. ....... .......",
    # 9
    "....... ....... .#####. #.....# #.....# #.....# .###### ......# .....#. .####.. ....... .......",
)


def codes(classes: int) -> np.ndarray:
    """The codes of the first classes: the digits, then random signs from a fixed seed.

    Args:
        classes: how many.

    Returns:
        An array (classes, 84) of +1 (ink) and -1 (paper), the pixels row by row from the top.
    """
    digits = [[1.0 if pixel == "#" else -1.0 for pixel in drawing.replace(" ", "")] for drawing in DIGITS[:classes]]
    more = np.random.default_rng(SEED).choice([-1.0, 1.0], (max(classes - len(DIGITS), 0), PIXELS))
    return np.concatenate([np.array(digits), more]).astype("float32")
