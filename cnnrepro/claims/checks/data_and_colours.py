"""Checks of colours, and of figures about data sets."""

from __future__ import annotations

import numpy as np

from cnnrepro.claims.check_helpers.wording import shape_text, spelled
from cnnrepro.claims.verdict import (
    DOES_NOT_HOLD,
    HOLDS,
    HOLDS_IF,
    Part,
    Verdict,
    conclude,
    conclude_parts,
    right_or_wrong,
    word_of,
)
from cnnrepro.data import DATASETS, PHOTOGRAPHS, photograph
from cnnrepro.data.pipelines.definition import IMAGENET_DIRECTIONS, IMAGENET_VARIANCES


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


MOSTLY = 0.95  # statement 76: what counts as nearly all
SHADES, COLOURS = 256, 16_000_000  # statement 26


def colours() -> Verdict:
    """Statement 26: 256 shades, and more than 16 million colours in 24 bits."""
    pixels = photograph("flower")
    limits = np.iinfo(pixels.dtype)
    shades = int(limits.max) - int(limits.min) + 1
    bits = limits.bits * pixels.shape[2]
    number = shades ** pixels.shape[2]
    used = len(np.unique(pixels.reshape(-1, 3), axis=0))
    parts = (
        Part(
            right_or_wrong([shades == SHADES]),
            f"{limits.bits} bits have {shades} values, {limits.min} to {limits.max}.",
        ),
        Part(
            right_or_wrong([bits == 24, number > COLOURS, number == 2**bits]),
            f"Three channels make {bits} bits and {shades}³ = 2^{bits} = {number:,} colours.",
        ),
    )
    return conclude_parts(
        26,
        parts,
        (
            f"A photograph as it is read is {shape_text(pixels.shape)} of {limits.bits}-bit numbers.",
            f"It uses {used:,} of the colours, {used / number:.2%}, in {pixels.shape[0] * pixels.shape[1]:,} pixels.",
        ),
        "a photograph that scikit-learn carries, and NumPy's uint8",
    )


# Statement 56: what S1 says of ImageNet and of the challenge of 2012.
DATASET_IMAGES, DATASET_CLASSES, TRAINING, CLASSES, TEST = 10_000_000, 10_000, 1_200_000, 1_000, 150_000
# What the paper that S1 sums up says itself (Krizhevsky, Sutskever and Hinton 2012, section 2): “over 15 million”
# images, “roughly 22,000” categories; “roughly 1.2 million” for training, 50,000 for validation, 150,000 for testing.
# Its section 6 has the release of autumn 2009: 8.9 million images, 10,184 categories.
THEIR_IMAGES, THEIR_CLASSES, THEIR_TEST = 15_000_000, 22_000, 150_000
EARLIER_IMAGES, EARLIER_CLASSES = 8_900_000, 10_184
# Russakovsky and others 2015, table 2, by year: images for training, for validation and for testing; 1,000 classes.
CHALLENGES = {
    2010: (1_261_406, 50_000, 150_000),
    2011: (1_229_413, 50_000, 100_000),
    2012: (1_281_167, 50_000, 100_000),
}
CHALLENGE_CLASSES = 1_000


def imagenet_sizes() -> Verdict:
    """Statement 56: the sizes of ImageNet and of its challenge, by the network's own paper and the challenge's."""
    training, validation, test = CHALLENGES[2012]
    first_test = CHALLENGES[2010][2]
    ours = DATASETS["imagenet2012"]
    exact = abs(THEIR_CLASSES / DATASET_CLASSES - 1) < 0.1
    parts = (
        Part(
            right_or_wrong([THEIR_IMAGES > DATASET_IMAGES]),
            f"The paper that the note sums up says over {THEIR_IMAGES / 1e6:.0f} million.",
        ),
        Part(
            HOLDS if exact else HOLDS_IF if THEIR_CLASSES > DATASET_CLASSES else DOES_NOT_HOLD,
            f"The network's paper says roughly {THEIR_CLASSES:,}; the note's words are “over 10 million images and "
            f"10,000 classes”, and the “over” may go with both.",
        ),
        Part(
            right_or_wrong([abs(training / TRAINING - 1) < 0.1]),
            f"The challenge's paper gives {training:,} training images.",
        ),
        Part(right_or_wrong([CHALLENGE_CLASSES == CLASSES]), f"That paper gives {CHALLENGE_CLASSES:,} classes."),
        Part(
            HOLDS if test == TEST else HOLDS_IF if TEST in (test + validation, first_test) else DOES_NOT_HOLD,
            f"The challenge's paper gives {test:,} for 2012, {test + validation:,} with the images for validation, and "
            f"{first_test:,} for 2010.",
        ),
    )
    each = "; ".join(f"{year}: {train:,} and {held:,}" for year, (train, _, held) in CHALLENGES.items())
    return conclude_parts(
        56,
        parts,
        (
            f"All of this is the papers' word; nothing is counted here. The catalogue of tensorflow-datasets has the "
            f"same {ours.sizes['train'] + ours.sizes['validation']:,} training and {ours.sizes['test']:,} validation "
            f"images, and not the test images.",
            f"The release of autumn 2009 had {EARLIER_CLASSES:,} categories, and {EARLIER_IMAGES / 1e6:.1f} million "
            f"images (the network's paper, section 6).",
            f"Training and test images by year (Russakovsky and others 2015, table 2): {each}.",
            f"Krizhevsky, Sutskever and Hinton 2012, section 2, say {THEIR_TEST:,} test images themselves: those of "
            f"2010, the challenge of most of their experiments.",
        ),
        "the two papers",
    )


