"""What a run leaves behind: its spec, curves, test score and everything needed to judge or repeat it; and its file.

The file is JSON that anyone can read. Its last field is a checksum: the SHA-256 of the whole file with 64 zeros in the
checksum's place, so that it can be verified without parsing anything.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import orjson

from cnnrepro.files import json_text, write_whole
from cnnrepro.runs.spec import RunSpec

# Of the record file; a reader refuses one that it does not know. Format 1 had no checksums.
FORMAT = 2
READABLE = (1, FORMAT)

DONE, FAILED, RUNNING = "done", "failed", "running"
STATUSES = (DONE, FAILED, RUNNING)

INTERRUPTED = "interrupted"  # what "running" is called where no living process trains the run

OBJECTS = ("spec", "history", "data", "versions", "machine", "network", "files")

# Failures that the same seed would meet again, and that are therefore results, not accidents.
DIVERGED = "diverged"
ERROR = "error"


@dataclass(frozen=True)
class RunRecord:
    """One run.

    Args:
        key: its name in the store.
        status: "done", "failed" or "running"; "running" is also what a killed process leaves.
        spec: what was asked for.
        history: lists by metric, one value an epoch: ``loss``, ``accuracy``, ``val_loss``, ``val_accuracy``,
            ``learning_rate``, ``seconds`` (training and validation), ``images_per_second`` (training alone),
            ``first_step_seconds`` (of those of training: the first step, or those that are taken at once with it; in a
            process's first epoch it is traced; later records alone have it). Losses are cross-entropies of the labels
            as they are, also where a recipe smooths them.
        test: ``accuracy``, ``loss`` and ``images``, read once after the last epoch, and of each probe ``accuracy_PROBE``
            and ``loss_PROBE`` (``accuracy_shift_4``); None before.
        failure: why and where a failed run ended, with ``kind`` "diverged" or "error"; None otherwise.
        precision: the number format that was used.
        backend: Keras's.
        parameters: trainable and moving parameters of the model.
        data: name, fingerprint and sizes of the splits, mean and standard deviation of the pixels.
        versions: of Python, Keras and the libraries that decide numbers.
        machine: processor, cores, memory, GPUs.
        commit: of the checkout the code came from, with "+changes" where files differed; None outside of one.
        started: UTC, ISO 8601.
        wall_seconds: of all sessions together, start-up of the network included.
        sessions: 1, and one more for every time the run was resumed.
        jit_compile: whether XLA compiled the step.
        network: of a network of one's own its Keras configuration and digests of its code; empty for others.
        files: SHA-256 of the files beside the record, by name; empty where an older version wrote them.
    """

    key: str
    status: str
    spec: RunSpec
    history: Mapping[str, list[float]] = field(default_factory=dict)
    test: Mapping[str, float] | None = None
    failure: Mapping[str, object] | None = None
    precision: str = "float32"
    backend: str = "tensorflow"
    parameters: int = 0
    data: Mapping[str, object] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    machine: Mapping[str, object] = field(default_factory=dict)
    commit: str | None = None
    started: str = ""
    wall_seconds: float = 0.0
    sessions: int = 1
    jit_compile: bool = False
    network: Mapping[str, object] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def epochs_done(self) -> int:
        """Epochs whose results are in the history."""
        return len(self.history.get("loss", ()))

    @property
    def has_ended(self) -> bool:
        """Whether nothing is left to train. A run that diverged is a result; one that met an error is tried again."""
        if self.status == FAILED:
            return (self.failure or {}).get("kind") == DIVERGED
        return self.status == DONE

    def state(self, active: bool) -> str:
        """The status as people are told it: a run that no living process trains (``active``) was interrupted."""
        return INTERRUPTED if self.status == RUNNING and not active else self.status

    def sentence(self) -> str:
        """What came out of a finished run: "resnet20 on mnist_5k, seed 0: test accuracy 0.95, …"."""
        test = self.test or {}
        scores = [f"test accuracy {test['accuracy']:.4f}", f"test loss {test['loss']:.4f}"]
        for name in ("top5_error", "ten_crop_top1_error", "ten_crop_top5_error"):
            scores += [f"{name.replace('_', ' ')} {test[name]:.2%}"] if name in test else []
        partial = f"; {self.data['partial']}" if "partial" in self.data else ""
        return f"{self.spec.title()}: {', '.join(scores)} on {test['images']:,} images{partial}"

    def with_(self, **changes: object) -> RunRecord:
        """A copy with some fields changed."""
        return replace(self, **changes)

    def to_dict(self) -> dict:
        """Plain values for JSON."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        if not self.network:
            del values["network"]
        return {"format": FORMAT, **values, "spec": self.spec.to_dict()}

    @classmethod
    def from_dict(cls, values: Mapping) -> RunRecord:
        """The record that ``to_dict`` wrote, today's or an older version's: what that did not know is at its default.

        Raises:
            ValueError: another format, a missing field or one that is not known.
        """
        if not isinstance(values, Mapping):
            raise ValueError(f"a JSON object was expected. Received: {type(values).__name__}")
        values = dict(values)
        received = values.pop("format", None)
        values.pop("checksum", None)  # of the file, which whoever read it has looked at
        if received not in READABLE:
            raise ValueError(f"a record of format {FORMAT} or older was expected. Received: format {received!r}")
        if values.get("status") not in STATUSES:
            raise ValueError(f"status must be one of {', '.join(STATUSES)}. Received: {values.get('status')!r}")
        for name in OBJECTS:
            if not isinstance(values.get(name, {}), dict):
                raise ValueError(f"{name} must be a JSON object. Received: {values[name]!r}")
        if not all(isinstance(curve, list) for curve in values.get("history", {}).values()):
            raise ValueError("history must hold lists of numbers")
        try:
            values["spec"] = RunSpec.from_dict(values["spec"])
            return cls(**values)
        except (KeyError, TypeError) as error:
            raise ValueError(f"fields are missing or unknown ({error})") from error


_BLANK = "0" * 64
_CHECKSUM = re.compile(rb'"checksum": "([0-9a-f]{64})"\s*}\s*\Z')
_TAIL = 120  # bytes at the end in which the checksum lies


def write_record(path: Path, record: RunRecord, check: Callable[[], object] | None = None) -> None:
    """Write a record, whole or not at all; ``check`` is called before it takes its place, and may raise."""
    blank = (json_text({**record.to_dict(), "checksum": _BLANK}, indent=1) + "\n").encode()
    head, tail = blank[:-_TAIL], blank[-_TAIL:]
    text = head + tail.replace(_BLANK.encode(), hashlib.sha256(blank).hexdigest().encode())
    write_whole(path, lambda file: file.write(text), before_move=check)


def read_record(path: Path | str) -> RunRecord:
    """The record in a file.

    Raises:
        OSError: as the disk says.
        ValueError: damaged, or of a format that is not known; says which.
    """
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - ten thousand records feel pathlib and a buffer
        text = file.read()
    try:
        values = orjson.loads(text)  # a fifth of the time that json takes, but it knows no NaN
    except orjson.JSONDecodeError:
        values = json.loads(text)
    if isinstance(values, dict) and values.get("format") == FORMAT and values.get("checksum") != _checksum(text):
        raise ValueError("its checksum does not fit; it was changed after it was written")
    if isinstance(values, dict) and (b'"NaN"' in text or b'Infinity"' in text):
        values |= {name: _numbers(values[name]) for name in ("history", "test") if name in values}
    return RunRecord.from_dict(values)


def _numbers(value: object) -> object:
    """Values with the numbers that JSON has no word for in place of the texts that stand for them."""
    if isinstance(value, dict):
        return {name: _numbers(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    return float(value) if isinstance(value, str) and value in ("NaN", "Infinity", "-Infinity") else value


def _checksum(text: bytes) -> str:
    """The checksum that a record's file should carry; "" where it carries none."""
    text = text.replace(b"\r\n", b"\n")  # a checkout on Windows may have changed the ends of lines
    tail = text[-_TAIL:]
    match = _CHECKSUM.search(tail)
    if not match:
        return ""
    start = len(text) - len(tail) + match.start(1)
    return hashlib.sha256(text[:start] + _BLANK.encode() + text[start + 64 :]).hexdigest()


def record_format(path: Path) -> int | None:
    """The format that a record says it has; None where it says none, or cannot be parsed. OSError as the disk says."""
    try:
        values = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return None
    number = values.get("format") if isinstance(values, dict) else None
    return number if isinstance(number, int) else None


def is_foreign(path: Path) -> bool:
    """Whether a record is of a format that this version does not know, or cannot even be read from the disk.

    Such a record may be whole, so nothing here may move it.
    """
    try:
        number = record_format(path)
    except OSError:
        return True
    return number is not None and number not in READABLE


def sha256_of(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def has_sha256(path: Path, expected: str) -> bool:
    """Whether a file has a checksum; False also where it is missing, a folder, or cannot be read."""
    try:
        return sha256_of(path) == expected
    except OSError:
        return False
