"""Photographs for tests: two classes of coloured noise that a network tells apart in an epoch."""

import numpy as np
from PIL import Image


def write(folder, each):
    """Write ``each`` pictures a class, reddish and bluish noise of several sizes, into sub-folders; the folder."""
    random = np.random.default_rng(0)
    for name, channel in (("blue", 2), ("red", 0)):
        (folder / name).mkdir(parents=True)
        for number in range(each):
            pixels = random.integers(0, 128, (40 + number, 60 - number, 3), np.uint8)
            pixels[..., channel] += 100
            Image.fromarray(pixels).save(folder / name / f"{number:02}.png")
    return folder
