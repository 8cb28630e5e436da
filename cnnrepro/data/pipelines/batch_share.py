"""What one of several workers reads of each batch: its own contiguous slice.

The order of an epoch and what is drawn for each image follow from (seed, epoch, number of the image), so a worker that
cuts its slices out of the whole order reads, and augments, only its own images, and makes the pictures that one process
alone would make of them. The last batch of an epoch may be smaller. Where the devices can divide it they do; where not,
every worker takes the whole of it, as a batch with padding in it would have another mean and other batch statistics.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Share:
    """Which worker reads, of how many.

    Args:
        worker: from 0 up.
        workers: how many there are.
        devices: those of all workers together; a multiple of ``workers``.
    """

    worker: int = 0
    workers: int = 1
    devices: int = 1

    def is_divided(self, images: int) -> bool:
        """Whether a batch of so many images is divided among the devices; otherwise each has the whole of it."""
        return images % self.devices == 0

    def pieces(self, order: np.ndarray, batch_size: int) -> list[tuple[np.ndarray, int]]:
        """What this worker reads in an epoch, one after the other.

        Args:
            order: (N,) positions of an epoch, of all workers.
            batch_size: images a batch, of all workers; the devices can divide it.

        Returns:
            Positions, and how many of them make a batch here; each batch of a piece has that size.
        """
        if self.workers == 1:
            return [(order, batch_size)]
        whole = len(order) // batch_size * batch_size
        found = [(self._slice(order[:whole], batch_size), batch_size // self.workers)] if whole else []
        rest = order[whole:]
        if len(rest):
            own = self._slice(rest, len(rest)) if self.is_divided(len(rest)) else rest
            found.append((own, len(own)))
        return found

    def _slice(self, order: np.ndarray, batch_size: int) -> np.ndarray:
        """This worker's contiguous part of every batch; (N,) -> (N / workers,)."""
        return order.reshape(-1, self.workers, batch_size // self.workers)[:, self.worker].reshape(-1)


WHOLE = Share()
