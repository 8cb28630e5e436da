"""The test images that tell the networks of a comparison apart, as a notebook shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cnnrepro.report.display import show, show_table
from cnnrepro.report.tables import table

if TYPE_CHECKING:
    from cnnrepro.data import Splits
    from cnnrepro.lessons.compare.by_image import Split


def show_apart(split: Split, splits: Splits) -> None:
    """Show the test images that one network reads rightly and another wrongly, or that there are none."""
    from cnnrepro.report import figures

    said = f"{split.label} right, {split.against} wrong"
    if not split.places:
        show_table(table((said,), [("no test image in most seeds",)]))
        return
    test, classes = splits.examples["test"], splits.info.classes
    words = [f"{classes[test.labels[at]]}\n{seeds}" for at, seeds in zip(split.places, split.words, strict=True)]
    count = f"{split.count:,} test image{'s' * (split.count != 1)}"
    shown = "" if split.count == len(split.places) else f", of which the {len(split.places)} clearest are shown"
    show(
        figures.captioned(np.stack([test.images[at] for at in split.places]), words, columns=12),
        f"apart_{split.number}",
        alt=f"Test images that {split.label} reads rightly and {split.against} wrongly, each with its class",
        caption=f"{said}: {count}{shown}. Under each its class, and in how many seeds either side is right.",
    )
