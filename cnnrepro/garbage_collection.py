"""Python's garbage collector, kept from going again and again through objects that stay.

It looks for objects that nothing but each other refers to. The more of them there are, the longer each look takes, and
half a million come with TensorFlow and Keras and stay as long as the process lives.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def paused() -> Iterator[None]:
    """Make many objects that stay without a look at them; then it is as before."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def set_apart() -> None:
    """Never look again at what is in memory now.

    Such an object still goes when nothing refers to it; one that is part of a circle stays.
    """
    gc.freeze()
