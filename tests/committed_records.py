"""Puts a study's finished runs beside its pages, as they are committed: record, curves, and what was predicted.

``python -m tests.committed_records STUDY STORE`` takes those of a store; without a store it looks at those that are
there already. No page shows how confident a study's networks were, and of a run that is committed the confidences take
three quarters of the bytes: predictions are kept without them. Those of the search for rates and of fast_mnist are not
kept at all. A record names the files that are there.
"""

import io
import shutil
import sys
from pathlib import Path

import pandas as pd

from cnnrepro import paths
from cnnrepro.experiments.studies import DESIGNS
from cnnrepro.experiments.study import FIRST_PILOT
from cnnrepro.files import write_whole
from cnnrepro.runs.record import read_record, sha256_of, write_record
from cnnrepro.runs.store import CURVES, PREDICTIONS, RECORD, RunStore

REPORTS = paths.home(Path(__file__).parent) / "reports"
KEPT = ["label", "predicted"]
UNREAD = "fast_mnist"  # no page reads what its runs predicted


def keep(name, store, reports=REPORTS):
    """Copy the runs of a study that are done and not beside a page yet; how many there are now, and should be."""
    there = {record.spec: record for record in store.records() if record.status == "done"}
    specs = {spec for arm in DESIGNS[name].make(True, 0, 0, 0, "auto") for spec in arm.specs}
    kept = 0
    for spec in specs:
        key = there[spec].key if spec in there else ""
        beside = list(reports.glob(f"*/*/records/{key or 'none'}"))
        kept += bool(beside)
        if not key or beside:
            continue
        folder = reports / name / "unfinished" / "records" / key
        folder.mkdir(parents=True)
        for file in (RECORD, CURVES, PREDICTIONS):
            shutil.copyfile(store.place(key) / file, folder / file)
        slim(folder)
        kept += 1
    return kept, len(specs)


def slim(folder):
    """Take the confidences out of what a run predicted, or all of it where nothing reads it."""
    place, record = folder / PREDICTIONS, read_record(folder / RECORD)
    if record.spec.seed >= FIRST_PILOT or folder.parts[-4] == UNREAD:
        place.unlink(missing_ok=True)
        files = {name: digest for name, digest in record.files.items() if name != PREDICTIONS}
    else:
        made = pd.read_parquet(place)
        if list(made.columns) == KEPT:
            return
        new = io.BytesIO()
        made[KEPT].to_parquet(new, index=False, compression="zstd")
        write_whole(place, lambda file: file.write(new.getvalue()))
        files = record.files | {PREDICTIONS: sha256_of(place)}
    if files != record.files:
        write_record(folder / RECORD, record.with_(files=files))


if __name__ == "__main__":
    study, *stores = sys.argv[1:]
    for each in stores:
        print("{} of {} runs".format(*keep(study, RunStore(Path(each)))))
    for each in sorted((REPORTS / study).glob("*/records/*")):
        slim(each)
