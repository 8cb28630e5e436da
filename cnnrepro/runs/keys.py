"""The key of a run: the hash that names its folder."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING

from cnnrepro import data, models
from cnnrepro.errors import UsageError, brief
from cnnrepro.recipes.catalogue import recipe
from cnnrepro.runs.spec import RunSpec

if TYPE_CHECKING:
    from cnnrepro.runs.record import RunRecord

# Counts the changes of the training code that move numbers (loop, loss, standardisation, order of the data). Part of
# every key, so that a record is never taken for what today's code would give. A golden test fails when the numbers
# move and this does not.
TRAINING_VERSION = 2

KEY = re.compile(r"[0-9a-f]{16}")


def run_key(spec: RunSpec, *, fingerprint: str, precision: str, backend: str) -> str:
    """The key of a run: 16 hexadecimal digits of a SHA-256 over all that decides its numbers.

    Args:
        spec: the run.
        fingerprint: of the data it trains and is tested on.
        precision: what "auto" came to on this machine.
        backend: Keras's; initial weights differ between backends.
    """
    decides = {
        "spec": _keyed(spec) | {"precision": precision},
        "recipe": recipe(spec.recipe).to_dict(),
        "data": fingerprint,
        "backend": backend,
        "model_version": models.entry(spec.model).version,
        "training_version": TRAINING_VERSION,
    }
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:16]


def key_today(record: RunRecord) -> str:
    """The key that today's code gives a record's spec, data, precision and backend; another where numbers have moved.

    Raises:
        UsageError: the record lacks its fingerprint, or names what is not known today.
    """
    if "fingerprint" not in record.data:
        raise UsageError(f"The record {record.key} has no fingerprint of its data.")
    fingerprint = record.data["fingerprint"]
    return run_key(record.spec, fingerprint=fingerprint, precision=record.precision, backend=record.backend)


def _keyed(spec: RunSpec) -> dict:
    """The fields of a spec that decide its numbers, for its key.

    Fields that came later are left out at their default, so that older records keep their keys. Where a folder lies
    decides nothing, and neither does ``on_error``: the fingerprint of the data says what was read.
    """
    values = spec.to_dict() | {"options": models.keyed_options(spec.model, dict(spec.options))}
    del values["on_error"]
    if values["pipeline"] == "plain":
        del values["pipeline"]
    else:
        values["pipeline"] = data.pipeline(spec.pipeline).to_dict()
    if values["canvas"] is None:
        del values["canvas"]
    if network := values.pop("network", None):
        values["model"] = f"network {network}"  # not where it comes from
    if spec.dataset.startswith(data.FOLDER):
        values["dataset"] = data.FOLDER
    return values


def check_key(key: str) -> str:
    """The key; raises UsageError for anything else, so that no other folder is ever meant."""
    if not KEY.fullmatch(key):
        raise UsageError(f"A run's key has 16 hexadecimal digits. Received: {brief(key)}")
    return key
