"""What our layers cost beside TensorFlow's and Keras's own, forward and backward.

    python benchmarks/layers.py [--repeats 9] [--json FILE]

Each repeat times both sides in turn, in one process, after two calls that are not counted: images per second of one
forward and backward pass in a tf.function, as in training. Local response normalisation is timed on the maps behind
AlexNet's first convolution, the convolution in two groups is its second. A ratio above 1 means ours is ahead.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import typer
from side_by_side import JsonFile, Pair, Repeats, report

# (row, name of the peer, input shape)
LRN = ("local response normalisation", "tf.nn.local_response_normalization", (64, 55, 55, 96))
GROUPED = ("convolution in two groups", "keras.layers.Conv2D(groups=2)", (8, 27, 27, 96))


def pass_through(layer: Callable, shape: tuple[int, ...]) -> Callable[[], float]:
    """A function that gives the images/s of one pass forward and backward, to the input and to the weights."""
    import tensorflow as tf

    random = tf.random.Generator.from_seed(0)
    images = tf.nn.relu(random.normal(shape))
    weights = getattr(layer, "trainable_weights", [])
    upstream = random.normal(layer(images).shape)

    @tf.function
    def both_ways(images, upstream):
        with tf.GradientTape() as tape:
            tape.watch(images)
            output = layer(images)
        gradients = tape.gradient(output, [images, *(weight.value for weight in weights)], upstream)
        return [output, *gradients]

    def images_per_second() -> float:
        began = time.perf_counter()
        for tensor in both_ways(images, upstream):
            tf.reshape(tensor, [-1])[0].numpy()  # wait for it, without a copy
        return shape[0] / (time.perf_counter() - began)

    for _ in range(2):
        images_per_second()
    return images_per_second


def sides() -> list[tuple[str, str, Callable[[], float], Callable[[], float]]]:
    """For each row its name, its peer's name, and both sides ready to be timed."""
    import tensorflow as tf

    from cnnrepro.engine import keras
    from cnnrepro.layers import GroupedConv2D, LocalResponseNormalization

    def tensorflows(x):
        return tf.nn.local_response_normalization(x, depth_radius=2, bias=2.0, alpha=1e-4, beta=0.75)

    grouped = {"filters": 256, "kernel_size": 5, "groups": 2, "padding": "same"}
    lrn, convolution = LRN[2], GROUPED[2]
    return [
        (*LRN[:2], pass_through(LocalResponseNormalization(), lrn), pass_through(tensorflows, lrn)),
        (
            *GROUPED[:2],
            pass_through(GroupedConv2D(**grouped), convolution),
            pass_through(keras.layers.Conv2D(**grouped), convolution),
        ),
    ]


def main(repeats: Repeats = 9, json_file: JsonFile = None) -> None:
    """Measure and print."""
    report(
        (
            Pair(f"{name}, forward and backward, images/s", peer_name, ours, peer)
            for name, peer_name, ours, peer in sides()
        ),
        repeats,
        json_file,
    )


if __name__ == "__main__":
    typer.run(main)
