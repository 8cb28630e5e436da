"""What one pass of a fully convolutional network saves beside classifying every crop of a larger image.

    python benchmarks/dense_to_convolution.py [--repeats 7] [--json FILE]

Both sides give the same predictions, from the same weights, on the same pixels: ours is one call of
`anatomy.convolutionalize(model)` on the whole image, the peer `model.predict_on_batch` on the crops at the effective
stride, all in one batch, cut out before the clock starts. Each repeat times both in turn, in one process, after a
warm-up call of each; a time is the mean over as many calls as fill a tenth of a second. "images/s" counts the
larger images. A ratio above 1 means ours is ahead. The networks are small: much of a time is the call itself, on both
sides alike, and the saving in arithmetic is larger than the ratio.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
import typer
from side_by_side import JsonFile, Pair, Repeats, report

SIDE = 28  # pixels of a crop, as in MNIST
POSITIONS = (5, 9, 17)  # crops in each direction; with a stride of 4 the images have 44, 60 and 92 pixels a side
LEAST_SECONDS = 0.1


def strided():
    """Strides in place of pools: 4,000 parameters and little work a crop."""
    from cnnrepro.engine import keras

    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 1)),
            layers.Conv2D(8, 4, strides=2, activation="relu"),  # 13
            layers.Conv2D(16, 3, strides=2, activation="relu"),  # 6
            layers.Flatten(),
            layers.Dense(10),
        ],
        name="strided",
    )


def lenet():
    """The common modern form of LeNet-5 without padding, at 28 pixels."""
    from cnnrepro.engine import keras

    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 1)),
            layers.Conv2D(6, 5, activation="relu"),  # 24
            layers.MaxPooling2D(),  # 12
            layers.Conv2D(16, 5, activation="relu"),  # 8
            layers.MaxPooling2D(),  # 4
            layers.Flatten(),
            layers.Dense(120, activation="relu"),
            layers.Dense(84, activation="relu"),
            layers.Dense(10),
        ],
        name="lenet",
    )


def seconds(call: Callable[[], object]) -> float:
    """Of one call, as the mean over enough of them."""
    began, calls = time.perf_counter(), 0
    while time.perf_counter() - began < LEAST_SECONDS:
        call()
        calls += 1
    return (time.perf_counter() - began) / calls


def pair(model, positions: int) -> Pair:
    """One pass beside all crops, in images/s."""
    from cnnrepro.anatomy.dense_to_convolution import convolutionalize, crops, effective_stride

    network = convolutionalize(model)
    stride = effective_stride(network, (SIDE, SIDE))
    side = SIDE + (positions - 1) * stride[0]
    image = np.random.default_rng(0).normal(size=(side, side, 1)).astype("float32")
    pieces = crops(image, SIDE, stride)

    def whole():
        return network.predict_on_batch(image[None])

    def cropped():
        return model.predict_on_batch(pieces)

    np.testing.assert_allclose(whole().reshape(-1, 10), cropped(), rtol=1e-4, atol=1e-4)
    return Pair(
        f"{model.name}, {side} px, {len(pieces)} crops, images/s",
        "keras.Model.predict_on_batch on all crops",
        lambda: 1 / seconds(whole),
        lambda: 1 / seconds(cropped),
    )


def pairs() -> Iterator[Pair]:
    """Both networks on growing images, built when their turn comes."""
    from cnnrepro.engine import keras

    for build in (strided, lenet):
        keras.utils.set_random_seed(0)
        model = build()
        for positions in POSITIONS:
            yield pair(model, positions)


def main(repeats: Repeats = 7, json_file: JsonFile = None) -> None:
    """Measure and print."""
    report(pairs(), repeats, json_file)


if __name__ == "__main__":
    typer.run(main)
