"""Keras layers that the classic networks need and Keras lacks, written in ``keras.ops`` alone."""

from cnnrepro.layers.shortcut import IdentityShortcut

__all__ = ["IdentityShortcut"]
