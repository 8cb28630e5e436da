"""A run as a value, and on disk: the spec that names it, its key, its record, the store that holds them."""

from cnnrepro.runs.keys import run_key
from cnnrepro.runs.record import RunRecord
from cnnrepro.runs.spec import RunSpec
from cnnrepro.runs.store import RunStore

__all__ = ["RunRecord", "RunSpec", "RunStore", "run_key"]
