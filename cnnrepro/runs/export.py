"""``cnnrepro runs export``: runs as a table for other programs, one row a run or one a run and epoch; CSV or Parquet.

Columns of a row a run, in this order: ``key``, ``status`` (done, failed, running, interrupted), ``failure``,
``started`` in UTC; the spec's fields under their names, the number format that was asked for as ``precision_asked``;
the model's options as ``option_NAME``; ``epochs_done`` and the last value of each curve as ``last_NAME``; the test
scores as ``test_NAME``; ``wall_seconds``, ``sessions``, ``parameters``, ``precision``, ``backend``, ``jit_compile``,
``commit``, ``data_fingerprint``, ``data_partial``; versions as ``version_NAME``, the machine as ``machine_NAME``.
What a run does not have is empty.

A row an epoch: ``key``, ``model``, ``dataset``, ``recipe``, ``seed``, ``epoch`` (from 1); the curves under their names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cnnrepro.errors import UsageError, WorkFailed
from cnnrepro.files import json_text, write_whole
from cnnrepro.runs.record import RUNNING, RunRecord
from cnnrepro.runs.store import RunStore

if TYPE_CHECKING:
    import pandas as pd

ENDINGS = (".csv", ".parquet")
# A spreadsheet takes a text that begins so for a formula, and runs it; the last two it leaves out first.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# Rows of different runs have different columns; these families stay together, wherever a row brought a new one.
FAMILIES = ("option_", "last_", "test_", "version_", "machine_")


def check_file(file: Path) -> None:
    """Raise UsageError where no table can go to such a file."""
    if file.suffix.lower() not in ENDINGS:
        raise UsageError(f"The table's file must end in {' or '.join(ENDINGS)}. Received: {str(file)!r}")
    if file.is_dir():
        raise UsageError(f"The table goes to a file. Received: {str(file)!r}, a folder")
    if not file.absolute().parent.is_dir():
        raise UsageError(f"There is no folder {str(file.absolute().parent)!r} for the table; make it first.")


def runs_table(records: Sequence[RunRecord], store: RunStore) -> pd.DataFrame:
    """One row a run, in the order of the records."""
    return _frame([_run_row(record, record.status == RUNNING and store.is_claimed(record.key)) for record in records])


def curves_table(records: Sequence[RunRecord]) -> pd.DataFrame:
    """One row a run and epoch, in the order of the records."""
    rows = [
        {"key": record.key}
        | {name: getattr(record.spec, name) for name in ("model", "dataset", "recipe", "seed")}
        | {"epoch": epoch + 1}
        | {name: values[epoch] for name, values in record.history.items() if epoch < len(values)}
        for record in records
        for epoch in range(record.epochs_done)
    ]
    return _frame(rows)


def _run_row(record: RunRecord, active: bool) -> dict[str, object]:
    spec = record.spec.to_dict()
    options, precision_asked = spec.pop("options"), spec.pop("precision")
    last = {name: values[-1] for name, values in record.history.items() if values}
    names = ("wall_seconds", "sessions", "parameters", "precision", "backend", "jit_compile", "commit")
    return {
        "key": record.key,
        "status": record.state(active),
        "failure": (record.failure or {}).get("reason"),
        "started": record.started,
        **spec,
        "precision_asked": precision_asked,
        **_prefixed("option", options),
        "epochs_done": record.epochs_done,
        **_prefixed("last", last),
        **_prefixed("test", record.test or {}),
        **{name: getattr(record, name) for name in names},
        "data_fingerprint": record.data.get("fingerprint"),
        "data_partial": record.data.get("partial"),
        **_prefixed("version", record.versions),
        **_prefixed("machine", record.machine),
    }


def _prefixed(prefix: str, values: Mapping[str, object]) -> dict[str, object]:
    return {f"{prefix}_{name}": value for name, value in values.items()}


def _frame(rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """Rows as a frame whose columns have one type each."""
    import pandas as pd

    names = list(dict.fromkeys(name for row in rows for name in row))
    for family in FAMILIES:
        own = [name for name in names if name.startswith(family)]
        if own:
            place = names.index(own[0])
            names = [*names[:place], *own, *(name for name in names[place:] if name not in own)]
    return pd.DataFrame({name: _column([row.get(name) for row in rows]) for name in names})


def _column(values: Sequence[object]) -> pd.Series:
    """A column: truth values, whole numbers or numbers where all are; else text, with JSON for what is none."""
    import pandas as pd

    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return pd.Series(values, dtype="boolean")
    if kinds == {int} and all(value is None or abs(value) < 2**63 for value in values):
        return pd.Series(values, dtype="Int64")
    if kinds and kinds <= {int, float}:
        return pd.Series([None if value is None else float(value) for value in values], dtype="Float64")
    return pd.Series([None if value is None else _text(value) for value in values], dtype="object")


def _text(value: object) -> str:
    """A cell as text that every program can read; names of files may hold bytes that are no characters."""
    text = value if isinstance(value, str) else json_text(value)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def write_table(frame: pd.DataFrame, file: Path) -> None:
    """Write a table, whole or not at all; what kind it is the file's name says.

    Raises:
        UsageError: as ``check_file``.
        WorkFailed: it cannot be written; an earlier file stays as it was.
    """
    check_file(file)
    if file.suffix.lower() == ".csv":
        # CR LF is what RFC 4180 says; and a lone CR in a text is quoted only where it ends lines too.
        content = guard_formulas(frame).to_csv(index=False, lineterminator="\r\n").encode("utf-8")
    else:
        content = frame.to_parquet(index=False)
    try:
        write_whole(file, lambda out: out.write(content))
    except OSError as error:
        raise WorkFailed(f"The table {str(file)!r} could not be written: {error.strerror}.") from error


def guard_formulas(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame for CSV: texts and headings that a spreadsheet would run have an apostrophe in front; numbers stay."""
    guarded = frame.rename(columns=_guard)
    for name in guarded.columns:
        if guarded[name].dtype == object:
            guarded[name] = guarded[name].map(_guard)
    return guarded


def _guard(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
