"""A worker's share of its machine."""

import os
import platform
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnrepro.runner.worker_resources import Own, deal, own_gpus, share


@given(cores=st.sets(st.integers(0, 200), min_size=1, max_size=64), workers=st.integers(1, 80))
def test_no_core_is_idle_and_none_is_shared_while_there_are_enough(cores, workers):
    own = [share(sorted(cores), [], place, workers).cores for place in range(workers)]
    dealt = [core for one in own for core in one]
    assert all(own)
    assert set(dealt) <= cores
    if workers <= len(cores):
        assert sorted(dealt) == sorted(cores)
        assert max(map(len, own)) - min(map(len, own)) <= 1
    else:
        assert all(len(one) == 1 for one in own)
        assert set(dealt) == cores


def test_gpus_are_dealt_one_a_job():
    assert [share(range(8), ["0", "1"], place, 2).gpu for place in range(2)] == ["0", "1"]
    assert [share(range(8), ["0", "1"], place, 3).gpu for place in range(3)] == ["0", "1", "0"]
    assert [share(range(8), ["0", "1"], 0, count).shared_gpu for count in (1, 2, 3)] == [False, False, True]
    assert share(range(8), [], 0, 2).gpu is None


def test_workers_of_a_cluster_divide_what_they_have_in_common():
    whole, half = tuple(range(8)), (0, 1, 2, 3)
    owned = {
        "a-0": Own("one", whole, ("0", "1")),
        "a-1": Own("one", whole, ("0", "1")),
        "bound": Own("one", half, ("0", "1")),
        "other": Own("two", whole, ("0",)),
        "bare": Own("three", half, ()),
    }
    dealt = deal(owned)
    assert {name: one.cores for name, one in dealt.items()} == {
        "a-0": (0, 1, 2, 3), "a-1": (4, 5, 6, 7), "bound": half, "other": whole, "bare": half,
    }  # fmt: skip
    assert {name: (one.gpu, one.shared_gpu) for name, one in dealt.items()} == {
        "a-0": ("0", True), "a-1": ("1", True), "bound": ("0", True), "other": ("0", False), "bare": (None, False),
    }  # fmt: skip


@pytest.mark.parametrize("text, expected", [("", []), ("-1", []), ("3", ["3"]), ("GPU-a,GPU-b", ["GPU-a", "GPU-b"])])
def test_gpus_that_this_process_may_use(text, expected, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", text)
    assert own_gpus() == expected


TAKE = """
import os, threading
from cnnrepro.runner.worker_resources import Share, own_cores, take
waits, seen = threading.Event(), []
thread = threading.Thread(target=lambda: (waits.wait(), seen.append(os.sched_getaffinity(0))))
thread.start()
core = own_cores()[-1]
take(Share((core,), gpu="1", shared_gpu=True))
waits.set()
thread.join()
assert seen == [{core}] and own_cores() == [core]
from cnnrepro.engine import import_quietly
tf = import_quietly("tensorflow")
print(os.environ["CUDA_VISIBLE_DEVICES"], os.environ["OMP_NUM_THREADS"], os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"])
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity masks")
def test_a_share_holds_for_every_thread_of_the_process():
    done = subprocess.run([sys.executable, "-c", TAKE], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "1", "false"]


FAULTS = """
import resource
import sys
import numpy as np
from cnnrepro.runner.worker_resources import keep_freed_memory

if sys.argv[1] == "kept":
    keep_freed_memory()
for _ in range(3):  # what is kept has to be there first
    np.ones(2_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    np.ones(2_000_000)  # 16 MB, nearly 4,000 pages
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="MALLOC_TRIM_THRESHOLD_ is glibc's")
def test_memory_is_not_made_anew_for_each_tensor_as_dask_would_have_it():
    environment = os.environ | {"MALLOC_TRIM_THRESHOLD_": "65536"}
    faults = {
        state: int(subprocess.run([sys.executable, "-c", FAULTS, state], env=environment, capture_output=True,
                                  text=True, check=True).stdout)
        for state in ("given back", "kept")
    }  # fmt: skip
    assert faults["given back"] > 100 * max(faults["kept"], 1)