# Statement 71: how many numbers stand for a token. Mikolov and others 2013; Pennington and others 2014; Devlin and
# others 2019; Radford and others 2019; Brown and others 2020; Chowdhery and others 2022; Smith and others 2022
# (Megatron-Turing NLG); Dubey and others 2024.
EMBEDDINGS = {
    **{"word2vec": 300, "GloVe": 300, "BERT-Large": 1_024, "GPT-2": 1_600, "GPT-3": 12_288},
    **{"PaLM 540B": 18_432, "Megatron-Turing NLG 530B": 20_480, "Llama 3 405B": 16_384},
}
TOKENS = 2_048  # that GPT-3 takes at once
IMAGE = (100, 100, 3)


def embedding_widths() -> Verdict:
    """Statement 71: 30,000 numbers are more than most word embeddings have."""
    values = int(np.prod(IMAGE))
    smaller = [width < values for width in EMBEDDINGS.values()]
    most = sum(smaller) > len(smaller) / 2
    widest = max(EMBEDDINGS, key=EMBEDDINGS.get)
    text = TOKENS * EMBEDDINGS["GPT-3"]
    return conclude(
        71,
        right_or_wrong([most]),
        {
            HOLDS: f"A {shape_text(IMAGE)} image has {values:,} values, more than the embeddings of {sum(smaller)} of "
            f"{len(smaller)} well-known models; the widest of them, {widest}, has {EMBEDDINGS[widest]:,}.",
            DOES_NOT_HOLD: f"{sum(smaller)} of {len(smaller)} embeddings have fewer than {values:,} numbers.",
        },
        (
            f"Published widths: {', '.join(f'{name} {width:,}' for name, width in EMBEDDINGS.items())}.",
            f"That is one token. The input of a language model is many: {TOKENS:,} tokens of GPT-3 are {text:,} "
            f"numbers, {text / values:,.0f} times the image.",
        ),
        "the models' papers, and the size of the image",
    )


# Statement 73: the title page of Deng, Dong, Socher, Li, Li and Fei-Fei, CVPR 2009.
FOUNDERS, FOUNDED_AT, CLAIMED_PLACE = (
    ("Deng", "Dong", "Socher", "L.-J. Li", "K. Li", "Fei-Fei"),
    "Princeton",
    "Stanford",
)
PAPER, CHALLENGE = 2009, 2010  # years: of the paper, of the first challenge


def imagenet_origin() -> Verdict:
    """Statement 73: ImageNet was created by Fei-Fei Li and her team at Stanford."""
    return conclude_parts(
        73,
        (
            Part(
                right_or_wrong(["Fei-Fei" in FOUNDERS]),
                f"The paper of {PAPER} has {len(FOUNDERS)} authors: {', '.join(FOUNDERS)}.",
            ),
            Part(
                right_or_wrong([FOUNDED_AT == CLAIMED_PLACE]),
                f"The paper of {PAPER} names one place, the computer science department of {FOUNDED_AT}.",
            ),
        ),
        (
            f"“ImageNet: A Large-Scale Hierarchical Image Database”, CVPR {PAPER}, by {', '.join(FOUNDERS)}.",
            f"The project went on at {CLAIMED_PLACE}, where its head moved in {PAPER}, before the first challenge "
            f"({CHALLENGE}).",
        ),
        f"the title page of the paper of {PAPER}",
    )


def colour_noise() -> Verdict:
    """Statement 76: noise along the principal colours of ImageNet simulates other lighting."""
    directions, variances = np.array(IMAGENET_DIRECTIONS), np.array(IMAGENET_VARIANCES)  # a direction a column
    grey = np.ones(3) / np.sqrt(3)
    squared = (grey @ directions) ** 2
    of_colours = float((squared * variances).sum() / variances.sum())
    of_noise = float((squared * variances**2).sum() / (variances**2).sum())  # each is scaled by its variance
    pixels = np.concatenate([photograph(name).reshape(-1, 3) for name in PHOTOGRAPHS]) / 255.0
    explained = float((pixels.mean(axis=0) ** 2).sum() / (pixels**2).mean(axis=0).sum())
    mostly_grey, as_light = of_noise > MOSTLY, explained > MOSTLY
    return conclude(
        76,
        word_of([mostly_grey, as_light]),
        {
            HOLDS_IF: f"It holds if light means brighter or darker as a whole: {of_noise:.1%} of the noise's variance "
            f"lies along grey. But it adds the same to every pixel, and light multiplies: the best added constant is "
            f"{explained:.0%} of a change of light on two photographs.",
            HOLDS: f"{of_noise:.1%} of the noise lies along grey; a constant is {explained:.0%} of a change of light.",
            DOES_NOT_HOLD: f"{of_noise:.0%} of the noise lies along grey.",
        },
        (
            f"The variance of ImageNet's colours lies along grey by {of_colours:.1%}; the noise scales each direction "
            f"by its eigenvalue, so that its own variance does by {of_noise:.1%}: little of it is colour.",
            f"Twice the light doubles every pixel: black stays 0. Of the squares of such a change, over "
            f"{len(pixels):,} pixels, one constant a channel accounts for {explained:.1%}.",
        ),
        "the eigenvectors and eigenvalues widely used for ImageNet, and two photographs that scikit-learn carries",
    )
