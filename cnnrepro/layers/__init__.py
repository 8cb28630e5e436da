"""Keras layers that the classic networks need and Keras lacks, written in ``keras.ops`` alone."""

from cnnrepro.layers.grouped_conv import GroupedConv2D
from cnnrepro.layers.l2_pooling import L2Pooling2D
from cnnrepro.layers.lenet5_layers import RadialBasis, TableConv2D, TrainableSubsampling2D, scaled_tanh
from cnnrepro.layers.normalization import LocalResponseNormalization
from cnnrepro.layers.shortcut import IdentityShortcut

__all__ = [
    "GroupedConv2D",
    "IdentityShortcut",
    "L2Pooling2D",
    "LocalResponseNormalization",
    "RadialBasis",
    "TableConv2D",
    "TrainableSubsampling2D",
    "scaled_tanh",
]
