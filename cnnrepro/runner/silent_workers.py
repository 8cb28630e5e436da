"""Replaces the workers of this machine that give no sign of life: stopped (SIGSTOP), or stuck beyond help.

Dask has a limit of its own for that (``worker-ttl``), which compares times of day: when the clock is set forward, every
worker looks silent. Here a sign of life is that Dask's word of when a worker was last heard changes at all, and silence
is counted in looks at it; so a batch that was itself stopped for an hour holds that hour against nobody.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import psutil
from distributed.scheduler import heartbeat_interval

if TYPE_CHECKING:
    from distributed import LocalCluster

LOOK_SECONDS = 0.5  # between two looks
BEATS = 10  # that a worker may miss at the least, however short the limit is


@contextlib.contextmanager
def replaced(cluster: LocalCluster, seconds: float) -> Iterator[None]:
    """While the block runs end every worker that was silent for so long; its nanny starts another in its place.

    Args:
        cluster: of this machine.
        seconds: of silence.
    """
    ended = threading.Event()
    watching = threading.Thread(target=_watch, args=(cluster, seconds, ended), daemon=True, name="cnnrepro-silence")
    watching.start()
    try:
        yield
    finally:
        ended.set()
        watching.join()


def _watch(cluster: LocalCluster, seconds: float, ended: threading.Event) -> None:
    limit = max(seconds, BEATS * heartbeat_interval(len(cluster.workers)))
    heard: dict[object, tuple[str, float]] = {}
    silent: dict[object, float] = {}
    while not ended.wait(LOOK_SECONDS):
        for name, nanny in list(cluster.workers.items()):
            address, known = nanny.worker_address, cluster.scheduler.workers
            sign = (address, known[address].last_seen) if address in known else None
            silent[name] = silent[name] + LOOK_SECONDS if sign and heard.get(name) == sign else 0.0
            heard[name] = sign
            if silent[name] >= limit and nanny.pid:
                silent[name] = 0.0
                with contextlib.suppress(psutil.NoSuchProcess):
                    psutil.Process(nanny.pid).kill()
