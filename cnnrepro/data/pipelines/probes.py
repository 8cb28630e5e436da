"""Probes: a trained network's further tests, on test images that are moved or rescaled within their frame.

A probe is named by a text: ``shift 4``, moved by 4 pixels up, down, left and right, which counts as one test on four
times the images; ``scale 0.75``, brought to that share of its size about the middle. Whatever a probe does, no pixel of
the canvas leaves the frame that the pipeline puts around it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cnnrepro.data.pipelines.catalogue import PIPELINES
from cnnrepro.data.pipelines.definition import Pipeline
from cnnrepro.data.pipelines.moving import scaled, shifted
from cnnrepro.errors import UsageError, unknown

KINDS = ("shift", "scale")

_FORMS = "'shift PIXELS' or 'scale SHARE', such as 'shift 4' or 'scale 0.75'"


@dataclass(frozen=True)
class Probe:
    """One way to move test images.

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
                f"Probes move images within a frame and need a pipeline that has one ({framed}). Received: "
                f"{self.text!r} with pipeline {pipeline.name!r}"
            )
        if self.kind == "shift" and not (amount.is_integer() and 1 <= amount <= frame):
            raise UsageError(
                f"A shift must be a whole number from 1 to {frame}, the pixels of the frame of pipeline "
                f"{pipeline.name!r}. Received: {self.text!r}"
            )
        side = canvas + 2 * frame
        if self.kind == "scale" and not 1 <= canvas * amount <= side:
            raise UsageError(
                f"A scale must leave of a canvas of {canvas} pixels at least 1, and at most the {side} of the frame of "
                f"pipeline {pipeline.name!r}. Received: {self.text!r}"
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
    """The probe that a text names; raises UsageError for one that names none."""
    parts = text.split() if isinstance(text, str) else ()
    if len(parts) != 2:
        raise UsageError(f"A probe is {_FORMS}. Received: {text!r}")
    kind, number = parts
    if kind not in KINDS:
        raise unknown("kind of probe", kind, KINDS)
    try:
        amount = float(number)
    except ValueError:
        amount = math.nan
    if not math.isfinite(amount):
        raise UsageError(f"A probe is {_FORMS}. Received: {text!r}")
    return Probe(kind, amount)


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
        raise UsageError(f"probes must be a list of texts. Received: {texts!r}")
    probes = [probe(text) for text in texts]
    for one in probes:
        one.check(pipeline, canvas)
    if len(set(probes)) < len(probes):
        raise UsageError(f"probes must differ from one another. Received: {list(texts)}")
    return tuple(one.text for one in probes)
