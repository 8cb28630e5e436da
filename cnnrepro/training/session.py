"""What one training works with besides its run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnrepro.runs.lease import Claim
from cnnrepro.runs.record import RunRecord
from cnnrepro.runs.store import RunStore
from cnnrepro.training.devices import SingleDevice
from cnnrepro.training.progress import Progress
from cnnrepro.training.stop import StopRequest
from cnnrepro.training.trackers.table import Trackers

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Session:
    """Where a training writes, by what right, who watches, stops and shares it.

    ``claim`` is None until there is one.
    """

    store: RunStore
    claim: Claim | None
    progress: Progress
    stop: StopRequest
    trackers: Trackers
    keep_weights: bool
    devices: SingleDevice

    def put(self, record: RunRecord, predictions: pd.DataFrame | None = None) -> RunRecord:
        """Write the record, as long as the run is this process's."""
        return self.store.put(record, predictions, check=self.claim.check)
