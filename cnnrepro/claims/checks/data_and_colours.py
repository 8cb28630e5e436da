"""Checks of colours, and of figures about data sets."""

from __future__ import annotations

import numpy as np

from cnnrepro.claims.check_helpers.wording import shape_text, spelled
from cnnrepro.claims.verdict import HOLDS, NOT_CHECKABLE, Verdict, conclude, right_or_wrong
from cnnrepro.data import DATASETS, PHOTOGRAPHS, photograph
from cnnrepro.data.pipelines.definition import IMAGENET_VARIANCES
from cnnrepro.data.tfds.read_prepared import status


def principal_colours() -> Verdict:
    """Statement 25: PCA of the RGB values: directions of largest variance, and eigenvalues as its size."""
    pixels = np.concatenate([photograph(name).reshape(-1, 3) for name in PHOTOGRAPHS]) / 255.0  # (N, 3)
    covariance = np.cov(pixels.T)
    values, vectors = np.linalg.eigh(covariance)
    values, vectors = values[::-1], vectors[:, ::-1]
    along = ((pixels - pixels.mean(axis=0)) @ vectors).var(axis=0, ddof=1)
    others = np.random.default_rng(0).normal(size=(3, 500))
    others /= np.linalg.norm(others, axis=0)
    best_other = (others * (covariance @ others)).sum(axis=0).max()
    grey = abs(vectors[:, 0].sum()) / np.sqrt(3)
    total = pixels.var(axis=0, ddof=1).sum()
    right = [np.allclose(along, values), best_other <= values[0] * (1 + 1e-9), np.isclose(values.sum(), total)]
    shares = values / values.sum()
    theirs = np.array(IMAGENET_VARIANCES) / sum(IMAGENET_VARIANCES)
    return conclude(
        25,
        right_or_wrong(right),
        {
            HOLDS: f"On two photographs the variance along each principal direction is its eigenvalue, "
            f"{spelled(f'{value:.4f}' for value in values)}; the first is near grey "
            f"({np.degrees(np.arccos(grey)):.0f}° away) and holds {shares[0]:.0%} (ImageNet: {theirs[0]:.0%}).",
        },
        (
            f"{len(pixels):,} pixels: variances along the directions {spelled(f'{value:.5f}' for value in along)}, the "
            f"eigenvalues {spelled(f'{value:.5f}' for value in values)}; together {values.sum():.5f}, as the channels' "
            f"{total:.5f}.",
            f"None of {others.shape[1]} random directions has more variance than the first: the largest is "
            f"{best_other:.5f}.",
            f"The first direction is ({', '.join(f'{abs(value):.2f}' for value in vectors[:, 0])}): noise along it is "
            f"light, not colour, {np.degrees(np.arccos(grey)):.1f}° from grey.",
            f"Values widely used for ImageNet: {spelled(IMAGENET_VARIANCES)}, shares "
            f"{spelled(f'{value:.1%}' for value in theirs)}; here {spelled(f'{value:.1%}' for value in shares)}.",
        ),
        "two photographs that scikit-learn carries, pixels from 0 to 1",
    )


SHADES, COLOURS = 256, 16_000_000  # statement 26


def colours() -> Verdict:
    """Statement 26: 256 shades, and more than 16 million colours in 24 bits."""
    pixels = photograph("flower")
    limits = np.iinfo(pixels.dtype)
    shades = int(limits.max) - int(limits.min) + 1
    bits = limits.bits * pixels.shape[2]
    number = shades ** pixels.shape[2]
    used = len(np.unique(pixels.reshape(-1, 3), axis=0))
    return conclude(
        26,
        right_or_wrong([shades == SHADES, bits == 24, number > COLOURS, number == 2**bits]),
        {
            HOLDS: f"8 bits have {shades} values, from {limits.min} to {limits.max}; three channels make {bits} bits "
            f"and {shades}³ = 2^{bits} = {number:,} colours.",
        },
        (
            f"A photograph as it is read is {shape_text(pixels.shape)} of {limits.bits}-bit numbers: {shades} "
            f"shades a channel, {number:,} colours.",
            f"It uses {used:,} of them, {used / number:.2%}, in {pixels.shape[0] * pixels.shape[1]:,} pixels.",
        ),
        "a photograph that scikit-learn carries, and NumPy's uint8",
    )


# Statement 56: what S1 says of ImageNet; and what Russakovsky and others 2015, table 2, give for the challenges.
TRAINING, CLASSES, TEST = 1_200_000, 1_000, 150_000
PUBLISHED = {"training images of 2012": 1_281_167, "test images of 2012": 100_000, "test images of 2010": 150_000}


def imagenet_sizes() -> Verdict:
    """Statement 56: the sizes of ImageNet and of its challenge; counted where the data set is at hand."""
    ready = [info for name, info in DATASETS.items() if name.startswith("imagenet2012") and status(name) == "prepared"]
    right = [
        abs((info.sizes["train"] + info.sizes["validation"]) / TRAINING - 1) < 0.1
        and (len(info.classes), info.sizes["test"]) == (CLASSES, TEST)
        for info in ready
    ]
    of_2012 = PUBLISHED["test images of 2012"]
    return conclude(
        56,
        right_or_wrong(right) if right else NOT_CHECKABLE,
        {
            NOT_CHECKABLE: f"It takes ImageNet, which is not on this machine. The challenge's paper gives "
            f"{PUBLISHED['training images of 2012']:,} training images in {CLASSES:,} classes, and {of_2012:,} test "
            f"images for 2012; {PUBLISHED['test images of 2010']:,} are those of 2010.",
        },
        (
            f"Of the {len(DATASETS)} data sets that cnnrepro knows, {len(ready)} that hold ImageNet are prepared here.",
            f"Russakovsky and others 2015 give {', '.join(f'{count:,} {what}' for what, count in PUBLISHED.items())}; "
            f"the notes say {TEST:,} test images and the year 2012.",
            f"It takes the images and labels of the challenge (some {TRAINING * 0.11 / 1000:.0f} GB at 110 kB an "
            f"image), and for “over 10 million images” the catalogue of image-net.org as it was in 2012.",
        ),
        "the catalogue of data sets here, and Russakovsky and others 2015, table 2",
    )
