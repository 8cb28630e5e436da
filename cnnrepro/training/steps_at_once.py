"""How many steps TensorFlow takes before Python looks at them again.

To come back costs 1.5 ms a step on 2 cores: a fifth of a LeNet-5's, nothing of a ResNet's. The numbers are the same to
the bit; what comes later is a look at the loss, a move of the progress bar, and the end after Ctrl-C.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from cnnrepro import models
from cnnrepro.recipes.catalogue import recipe

if TYPE_CHECKING:
    from cnnrepro.training.resolve import ResolvedRun

MOST = 16
# Floating-point operations of what is done at once: half a second at 40 GFLOP/s, the rate at which 2 cores train a
# LeNet-5; networks with more channels come to 150.
OPERATIONS = 2e10
# A training step computes each layer forwards once and backwards twice: for its inputs and for its weights.
PASSES = 3


def steps_at_once(run: ResolvedRun) -> int:
    """Steps of one call: 1 where a step takes long, where something is done between them (a rate that changes within
    epochs, averages of other momenta), and where another backend would compile each of them.
    """
    each = run.spec.momenta or recipe(run.spec.recipe).schedule.within_epochs
    if run.backend != "tensorflow" or each:
        return 1
    size = run.feed.size
    cost = _multiply_adds(run.spec.model, (size, size, run.splits.canvas[2]), run.classes, run.spec.options)
    if not cost:
        return 1
    return max(1, min(MOST, int(OPERATIONS / (PASSES * 2 * cost * run.spec.batch_size))))


@lru_cache(maxsize=256)
def _multiply_adds(model: str, shape: tuple[int, int, int], classes: int, options: tuple) -> int:
    """Of one image, as far as they are known; 0 where the network cannot be followed."""
    from cnnrepro import anatomy

    try:
        return anatomy.trace(models.outline(model, shape, classes, **dict(options))).totals.known_multiply_adds
    except Exception:  # code of the user's own may hold what nobody here has thought of
        return 0
