"""``cnnrepro runs diff``: two runs against each other: what was asked for, what computed it, and what came out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from cnnrepro.runs.record import RunRecord

ASKED, COMPUTED, RESULT = "asked for", "computed by", "result"

# What the numbers of an epoch are; the rest of a history is time.
CURVES = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")
NONE = "–"
NOT_RECORDED, NOT_SET = "not recorded", "not set"

# What of a machine moves the last bits and older records do not say; and what of all that computes moves none.
NUMERIC = ("instruction_set", "onednn", "intraop_threads", "interop_threads")
DECIDES_NOTHING = ("machine: memory_gib", "machine: system", "machine: cpu_bfloat16", "version of cnnrepro", "commit")


@dataclass(frozen=True)
class Row:
    """A property of two runs.

    Args:
        kind: "asked for", "computed by" or "result".
        what: its name.
        first, second: its value in either run; None where it has none.
        change: the second minus the first, for numbers among the results; None otherwise.
    """

    kind: str
    what: str
    first: object
    second: object
    change: float | None = None

    def spelled(self) -> list[str]:
        """The row as people read it."""
        change = "" if self.change is None else "0" if self.change == 0 else f"{self.change:+.6g}"
        return [self.kind, self.what, self._spell(self.first), self._spell(self.second), change]

    def _spell(self, value: object) -> str:
        if isinstance(value, (list, tuple)):
            return ", ".join(map(str, value)) or NONE
        if self.kind == RESULT and isinstance(value, float):
            return f"{value:.6g}"
        return NONE if value is None else str(value)


@dataclass(frozen=True)
class Diff:
    """What two runs differ in.

    Args:
        first, second: their keys.
        rows: what was asked for and what computed it, where that differs, and all results.
        sentences: what it comes to.
    """

    first: str
    second: str
    rows: tuple[Row, ...]
    sentences: tuple[str, ...]


def diff(first: RunRecord, second: RunRecord) -> Diff:
    """Two runs against each other; they may come from two stores, under one key."""
    rows = [
        *_differing(ASKED, _asked(first), _asked(second)),
        *_computed_by(first, second),
        *_results(_outcome(first), _outcome(second)),
    ]
    return Diff(first.key, second.key, tuple(rows), tuple(_sentences(first, second)))


def _asked(record: RunRecord) -> dict[str, object]:
    """The fields of the spec, options of the model as ``options.NAME``, and the data behind the name."""
    values, data = record.spec.flat(), record.data
    sizes = {f"images for {name}": count for name, count in (data.get("sizes") or {}).items()}
    return values | sizes | {"data fingerprint": data.get("fingerprint"), "data left out": data.get("partial")}


def _computed(record: RunRecord, settings: Iterable[str] = ()) -> dict[str, object]:
    """What turned the spec into numbers; ``settings`` are the variables of the environment to be told."""
    machine = dict(record.machine)
    given = machine.pop("settings", None)
    numeric = {name: machine.pop(name, NOT_RECORDED) for name in NUMERIC}
    return {
        "number format": record.precision,
        "backend": record.backend,
        "compiled by XLA": record.jit_compile,
        **{f"version of {name}": version for name, version in record.versions.items()},
        **{f"machine: {name}": value for name, value in (machine | numeric).items()},
        **{f"setting: {name}": NOT_RECORDED if given is None else given.get(name, NOT_SET) for name in settings},
        "commit": record.commit,
    }


def _computed_by(first: RunRecord, second: RunRecord) -> list[Row]:
    """Where what turned the specs into numbers differs."""
    settings = sorted({name for record in (first, second) for name in record.machine.get("settings", ())})
    return list(_differing(COMPUTED, _computed(first, settings), _computed(second, settings)))


def _differing(kind: str, first: Mapping[str, object], second: Mapping[str, object]) -> Iterator[Row]:
    for what in dict.fromkeys((*first, *second)):
        if first.get(what) != second.get(what):
            yield Row(kind, what, first.get(what), second.get(what))


def _results(first: Mapping[str, object], second: Mapping[str, object]) -> Iterator[Row]:
    for what in dict.fromkeys((*first, *second)):
        values = first.get(what), second.get(what)
        numbers = all(isinstance(value, (int, float)) for value in values)
        yield Row(RESULT, what, *values, change=values[1] - values[0] if numbers else None)


def _outcome(record: RunRecord) -> dict[str, object]:
    """What came out of a run, by name."""
    last = {name: values[-1] for name, values in record.history.items() if values}
    speeds = record.history.get("images_per_second") or ()
    reason = (record.failure or {}).get("reason")
    return {
        "status": record.status,
        **({"failed because": reason} if reason else {}),
        "epochs done": record.epochs_done,
        **{f"last {name.replace('_', ' ')}": last[name] for name in CURVES if name in last},
        **{f"test {name.replace('_', ' ')}": value for name, value in (record.test or {}).items()},
        "wall seconds": record.wall_seconds,
        **({"images a second, at best": max(speeds)} if speeds else {}),
        "sessions": record.sessions,
    }


def _sentences(first: RunRecord, second: RunRecord) -> Iterator[str]:
    if first.key == second.key:
        yield _say_what_computed(first, second)
        yield _compare_curves(first, second)
        if not first.spec.deterministic:
            yield "Neither was asked to be deterministic, so their bits may differ."
    elif not _decisive(first, second):
        yield (
            "Spec, data, number format and backend are equal, and the keys are not: the training code, the recipe "
            "or the model changed between the two."
        )


def _say_what_computed(first: RunRecord, second: RunRecord) -> str:
    """Whether what computed two runs of one key was one, too."""
    rows = [row for row in _computed_by(first, second) if row.what not in DECIDES_NOTHING]
    differ = [row.what.removeprefix("machine: ") for row in rows if NOT_RECORDED not in (row.first, row.second)]
    silent = [name for name in NUMERIC if any(name not in record.machine for record in (first, second))]
    if not differ and not silent:
        return "All that decides the numbers is equal: the keys are one, and what computed the runs is equal, too."
    told = f"not equal in {', '.join(differ)}, which moves the last bits of every step" if differ else "equal"
    unknown = f" At least one record does not say: {', '.join(silent)}." if silent else ""
    return f"All that was asked for is equal: the keys are one. What computed the runs is {told}.{unknown}"


def _decisive(first: RunRecord, second: RunRecord) -> list[str]:
    """The names of what a key is made of, as far as a record says it, where two runs differ in it."""
    decide = [_asked(record) | {"precision": record.precision, "backend": record.backend} for record in (first, second)]
    decides_nothing = {"on_error"}
    if decide[0]["data fingerprint"] == decide[1]["data fingerprint"]:
        decides_nothing.add("dataset")
    return [row.what for row in _differing(ASKED, *decide) if row.what not in decides_nothing]


def _compare_curves(first: RunRecord, second: RunRecord) -> str:
    """How equal the curves of two runs of one key are."""
    epochs = min(first.epochs_done, second.epochs_done)
    if not epochs:
        return "There are no epochs of both to compare."
    for epoch in range(epochs):
        for name in CURVES:
            values = [record.history.get(name, ())[epoch : epoch + 1] for record in (first, second)]
            if values[0] != values[1]:
                return f"The curves are not equal: {name.replace('_', ' ')} differs from epoch {epoch + 1} on."
    if first.epochs_done != second.epochs_done:
        return f"The curves are equal to the bit in the {epochs} epochs that both have."
    if first.test != second.test:
        return "The curves are equal to the bit, the test scores are not."
    return "The curves and the test scores are equal to the bit." if first.test else "The curves are equal to the bit."
