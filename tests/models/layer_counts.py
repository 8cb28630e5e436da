"""What tests read off a network, counted here from its weights and shapes and not by the trace."""

import functools
import math

from cnnrepro.models import outline

outlined = functools.cache(outline)  # no test changes an outline


def shapes(model):
    """Of each layer's output, without the batch axis."""
    return {layer.name: tuple(layer.output.shape[1:]) for layer in model.layers}


def counts(model):
    """Parameters of each layer that has some."""
    return {layer.name: layer.count_params() for layer in model.layers if layer.count_params()}


def of_kinds(model, *kinds):
    return [layer for layer in model.layers if isinstance(layer, kinds)]


def trainable(model, *starts):
    """Trainable parameters of the layers whose names start so; of all where nothing is given."""
    layers = [layer for layer in model.layers if layer.name.startswith(starts or "")]
    return sum(math.prod(weight.shape) for layer in layers for weight in layer.trainable_weights)


def multiply_adds(model):
    """Over all convolutions and dense layers: filter size, channels of the filter's group, filters, positions."""
    weighted = [layer for layer in model.layers if getattr(layer, "kernel", None) is not None]
    return sum(math.prod(layer.kernel.shape) * math.prod(layer.output.shape[1:-1]) for layer in weighted)
