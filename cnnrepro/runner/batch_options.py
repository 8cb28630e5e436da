"""How the runs of a batch are trained, and what became of each."""

from __future__ import annotations

from dataclasses import dataclass

from cnnrepro.errors import UsageError

FOUND, TRAINED, FAILED, STOPPED = "found", "trained", "failed", "stopped"


@dataclass(frozen=True)
class BatchOptions:
    """How a batch is trained.

    Args:
        jobs: runs side by side; with a scheduler that is for its workers to say.
        scheduler: address of a running Dask scheduler; None for a cluster of this machine's own.
        retry: how often a run that met an error is tried again.
        fail_fast: end with the first run that fails.
        memory: bytes that a worker of this machine may take; None for an equal share.
    """

    jobs: int = 1
    scheduler: str | None = None
    retry: int = 0
    fail_fast: bool = False
    memory: int | None = None

    @property
    def side_by_side(self) -> bool:
        """Whether a cluster is wanted at all."""
        return self.jobs > 1 or self.scheduler is not None


@dataclass(frozen=True)
class RunOutcome:
    """What became of a run of the batch.

    Args:
        status: "found" (the store had it), "trained", "failed" or "stopped" (at a checkpoint, or before it began).
        message: for people: the scores, or the reason.
    """

    status: str
    message: str = ""


def parse_memory(text: str | None) -> int | None:
    """A size as people write it ("4GiB", "500 MB") in bytes; raises UsageError for anything else."""
    from dask.utils import parse_bytes

    if text is None:
        return None
    try:
        size = parse_bytes(text)
    except ValueError:
        size = 0
    if size <= 0 or not text.strip()[:1].isdigit() or text.strip().isdecimal():  # "GiB" is 1 GiB to Dask, "4" 4 bytes
        raise UsageError(f"--memory must be a size such as 4GiB or 500MB. Received: {text!r}")
    return size
