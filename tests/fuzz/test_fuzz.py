"""The inputs that are kept of each fuzzer are read within bounds, and the fuzzers find nothing in some seconds."""

import os
import random
import time

import pytest

from tests.fuzz.fuzzing import CORPUS, TARGETS, Finding, Target, corpus, fuzz, read, require_sentence, target_of
from tests.fuzz.mutation import mutated

SECONDS = float(os.environ.get("CNNREPRO_FUZZ_SECONDS", "20"))  # of the clock, for each target
LARGEST_CORPUS = 300_000  # bytes of all together
KEPT = [pytest.param(name, path, id=f"{name}/{path.name}") for name in TARGETS for path in corpus(name)]


@pytest.mark.parametrize("name, path", KEPT)
def test_what_is_kept_is_read_or_refused_by_a_sentence(name, path, tmp_path):
    target = target_of(name)
    target.prepare()
    before = time.process_time()
    read(target, path.read_bytes(), tmp_path)
    assert time.process_time() - before < target.seconds


@pytest.mark.soak
@pytest.mark.parametrize("name", TARGETS)
def test_nothing_is_found(name, tmp_path):
    tally = fuzz(name, SECONDS, tmp_path / "findings")
    print(f"{name}: {tally.sentence()}")
    assert tally.executions > 0
    assert [(path.with_name(f"{path.name}.txt").read_text(), path.read_bytes()[:2000]) for path in tally.findings] == []


def test_the_inputs_that_are_kept_are_small():
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)
    assert sum(path.stat().st_size for name in TARGETS for path in corpus(name)) < LARGEST_CORPUS


@pytest.mark.parametrize("name", TARGETS)
def test_inputs_are_changed_in_the_same_way_by_the_same_seed(name):
    inputs = [path.read_bytes() for path in corpus(name)]
    drawn = [random.Random(7), random.Random(7)]
    made = [[mutated(one, inputs[0], inputs, target_of(name).changes) for _ in range(50)] for one in drawn]
    assert made[0] == made[1] and len(set(made[0])) > 25


@pytest.mark.parametrize("text", ["", "a\nb\nc\nd\ne", "x" * 3000])
def test_what_is_no_sentence_is_a_finding(text, tmp_path):
    def refuse(data, folder):
        raise ValueError(text)

    with pytest.raises(Finding):
        read(Target(refuse, (), allowed=(ValueError,)), b"", tmp_path)
    require_sentence("One sentence.\nWhere it is kept.")
    with pytest.raises(ValueError):  # that is not allowed
        read(Target(refuse, ()), b"", tmp_path)
