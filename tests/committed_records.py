"""Puts a study's finished runs beside its pages, as they are committed: the record, and which test images were right.

``python -m tests.committed_records STUDY STORE`` takes those of a store; without a store it looks at those that are
there already. No page shows more of what a study's networks predicted, and whether an image was read rightly takes a
bit, where class and confidence take 40. Of the search for rates and of fast_mnist nothing is kept of it. The curves are
in the record, so that their table is left out. A record names the files that are there.
"""

import io
import shutil
import sys
from pathlib import Path

import pandas as pd

from cnnrepro import paths
from cnnrepro.experiments import lenet5_on_mnist
from cnnrepro.experiments.studies import DESIGNS
from cnnrepro.experiments.study import FIRST_PILOT
from cnnrepro.files import write_whole
from cnnrepro.runs.record import read_record, sha256_of, write_record
from cnnrepro.runs.store import CURVES, PREDICTIONS, RECORD, RunStore

REPORTS = paths.home(Path(__file__).parent) / "reports"
KEPT = ["right"]
UNREAD = "fast_mnist"  # no page reads what its runs predicted


def keep(name, store, reports=REPORTS):
    """Copy the runs of a study that are done and not beside a page yet; how many there are now, and should be."""
    there = {record.spec: record for record in store.records() if record.status == "done"}
    specs = {spec for arm in arms_of(name) for spec in arm.specs}
    kept = 0
    for spec in specs:
        key = there[spec].key if spec in there else ""
        beside = list(reports.glob(f"*/*/records/{key or 'none'}"))
        kept += bool(beside)
        if not key or beside:
            continue
        folder = reports / name / "unfinished" / "records" / key
        folder.mkdir(parents=True)
        for file in (RECORD, PREDICTIONS):
            shutil.copyfile(store.place(key) / file, folder / file)
        slim(folder)
        kept += 1
    return kept, len(specs)


def arms_of(name):
    """The arms of a study's committed page, or of LeNet-5's on all of MNIST."""
    if name == lenet5_on_mnist.EXPERIMENT.name:
        return lenet5_on_mnist.arms("mnist", range(5), 0, 0, "float32")
    return DESIGNS[name].make(True, 0, 0, 0, "auto")


def slim(folder):
    """Keep of what a run predicted what a page reads."""
    (folder / CURVES).unlink(missing_ok=True)
    place, record = folder / PREDICTIONS, read_record(folder / RECORD)
    if record.spec.seed >= FIRST_PILOT or folder.parts[-4] == UNREAD:
        place.unlink(missing_ok=True)
    else:
        made = pd.read_parquet(place)
        if list(made.columns) != KEPT:
            new = io.BytesIO()
            right = pd.DataFrame({"right": made["label"] == made["predicted"]})
            right.to_parquet(new, index=False, compression="zstd")
            write_whole(place, lambda file: file.write(new.getvalue()))
    files = {PREDICTIONS: sha256_of(place)} if place.is_file() else {}
    if files != record.files:
        write_record(folder / RECORD, record.with_(files=files))


if __name__ == "__main__":
    study, *stores = sys.argv[1:]
    for each in stores:
        print("{} of {} runs".format(*keep(study, RunStore(Path(each)))))
    for each in sorted((REPORTS / study).glob("*/records/*")):
        slim(each)
