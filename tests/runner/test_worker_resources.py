"""A worker's part of its machine."""

import os
import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cnnrepro.runner.worker_resources import Available, available, deal, part_of


@example(cores=set(range(7)), workers=3)  # 3, 2, 2; of what is drawn, few are more cores than workers
@given(cores=st.sets(st.integers(0, 200), min_size=1, max_size=64), workers=st.integers(1, 80))
def test_no_core_is_idle_and_none_is_shared_while_there_are_enough(cores, workers):
    parts = [part_of(tuple(sorted(cores)), place, workers) for place in range(workers)]
    dealt = [core for part in parts for core in part]
    assert all(parts)
    assert set(dealt) == cores
    if workers <= len(cores):
        assert len(dealt) == len(cores)
        assert max(map(len, parts)) - min(map(len, parts)) <= 1
    else:
        assert all(len(part) == 1 for part in parts)


def test_workers_of_a_cluster_divide_what_they_have_in_common():
    whole, half = tuple(range(8)), (0, 1, 2, 3)
    workers = {
        "a-0": Available("one", whole, ("0", "1")),
        "a-1": Available("one", whole, ("0", "1")),
        "bound": Available("one", half, ("0", "1")),
        "other": Available("two", whole, ("0",)),
        "bare": Available("three", half, ()),
    }
    assigned = deal(workers)
    assert {name: part.cores for name, part in assigned.items()} == {
        "a-0": (0, 1, 2, 3), "a-1": (4, 5, 6, 7), "bound": half, "other": whole, "bare": half,
    }  # fmt: skip
    assert {name: (part.gpu, part.shared_gpu) for name, part in assigned.items()} == {
        "a-0": ("0", True), "a-1": ("1", True), "bound": ("0", True), "other": ("0", False), "bare": (None, False),
    }  # fmt: skip
    del workers["bound"]
    assert [(part.gpu, part.shared_gpu) for part in deal(workers).values()][:2] == [("0", False), ("1", False)]


@pytest.mark.parametrize("text, expected", [("", ()), ("-1", ()), ("3", ("3",)), ("GPU-a,GPU-b", ("GPU-a", "GPU-b"))])
def test_gpus_that_this_process_may_use(text, expected, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", text)
    assert available().gpus == expected


TAKE = """
import os, threading
from cnnrepro import machine
from cnnrepro.runner.worker_resources import Assigned, take

waits, seen = threading.Event(), []
thread = threading.Thread(target=lambda: (waits.wait(), seen.append(os.sched_getaffinity(0))))
thread.start()
core = machine.cores()[-1]
take(Assigned((core,), gpu="1", shared_gpu=True))
waits.set()
thread.join()
assert seen == [{core}] and machine.cores() == [core]
print(os.environ["CUDA_VISIBLE_DEVICES"], os.environ["OMP_NUM_THREADS"], os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"])
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity masks")
def test_a_part_holds_for_every_thread_of_the_process():
    done = subprocess.run([sys.executable, "-c", TAKE], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "1", "false"]
