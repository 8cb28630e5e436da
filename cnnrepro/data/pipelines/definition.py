"""What a pipeline is: its choices, and the statistics of a training split that they need. All: ``catalogue``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnrepro.data.splits import Splits, scale_and_shift
from cnnrepro.errors import UsageError, unknown

if TYPE_CHECKING:
    from cnnrepro.data.image_statistics import Statistics

# Principal colours that are copied from code to code for ImageNet (fb.resnet.torch and others): pixels 0 … 1,
# directions in columns, red, green, blue in rows. Where they were computed is not said. They are of the size of what
# pixels vary by over all pictures: the three sum to 0.24, those of 125 pictures of ImageNet to 0.21. (The standard
# deviations 0.229, 0.224, 0.225 that go with them sum to 0.15 when squared: they are what pictures vary by in
# themselves.)
IMAGENET_VARIANCES = (0.2175, 0.0188, 0.0045)
IMAGENET_DIRECTIONS = ((-0.5675, 0.7192, 0.4009), (-0.5808, -0.0045, -0.8140), (-0.5836, -0.6948, 0.4203))

CROPS = ("none", "window", "scale", "area")
OFFSETS = ("paper", "code")
VALUES = ("standard", "minus_mean_image", "minus_mean_colour", "lenet", "unit")
COLOURS = ("computed", "imagenet")

# LeCun et al. 1998, section II-B: background -0.1, foreground 1.175, "roughly" mean 0 and variance 1.
_LENET_LOW, _LENET_HIGH = -0.1, 1.175


@dataclass(frozen=True)
class Pipeline:
    """What becomes of a picture on its canvas.

    Args:
        name: what users call it.
        source: where its constants come from, and what differs.
        crop: "none": the whole canvas; "window": a window of ``window`` / 256 of the canvas, or, where ``padding`` is
            not 0, of the canvas's own size and ``grow`` out of the padded one; "scale": the picture enlarged by a
            factor out of ``scale``, then such a window; "area": a window with a share ``area`` of the canvas and a
            ratio of sides ``aspect``, brought to that size. At evaluation always the window in the centre, of the
            canvas as it is.
        window: side of a window on a canvas of 256.
        offsets: of windows. "paper": each side draws from as many places as there are pixels to spare (256 - 224 = 32);
            "code": from one more (33), so that the last place counts too.
        padding: pixels of zeros around the canvas.
        grow: pixels by which the window out of a padded canvas is larger than the canvas.
        mirror: half of the pictures are mirrored in training.
        values: "standard": mean 0 and standard deviation 1 a channel; "minus_mean_image" and "minus_mean_colour": 0 …
            255 less that of the training split; "lenet": 0 … 255 becomes -0.1 … 1.175; "unit": 0 … 1.
        colour_noise: standard deviation of the three numbers α that move a picture's colours along the principal ones.
        colours: whose principal colours: "computed" from the training split, or the published ones of "imagenet".
        scale: least and greatest factor, for crop "scale".
        area: least and greatest share of the canvas, for crop "area".
        aspect: least and greatest width over height, for crop "area".
        views: of a test picture: 1, or 10: four corners and the centre, each mirrored too.
    """

    name: str
    source: str
    crop: str = "none"
    window: int = 224
    offsets: str = "code"
    padding: int = 0
    grow: int = 0
    mirror: bool = False
    values: str = "standard"
    colour_noise: float = 0.0
    colours: str = "computed"
    scale: tuple[float, float] = (1.0, 1.0)
    area: tuple[float, float] = (1.0, 1.0)
    aspect: tuple[float, float] = (1.0, 1.0)
    views: int = 1

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("crop", self.crop, CROPS),
            ("law of offsets", self.offsets, OFFSETS),
            ("form of values", self.values, VALUES),
            ("set of principal colours", self.colours, COLOURS),
        ):
            if value not in allowed:
                raise unknown(name, value, allowed)
        if self.views not in (1, 10):
            raise UsageError(f"views must be 1 or 10. Received: {self.views!r}")
        if self.padding and self.resamples:
            raise UsageError(f"padding goes with crop 'none' or 'window'. Received: crop={self.crop!r}")
        if self.grow and not (self.crop == "window" and 0 < self.grow <= 2 * self.padding):
            raise UsageError(
                f"grow goes with crop 'window' and is at most twice the padding. Received: grow={self.grow!r}, "
                f"crop={self.crop!r}, padding={self.padding!r}"
            )
        if self.mirror and self.crop == "none":
            raise UsageError("mirror goes with a crop. Received: crop='none'")
        if self.values == "minus_mean_image" and self.resamples:
            raise UsageError(f"the mean image has no place in resampled pictures. Received: crop={self.crop!r}")

    @property
    def resamples(self) -> bool:
        """Whether pictures are enlarged or squeezed, not only cut out."""
        return self.crop in ("scale", "area")

    def size(self, canvas: int) -> int:
        """Side of what the network takes, for a canvas of that side: 224 for 256, 28 for 32, 24 for 28."""
        if self.crop == "none":
            return canvas + 2 * self.padding
        return canvas + self.grow if self.padding else canvas * self.window // 256

    @property
    def frame(self) -> int:
        """Pixels of zeros around the whole canvas at evaluation; 0 where the network sees no more than the canvas."""
        return self.padding if self.crop == "none" else self.grow // 2

    def check(self, canvas: tuple[int, int, int]) -> None:
        """See whether pictures of this shape can go through.

        Raises:
            UsageError: they cannot; says why.
        """
        height, width, channels = canvas
        if height != width:
            raise UsageError(f"Pipeline {self.name!r} takes square canvases. Received: {height} x {width} pixels")
        if self.size(height) < 4:
            raise UsageError(f"Pipeline {self.name!r} needs a canvas of at least 5 pixels. Received: {height}")
        if self.colour_noise and self.colours == "imagenet" and channels != 3:
            raise UsageError(
                f"Pipeline {self.name!r} uses the colours of ImageNet, which are red, green and blue. Received: "
                f"pictures with {channels} channel{'s' * (channels > 1)}; take a pipeline that computes them."
            )

    def constants(self, splits: Splits, statistics: Callable[[], Statistics]) -> dict[str, np.ndarray]:
        """What the transformation needs to know of the training split, float32.

        Args:
            splits: the data set.
            statistics: gives those of its training split; called only where they are needed.

        Returns:
            "scale" and "shift" (C,): value = pixel · scale + shift; or "mean_image" (H, W, C), on the canvas; and with
            colour noise "directions" (C, C), in columns, and "variances" (C,), both for pixels 0 … 1.
        """
        channels = splits.canvas[2]
        constants = self._values(splits, statistics, channels)
        if self.colour_noise:
            if self.colours == "imagenet":
                constants |= {"directions": np.array(IMAGENET_DIRECTIONS), "variances": np.array(IMAGENET_VARIANCES)}
            else:
                constants |= {"directions": statistics().directions, "variances": statistics().variances}
        return {name: np.asarray(value, np.float32) for name, value in constants.items()}

    def _values(self, splits: Splits, statistics: Callable[[], Statistics], channels: int) -> dict[str, np.ndarray]:
        if self.values == "minus_mean_image":
            return {"mean_image": statistics().mean_image}
        if self.values == "minus_mean_colour":
            return {"scale": np.ones(channels), "shift": -255 * np.array(splits.mean)}
        if self.values == "unit":
            return {"scale": np.full(channels, 1 / 255), "shift": np.zeros(channels)}
        if self.values == "lenet":
            low, high = np.full(channels, _LENET_LOW), np.full(channels, _LENET_HIGH)
            return {"scale": (high - low) / 255, "shift": low}
        scale, shift = scale_and_shift(splits)
        return {"scale": scale, "shift": shift}

    def describe(self) -> str:
        """What it does in training, in a few words."""
        parts = ["whole canvas" if self.crop == "none" else f"random {self.crop}"]
        parts += [f"{self.padding} pixels padded"] * bool(self.padding)
        parts += [f"{self.grow} pixels more than the canvas"] * bool(self.grow) + ["mirror"] * self.mirror
        parts += [f"{self.colours} colours, α {self.colour_noise:g}"] * bool(self.colour_noise)
        return ", ".join([*parts, self.values.replace("_", " ")])

    def to_dict(self) -> dict[str, object]:
        """What decides the numbers, for a run's key and its record: plain values.

        ``grow`` came later and is left out where it is 0, so that older records keep their keys.
        """
        values = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}
        left_out = {"source"} if self.grow else {"source", "grow"}
        return {name: value for name, value in values.items() if name not in left_out}
