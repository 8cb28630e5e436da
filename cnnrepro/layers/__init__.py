"""Keras layers that the classic networks need and Keras lacks, or computes slowly; mostly ``keras.ops`` alone."""

from cnnrepro.layers.batch_normalization import BatchNormalization
from cnnrepro.layers.convolution import Conv2D
from cnnrepro.layers.grouped_conv import GroupedConv2D
from cnnrepro.layers.l2_pooling import L2Pooling2D
from cnnrepro.layers.lenet5_layers import RadialBasis, TableConv2D, TrainableSubsampling2D, scaled_tanh
from cnnrepro.layers.normalization import LocalResponseNormalization
from cnnrepro.layers.shortcut import IdentityShortcut

__all__ = [
    "BatchNormalization",
    "Conv2D",
    "GroupedConv2D",
    "IdentityShortcut",
    "L2Pooling2D",
    "LocalResponseNormalization",
    "RadialBasis",
    "TableConv2D",
    "TrainableSubsampling2D",
    "scaled_tanh",
]
