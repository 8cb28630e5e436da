"""Puts a study's finished runs beside its pages, as they are committed: the record, and which test images were right.

``python -m tests.committed_records STUDY STORE`` takes those of a store; without a store it looks at those that are
there already. No page shows more of what a study's networks predicted, and whether an image was read rightly takes a
bit, where class and confidence take 40; of the flagship on all of MNIST the classes are kept. Of the search for rates
and of fast_mnist nothing is kept of it. The curves are in the record, so that their table is left out. A record names
the files that are there.
"""

import io
import shutil
import sys
from pathlib import Path

import pandas as pd

from cnnrepro import paths
from cnnrepro.experiments.study import FIRST_PILOT
from cnnrepro.files import write_whole
from cnnrepro.runner.request import page_request
from cnnrepro.runs.record import read_record, sha256_of, write_record
from cnnrepro.runs.store import CURVES, PREDICTIONS, RECORD, RunStore

REPORTS = paths.home(Path(__file__).parent) / "reports"
KEPT = ["right"]
FLAGSHIP, OF_FLAGSHIP = "alexnet_vs_resnet", ["label", "predicted"]  # for its confusion matrices, on all of MNIST
UNFINISHED = "unfinished"  # the folder of records whose page is not there yet
UNREAD = "fast_mnist"  # no page reads what its runs predicted
ASKED = {
    "lenet5_on_mnist": {"dataset": "mnist", "seeds": [*range(5)]},
    FLAGSHIP: {"dataset": "mnist", "networks": "both", "seeds": [*range(6)]},
}


def keep(name, store, reports=REPORTS):
    """Copy the runs of a study that are done and not beside a page yet; how many there are now, and should be."""
    there = {record.spec: record for record in store.records() if record.status == "done"}
    specs = {spec for arm in page_request(name, ASKED.get(name, {"full": True})).arms for spec in arm.specs}
    kept = 0
    for spec in specs:
        key = there[spec].key if spec in there else ""
        beside = list(reports.glob(f"*/*/records/{key or 'none'}"))
        kept += bool(beside)
        if not key or beside:
            continue
        folder = reports / name / UNFINISHED / "records" / key
        folder.mkdir(parents=True)
        for file in (RECORD, PREDICTIONS):
            shutil.copyfile(store.place(key) / file, folder / file)
        slim(folder)
        kept += 1
    return kept, len(specs)


def slim(folder):
    """Keep of what a run predicted what a page reads."""
    place, record = folder / PREDICTIONS, read_record(folder / RECORD)
    if folder.parts[-4] == FLAGSHIP and record.spec.dataset != ASKED[FLAGSHIP]["dataset"]:
        return  # its page of the embedded digits shows the surest mistakes
    (folder / CURVES).unlink(missing_ok=True)
    if record.spec.seed >= FIRST_PILOT or folder.parts[-4] == UNREAD:
        place.unlink(missing_ok=True)
    else:
        made, kept = pd.read_parquet(place), OF_FLAGSHIP if folder.parts[-4] == FLAGSHIP else KEPT
        if list(made.columns) != kept:
            new = io.BytesIO()
            made.assign(right=made["label"] == made["predicted"])[kept].to_parquet(new, index=False, compression="zstd")
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
