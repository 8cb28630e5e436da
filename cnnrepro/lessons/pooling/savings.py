"""What pools cost and save: parameters and multiply-adds of networks with them and without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cnnrepro import anatomy
from cnnrepro.claims.check_helpers.wording import shape_text
from cnnrepro.claims.checks.pooling import with_dense_head, with_global_average
from cnnrepro.engine import keras
from cnnrepro.layers import L2Pooling2D, TrainableSubsampling2D


@dataclass(frozen=True)
class PartCosts:
    """What a network takes, in three parts: its convolutions, its first dense layer and the rest."""

    name: str
    parameters: tuple[int, int, int]
    multiply_adds: tuple[int, int, int]


def costs() -> list[PartCosts]:
    """Six convolutions on 32x32x3 with three pools and without; then a dense layer, or a mean over the whole map."""
    return [
        _part_costs(f"{head}, {'three pools' if pools else 'no pool'}", build(pools))
        for head, build in (("dense head", with_dense_head), ("global average", with_global_average))
        for pools in (False, True)
    ]


def _part_costs(name: str, model: keras.Model) -> PartCosts:
    parameters, work = [0, 0, 0], [0, 0, 0]
    for row in anatomy.trace(model):
        part = 0 if row.kind == "Conv2D" else 1 if row.name == "fc1" else 2
        parameters[part] += row.parameters
        work[part] += row.multiply_adds
    return PartCosts(name, tuple(parameters), tuple(work))


def cost_rows(costs: Sequence[PartCosts]) -> list[tuple[str, int, int]]:
    """A table of networks: name, parameters, multiply-adds."""
    return [(cost.name, sum(cost.parameters), sum(cost.multiply_adds)) for cost in costs]


def pool_parameters() -> list[tuple[str, str, int]]:
    """Layers that pool 28x28x6: the layer, its output, its parameters."""
    layers = (keras.layers.MaxPooling2D(2), keras.layers.AveragePooling2D(2), L2Pooling2D(2), TrainableSubsampling2D())
    outputs = [layer(keras.Input((28, 28, 6))) for layer in layers]
    return [
        (type(layer).__name__, shape_text(output.shape[1:]), layer.count_params())
        for layer, output in zip(layers, outputs, strict=True)
    ]
