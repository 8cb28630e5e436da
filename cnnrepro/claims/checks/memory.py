"""Checks of memory and work: activations against weights, and what AlexNet's training asked of its two cards."""

from __future__ import annotations

from cnnrepro import anatomy
from cnnrepro.anatomy import Trace
from cnnrepro.claims.check_helpers.networks import traced
from cnnrepro.claims.verdict import (
    DOES_NOT_HOLD,
    HOLDS,
    HOLDS_IF,
    NOT_CHECKABLE,
    Part,
    Verdict,
    conclude_parts,
    right_or_wrong,
)
from cnnrepro.engine import keras, without_weights

PER_PARAMETER = 3 * 4  # weight, gradient and momentum in float32
BATCH = 128


def activation_memory(rows: Trace) -> tuple[int, int]:
    """Bytes of the activations of one image, forward and in training with their gradients; as `inspect` has them."""
    return rows.totals.activation_bytes, rows.totals.training_bytes


def weight_memory(rows: Trace) -> int:
    """Bytes of weights, their gradients and the momentum."""
    return PER_PARAMETER * rows.totals.trainable_parameters


def activations_dominate() -> Verdict:
    """Statement 21: small filters make large activation volumes and much memory."""
    rows = {name: traced(name) for name in ("vgg16", "alexnet")}
    forward, training = zip(*(activation_memory(network) for network in rows.values()), strict=True)
    weights = [weight_memory(network) for network in rows.values()]
    images = [weight // each + 1 for weight, each in zip(weights, training, strict=True)]
    two = [rows["vgg16"][name] for name in ("conv1_1", "conv1_2")]
    first, learned = sum(row.activation_bytes for row in two), sum(row.parameters for row in two)
    stacked, single = _stack(3, 3), _stack(1, 7)
    more = [activation_memory(network)[0] - 56 * 56 * 64 * 4 for network in (stacked, single)]  # without the input
    at_one = [least <= 1 for least in images]
    at_batch = [least <= BATCH for least in images]
    condition = all(at_batch) and not any(at_one)
    return conclude_parts(
        21,
        (
            Part(
                right_or_wrong([more[0] > more[1]]),
                f"Three 3x3 layers in place of one 7x7 (64 channels, 56x56) have {more[0] / more[1]:.0f} times the "
                f"activations.",
            ),
            Part(
                HOLDS_IF if condition else right_or_wrong(at_one),
                f"Activations with their gradients take more than weights, gradients and momentum in batches of at "
                f"least {images[0]} images for VGG-16 and {images[1]} for AlexNet.",
            ),
        ),
        (
            f"VGG-16: {forward[0] / 1e6:.1f} MB an image forward and {training[0] / 1e6:.1f} MB in training, against "
            f"{weights[0] / 1e6:,.0f} MB for weights, gradients and momentum; {BATCH} images take "
            f"{BATCH * training[0] / 1e9:.1f} GB.",
            f"AlexNet: {forward[1] / 1e6:.1f} MB and {training[1] / 1e6:.1f} MB, against {weights[1] / 1e6:,.0f} MB; "
            f"{BATCH} images take {BATCH * training[1] / 1e9:.1f} GB.",
            f"The first two convolutions of VGG-16 hold {first / forward[0]:.0%} of its activations and "
            f"{learned / rows['vgg16'].totals.parameters:.2%} of its parameters.",
            f"Three 3x3 layers in place of one 7x7 have {stacked.totals.parameters / single.totals.parameters:.2f} "
            f"times the parameters.",
        ),
        "cnnrepro's vgg16 at 224x224x3 and alexnet at 227x227x3, float32, ReLU and dropout in place",
    )


def _stack(count: int, size: int) -> Trace:
    def build() -> keras.Model:
        image = x = keras.Input((56, 56, 64))
        for _ in range(count):
            x = keras.layers.Conv2D(64, size, padding="same")(x)
        return keras.Model(image, x)

    return anatomy.trace(without_weights(build))


# Statement 55: what S1 says of the training, and the images of an epoch that it gives.
EPOCHS, DAYS, CARDS, CARD_BYTES, IMAGES = 90, 6, 2, 3 * 2**30, 1_200_000
# What the paper says itself (Krizhevsky, Sutskever and Hinton 2012, sections 1 and 5): “five to six days on two NVIDIA
# GTX 580 3GB GPUs”.
THEIR_DAYS, THEIR_CARDS = (5, 6), 2
# A GTX 580: 512 cores, a multiply and an add a clock, 1.544 GHz (NVIDIA's specification).
PEAK = 512 * 2 * 1.544e9
PASSES = 3  # forward, and backward to inputs and to weights


def alexnet_training() -> Verdict:
    """Statement 55: 90 epochs in six days on two GTX 580 with 3 GB: possible?"""
    rows = traced("alexnet")
    rate = EPOCHS * IMAGES / (DAYS * 86_400)
    needed = rate * rows.totals.multiply_adds * 2 * PASSES
    share = needed / (CARDS * PEAK)
    images, weights = BATCH * activation_memory(rows)[1], weight_memory(rows)
    each = (images + weights) / CARDS
    least, most = THEIR_DAYS
    return conclude_parts(
        55,
        (
            Part(
                right_or_wrong([CARDS == THEIR_CARDS, each < CARD_BYTES]),
                f"The paper says {THEIR_CARDS} such cards; a batch takes {each / 1e9:.1f} of "
                f"{CARD_BYTES / 1e9:.1f} GB of each.",
            ),
            Part(
                DOES_NOT_HOLD if not least <= DAYS <= most else HOLDS if least == most else HOLDS_IF,
                f"The paper says {least} to {most} days, the note {DAYS}.",
            ),
            Part(
                NOT_CHECKABLE if share < 1 else DOES_NOT_HOLD,
                f"{EPOCHS} epochs in that time ask {rate:.0f} images a second, {share:.0%} of the cards' peak. To "
                f"check it takes ImageNet and such cards.",
            ),
        ),
        (
            f"{EPOCHS} epochs of {IMAGES:,} images in {DAYS} days are {rate:.1f} images a second.",
            f"At {rows.totals.multiply_adds:,} multiply-adds an image and {PASSES} passes that is {needed / 1e12:.2f} "
            f"TFLOP/s, {share:.0%} of {CARDS} times {PEAK / 1e12:.3f}.",
            f"A batch of {BATCH} takes {images / 1e9:.2f} GB for activations and gradients and {weights / 1e9:.2f} GB "
            f"for weights, gradients and momentum: {each / 1e9:.2f} GB a card, if split evenly.",
            f"It takes {IMAGES:,} labelled images, {EPOCHS * IMAGES / 1e6:.0f} million training steps of one image, "
            f"and {CARDS} cards of 2010.",
        ),
        "the paper, cnnrepro's alexnet, built at 227x227x3, and the specification of the cards",
    )
