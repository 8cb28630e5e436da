"""What stores of many runs cost: questions to the disk are counted, as times depend on the machine."""

import json
import sys
from collections import Counter

import pytest

from cnnrepro.runs.prune import PruneOptions, prune
from cnnrepro.runs.record import file_text
from cnnrepro.runs.store import RECORD
from cnnrepro.runs.verify import verify

RUNS = 60


class Watch:
    """Counts how often records are opened and folders listed while it is on."""

    def __init__(self):
        self.on, self.counts = False, Counter()
        sys.addaudithook(self.hear)  # for the rest of the process: Python takes none away

    def hear(self, event, arguments):
        if self.on and (event != "open" or str(arguments[0]).endswith(RECORD)):
            self.counts[event] += 1

    def during(self, work):
        """The times that some work opened a record, and listed a folder."""
        self.counts.clear()
        self.on = True
        try:
            work()
        finally:
            self.on = False
        return self.counts["open"], self.counts["os.listdir"] + self.counts["os.scandir"]


@pytest.fixture(scope="session")
def watch():
    return Watch()


@pytest.fixture
def many(put, store):
    """A store of many runs, of which every tenth has a checkpoint that it needs no more."""
    folder = store.path(put().key)
    values = json.loads((folder / RECORD).read_text())
    for number in range(RUNS - 1):
        key = f"{number:016x}"
        store.path(key).mkdir()
        (store.path(key) / RECORD).write_bytes(file_text({**values, "key": key, "files": {}}))
        (store.path(key) / "lock").touch()
        if number % 10 == 0:
            (store.path(key) / "checkpoint.npz").touch()
    return store


def test_prune_lists_each_folder_once_and_reads_the_records_that_it_asks_about(many, watch):
    opened, listed = watch.during(lambda: prune(many, PruneOptions(), dry_run=True))
    assert listed <= RUNS + 1
    assert 0 < opened <= RUNS / 10  # of those that have a checkpoint


def test_verify_lists_each_folder_once_and_reads_each_record_once(many, watch):
    opened, listed = watch.during(lambda: verify(many))
    assert listed <= RUNS + 1
    assert opened == RUNS
