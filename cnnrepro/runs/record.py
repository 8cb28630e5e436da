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

from cnnrepro.errors import CnnreproError, WorkFailed
from cnnrepro.files import json_text, write_whole
from cnnrepro.runs.spec import LATER, RunSpec

# Of the record file; a reader refuses one that it does not know. Format 1 had no checksums: nothing vouches for such a
# record, so that one of today's, given the old number, must not pass for one.
FORMAT = 2
UNVERIFIED_FORMAT = 1
READABLE = (UNVERIFIED_FORMAT, FORMAT)
_FIELDS_SINCE_2 = {"checksum", "files", "network"}
_CURVES_OF_1 = {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds", "images_per_second"}

DONE, FAILED, RUNNING = "done", "failed", "running"
STATUSES = (DONE, FAILED, RUNNING)

INTERRUPTED = "interrupted"  # what "running" is called where no living process trains the run

FEW_STEPS = 50  # in all: a network has hardly left its initial weights; 5 epochs of mnist_5k are 275

# Failures that the same seed would meet again, and that are therefore results, not accidents.
DIVERGED = "diverged"
ERROR = "error"

DEEPEST = 20  # levels of objects and lists in a record; ours have five
LARGEST = 2**63  # numbers below this fit into the tables and the sums that are made of records
_SHOWN, _REASON = 60, 300  # characters of a bad value, and of a reason, in an error


class UnreadableRecord(WorkFailed):
    """A record that is damaged, or that another version of cnnrepro wrote.

    Args:
        text: for a person.
        foreign: whether it may be whole, and only this version or this process cannot read it; nothing may move it.
    """

    def __init__(self, text: str, *, foreign: bool = False):
        super().__init__(text)
        self.foreign = foreign


# What a field of a record may be: a test, and its words. A tuple is as good as the list that a file has of it. Every
# whole number is below ``LARGEST``.


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_truth(value: object) -> bool:
    return isinstance(value, bool)


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


def _is_number(value: object) -> bool:
    return type(value) in (int, float)


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _is_option(value: object) -> bool:
    return value is None or isinstance(value, (bool, int, float, str)) or _is_list_of(_is_option)(value)


def _is_list_of(one: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, (list, tuple)) and all(map(one, value))


def _is_object_of(one: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, dict) and all(map(one, value.values()))


def _are_curves(value: object) -> bool:
    curves = list(value.values()) if isinstance(value, dict) else [None]
    return (
        all(isinstance(curve, list) and set(map(type, curve)) <= {int, float} for curve in curves)
        and len(set(map(len, curves))) <= 1
        and (not curves or "loss" in value)
    )


TEXT, TRUTH = (_is_text, "a text"), (_is_truth, "true or false")
COUNT, NUMBER = (_is_count, "a whole number of at least 0"), (_is_number, "a number")
OBJECT, TEXTS = (_is_object, "a JSON object"), (_is_object_of(_is_text), "an object of texts")
COUNTS, NUMBERS = (_is_object_of(_is_count), "an object of whole numbers"), (_is_object_of(_is_number), "numbers")
STATUS = (lambda value: value in STATUSES, f"one of {', '.join(STATUSES)}")


def _or_null(kind: tuple[Callable[[object], bool], str]) -> tuple[Callable[[object], bool], str]:
    holds, words = kind
    return lambda value: value is None or holds(value), f"{words}, or null"


# By the way to a field. A field may be missing, as older versions wrote fewer, if NEEDED has not got it.
FIELDS = {
    "key": TEXT,
    "status": STATUS,
    "spec": OBJECT,
    "spec.model": TEXT,
    "spec.dataset": TEXT,
    "spec.recipe": TEXT,
    "spec.seed": COUNT,
    "spec.epochs": _or_null(COUNT),
    "spec.batch_size": _or_null(COUNT),
    "spec.learning_rate": _or_null(NUMBER),
    "spec.precision": TEXT,
    "spec.deterministic": TRUTH,
    "spec.train_images": _or_null(COUNT),
    "spec.options": (_is_object_of(_is_option), "an object of texts, numbers, true, false, null or lists of them"),
    "spec.pipeline": _or_null(TEXT),
    "spec.canvas": _or_null(COUNT),
    "spec.on_error": TEXT,
    "spec.evaluate": TEXT,
    "spec.momenta": (_is_list_of(_is_number), "a list of numbers"),
    "spec.network": TEXT,
    "spec.probes": (_is_list_of(_is_text), "a list of texts"),
    "history": (_are_curves, "an object of lists of numbers, all of one length, with the loss among them"),
    "test": _or_null(NUMBERS),
    "test.images": COUNT,
    "failure": _or_null(OBJECT),
    "failure.kind": TEXT,
    "failure.reason": TEXT,
    "precision": TEXT,
    "backend": TEXT,
    "parameters": COUNT,
    "data": OBJECT,
    "data.name": TEXT,
    "data.fingerprint": TEXT,
    "data.sizes": COUNTS,
    "data.partial": TEXT,
    "versions": TEXTS,
    "machine": OBJECT,
    "machine.settings": TEXTS,
    "commit": _or_null(TEXT),
    "started": TEXT,
    "wall_seconds": NUMBER,
    "sessions": COUNT,
    "jit_compile": TRUTH,
    "network": OBJECT,
    "files": TEXTS,
}
NEEDED = ("key", "status", "spec", "spec.model", "spec.dataset")
NEEDED_WHEN_DONE = ("test", "test.accuracy", "test.loss", "test.images")
_MISSING = object()


def _check_fields(values: Mapping) -> None:
    """Raise UnreadableRecord where a record's file has a field of another type, or lacks one that it needs."""
    for way, (holds, words) in FIELDS.items():
        value = _at(values, way)
        if value is not _MISSING and not holds(value):
            raise UnreadableRecord(f"{way} must be {words}. Received: {_shown(value)}")
    needed = (*NEEDED, *NEEDED_WHEN_DONE) if values.get("status") == DONE else NEEDED
    missing = [way for way in needed if _at(values, way) in (_MISSING, None)]
    if missing:
        raise UnreadableRecord(f"fields are missing: {', '.join(missing)}")


def _at(values: Mapping, way: str) -> object:
    """What lies at "spec.model" of a record's values; ``_MISSING`` where nothing does."""
    outer, _, inner = way.partition(".")
    value = values.get(outer, _MISSING)
    if not inner or value is _MISSING:
        return value
    return value.get(inner, _MISSING) if isinstance(value, dict) else _MISSING


def _check_plain(value: object, levels: int) -> None:
    """Raise UnreadableRecord for what no table, sum or file can be made of, wherever in a record it is."""
    kind = type(value)
    if kind in (dict, list, tuple):
        if not levels:
            raise UnreadableRecord(f"it is nested more than {DEEPEST} levels deep")
        if kind is dict:
            for name in value:
                if not name.isascii() and name != name.encode(errors="replace").decode():
                    raise UnreadableRecord(f"a field has a name that is no text. Received: {_cut(ascii(name), _SHOWN)}")
            value = value.values()
        elif set(map(type, value)) == {float}:
            return
        for item in value:
            _check_plain(item, levels - 1)
    elif kind is int and not -LARGEST <= value < LARGEST:
        raise UnreadableRecord("a number is too large")


def _shown(value: object) -> str:
    """A value for an error."""
    try:
        return _cut(repr(value), _SHOWN)
    except RecursionError:
        return f"a {type(value).__name__} that is nested too deeply"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


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
        test: ``accuracy``, ``loss`` and ``images``, read once after the last epoch, and of each probe
            ``accuracy_PROBE`` and ``loss_PROBE`` (``accuracy_shift_4``); None before.
        failure: why and where a failed run ended, with ``kind`` "diverged" or "error"; None otherwise.
        precision: the number format that was used.
        backend: Keras's.
        parameters: trainable and moving parameters of the model.
        data: name, fingerprint and sizes of the splits, mean and standard deviation of the pixels.
        versions: of Python, Keras and the libraries that decide numbers.
        machine: processor, cores that the process might use, memory, GPUs; and what moves the last bits on a processor:
            ``instruction_set`` (the widest that oneDNN may use), ``onednn`` (whether TensorFlow uses it),
            ``intraop_threads``, ``interop_threads`` and ``settings``, variables of the environment that were set. Older
            records have none of these. No key depends on them.
        commit: of the checkout the code came from, with "+changes" where files differed; None outside of one.
        started: UTC, ISO 8601.
        wall_seconds: of all sessions together, start-up of the network included.
        sessions: 1, and one more for every time the run was resumed.
        jit_compile: whether XLA compiled the step.
        network: of a network of one's own its Keras configuration and digests of its code; empty for others.
        files: SHA-256 of the files beside the record, by name; empty where an older version wrote them.
        unverified: whether it was read from a file without a checksum, of format 1. Not written.
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
    unverified: bool = field(default=False, compare=False)

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

    def remark(self) -> str:
        """That a finished run took so few steps that it is no training, in a sentence; empty where it took more."""
        images, size = self.data.get("sizes", {}).get("train"), self.spec.batch_size
        if images is None:  # older records, and those of others, may not say
            return ""
        steps = -(-images // size)
        if steps * self.epochs_done >= FEW_STEPS:
            return ""
        return (
            f"{images:,} training images in batches of {size} make {steps} step{'s' * (steps > 1)} an epoch, "
            f"{steps * self.epochs_done} in all: so few are no training, and the accuracy says little. Take a smaller "
            "--batch-size, more --epochs or more pictures."
        )

    def with_(self, **changes: object) -> RunRecord:
        """A copy with some fields changed."""
        return replace(self, **changes)

    def to_dict(self) -> dict:
        """Plain values for JSON."""
        values = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "unverified"}
        if not self.network:
            del values["network"]
        return {"format": FORMAT, **values, "spec": self.spec.to_dict()}

    @classmethod
    def from_dict(cls, values: object) -> RunRecord:
        """The record that ``to_dict`` wrote, today's or an older version's: what that did not know is at its default.

        Raises:
            UnreadableRecord: another format, a field that is missing, not known, or not what ``FIELDS`` says.
        """
        if not isinstance(values, Mapping):
            raise UnreadableRecord(f"a JSON object was expected. Received: {_shown(values)}")
        values = dict(values)
        received = values.pop("format", None)
        if type(received) is not int or received not in READABLE:
            raise UnreadableRecord(
                f"a record of format {FORMAT} or older was expected. Received: format {_shown(received)}",
                foreign=type(received) is int,
            )
        if received == UNVERIFIED_FORMAT and (later := _since_2(values)):
            raise UnreadableRecord(
                f"it says that it is of format {UNVERIFIED_FORMAT}, which had no {_cut(', '.join(later), _REASON)}; it "
                f"was changed after it was written"
            )
        values.pop("checksum", None)  # of the file, which whoever read it has looked at
        _check_plain(values, DEEPEST)  # before all that goes through it level by level
        values |= {name: _numbers(values[name]) for name in ("history", "test") if name in values}
        _check_fields(values)
        try:
            if "unverified" in values:
                raise TypeError("'unverified' is none that is written")
            values["spec"] = RunSpec.from_dict(values["spec"])
            return cls(**values, unverified=received == UNVERIFIED_FORMAT)
        except TypeError as error:
            raise UnreadableRecord(f"fields are missing or unknown: {_cut(str(error), _REASON)}") from error
        except (CnnreproError, ValueError, ArithmeticError, RecursionError) as error:  # a network that is no network
            raise UnreadableRecord(_cut(" ".join(str(error).split()), _REASON) or type(error).__name__) from error


def _since_2(values: Mapping) -> list[str]:
    """What a record has that came with format 2 or after it, in words."""

    def within(name: str) -> set[str]:
        found = values.get(name)
        return set(found) if isinstance(found, dict) else set()

    later = sorted(_FIELDS_SINCE_2 & set(values))
    later += [f"{name} in the spec" for name in sorted(set(LATER) & within("spec"))]
    return later + [f"curve {name}" for name in sorted(within("history") - _CURVES_OF_1)]


_BLANK = "0" * 64
_CHECKSUM = re.compile(rb'"checksum": "([0-9a-f]{64})"\s*}\s*\Z')
_TAIL = 120  # bytes at the end in which the checksum lies


def write_record(path: Path, record: RunRecord, check: Callable[[], object] | None = None) -> None:
    """Write a record, whole or not at all; ``check`` is called before it takes its place, and may raise."""
    text = file_text(record.to_dict())
    write_whole(path, lambda file: file.write(text), before_move=check)


def file_text(values: Mapping) -> bytes:
    """The file of a record's plain values, with its checksum."""
    blank = (json_text({**values, "checksum": _BLANK}, indent=1) + "\n").encode()
    head, tail = blank[:-_TAIL], blank[-_TAIL:]
    return head + tail.replace(_BLANK.encode(), hashlib.sha256(blank).hexdigest().encode())


def read_record(path: Path | str) -> RunRecord:
    """The record in a file.

    Raises:
        OSError: as the disk says.
        UnreadableRecord: damaged, or of a format that is not known; says which.
    """
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - ten thousand records feel pathlib and a buffer
        text = file.read()
    values = _parsed(text)
    if isinstance(values, dict) and values.get("format") == FORMAT and values.get("checksum") != _checksum(text):
        raise UnreadableRecord("its checksum does not fit; it was changed after it was written")
    return RunRecord.from_dict(values)


def _parsed(text: bytes) -> object:
    """A file's JSON; raises UnreadableRecord where it is none."""
    try:
        return orjson.loads(text)  # a fifth of the time that json takes, but it knows no NaN
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(text)
    except ValueError as error:
        raise UnreadableRecord(f"it is no JSON: {error}") from error
    except RecursionError as error:
        raise UnreadableRecord(f"it is nested more than {DEEPEST} levels deep") from error


def _numbers(value: object) -> object:
    """Curves or scores with the numbers that JSON has no word for in place of the texts that stand for them."""
    if isinstance(value, dict):
        return {name: _numbers(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_numbers(item) for item in value] if str in set(map(type, value)) else value
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
