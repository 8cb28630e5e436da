"""Probes: a trained network's further tests, on moved or rescaled test images and on the images it was trained on.

A probe is named by a text: ``shift 4``, moved by 4 pixels up, down, left and right, which counts as one test on four
times the images; ``scale 0.75``, brought to that share of its size about the middle. Whatever such a probe does, no
pixel of the canvas leaves the frame that the pipeline puts around it. ``training`` moves nothing and fits every
pipeline: it reads training images, 10,000 at most, as the test images are read, so that their scores can be compared.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cnnrepro.data.pipelines.catalogue import PIPELINES
from cnnrepro.data.pipelines.definition import Pipeline
from cnnrepro.data.pipelines.moving import scaled, shifted
from cnnrepro.errors import UsageError, brief, unknown

TRAINING = "training"
KINDS = ("shift", "scale")  # of those that move images

# Images of the probe "training": as many as MNIST and CIFAR-10 have for the test, so that neither side of a gap between
# the two is the less sure. The at most 1,000 that the curves ``seen_…`` are of put an error of 1 to 3 points into it;
# these are the same images for every seed, so that no interval over seeds shows it.
TRAINING_MOST = 10_000

_FORMS = f"'{TRAINING}', 'shift PIXELS' or 'scale SHARE', such as 'shift 4' or 'scale 0.75'"


@dataclass(frozen=True)
class Probe:
    """One way to move test images; ``training`` is none.

    Args:
        kind: "shift" or "scale".
        amount: whole pixels of a shift; of a scale the share of its size that an image is brought to.
    """

    kind: str
    amount: float

    @property
    def text(self) -> str:
        """Its name, each probe's the same however its number was spelled: "shift 4", "scale 0.75"."""
        return f"{self.kind} {self.amount:.15g}"

    @property
    def suffix(self) -> str:
        """What its scores' names end in: "shift_4"."""
        return self.text.replace(" ", "_")

    def check(self, pipeline: Pipeline, canvas: int) -> None:
        """See whether the canvas stays in its frame; ``canvas`` is its side in pixels.

        Raises:
            UsageError: it does not, or there is no frame; says which.
        """
        frame, amount = pipeline.frame, self.amount
        if not frame:
            framed = ", ".join(sorted(name for name, one in PIPELINES.items() if one.frame))
            raise UsageError(
                f"This probe moves images within a frame and needs a pipeline that has one ({framed}). Received: "
                f"{self.text!r} with pipeline {pipeline.name!r}"
            )
        if self.kind == "shift" and not (amount.is_integer() and 1 <= amount <= frame):
            raise UsageError(
                f"A shift must be a whole number from 1 to {frame}, the pixels of the frame of pipeline "
                f"{pipeline.name!r}. Received: {brief(self.text)}"
            )
        side = canvas + 2 * frame
        if self.kind == "scale" and not 1 <= canvas * amount <= side:
            raise UsageError(
                f"A scale must leave of a canvas of {canvas} pixels at least 1, and at most the {side} of the frame of "
                f"pipeline {pipeline.name!r}. Received: {brief(self.text)}"
            )

    def moved(self, images: np.ndarray, background: np.ndarray) -> Iterator[np.ndarray]:
        """The images in each way of being moved: four of a shift, one of a scale.

        Args:
            images: (N, S, S, C), as a network takes them.
            background: (C,), the frame's value.
        """
        if self.kind == "scale":
            yield scaled(images, self.amount, background)
            return
        pixels = int(self.amount)
        for down, right in ((-pixels, 0), (pixels, 0), (0, -pixels), (0, pixels)):
            yield shifted(images, down, right, background)


def probe(text: str) -> Probe:
    """The probe that moves images as a text says; raises UsageError for a text that names none."""
    parts = text.split() if isinstance(text, str) else ()
    if len(parts) != 2 or parts[0] == TRAINING:
        raise UsageError(f"A probe is {_FORMS}. Received: {brief(text)}")
    kind, number = parts
    if kind not in KINDS:
        raise unknown("kind of probe", kind, KINDS)
    try:
        amount = float(number)
    except ValueError:
        amount = math.nan
    if not math.isfinite(amount):
        raise UsageError(f"A probe is {_FORMS}. Received: {brief(text)}")
    return Probe(kind, amount)


def moving(texts: Sequence[str]) -> list[Probe]:
    """Of the texts of probes those that move images, in their order."""
    return [probe(text) for text in texts if not _is_training(text)]


def _is_training(text: str) -> bool:
    return isinstance(text, str) and text.strip() == TRAINING


def checked_texts(texts: Sequence[str], pipeline: Pipeline, canvas: int) -> tuple[str, ...]:
    """The texts of probes as records have them.

    Args:
        texts: as somebody wrote them.
        pipeline: of the run.
        canvas: side of its canvas, in pixels.

    Raises:
        UsageError: one that names no probe, that this pipeline cannot have, or that stands there twice.
    """
    if isinstance(texts, str):
        raise UsageError(f"probes must be a list of texts. Received: {brief(texts)}")
    for one in moving(texts):
        one.check(pipeline, canvas)
    found = tuple(TRAINING if _is_training(text) else probe(text).text for text in texts)
    if len(set(found)) < len(found):
        raise UsageError(f"probes must differ from one another. Received: {brief(list(texts))}")
    return found
