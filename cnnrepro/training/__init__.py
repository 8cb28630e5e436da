"""``train``: from a spec to its record."""

from cnnrepro.training.loop import train

__all__ = ["train"]
