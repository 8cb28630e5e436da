"""What was decided beforehand stands in a commit that is older than the runs that count, and has not changed since."""

import subprocess
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import ModuleType

import pytest

from cnnrepro import paths
from cnnrepro.experiments import base_network
from cnnrepro.experiments.rate_search import found_rates, searched
from cnnrepro.experiments.results import Results
from cnnrepro.experiments.studies import DESIGNS
from cnnrepro.experiments.study import FIRST_PILOT, NEW_SEEDS
from cnnrepro.runs.committed import Committed
from cnnrepro.runs.record import read_record
from cnnrepro.runs.store import RECORD

HOME = paths.home(Path(__file__).parent)
ROUNDS = [
    (name, commit, at == 1)
    for name, design in DESIGNS.items()
    for at, commit in enumerate((design.decided, design.decided_again))
    if commit
]
DECIDED = [name for name, _, second in ROUNDS if not second]


def git(*arguments):
    """What git says; None where it says no, as outside of a checkout or without the commit."""
    answer = subprocess.run(["git", "-C", str(HOME), *arguments], capture_output=True, text=True, check=False)
    return answer.stdout if answer.returncode == 0 else None


def at_commit(commit, name):
    """A module of ``experiments`` as it was in a commit, beside the other modules of today."""
    module = ModuleType(f"cnnrepro.experiments.{name}")
    exec(git("show", f"{commit}:cnnrepro/experiments/{name}.py"), vars(module))  # our own code
    return module


def what_decides(design, *, second=False):
    """All of a design that a verdict follows from, with a second round or without; not what is written about it."""
    judged = {
        study.number: [one for one in study.contrasts if one.decides and (second or not one.second)]
        for study in design.studies
    }
    arms = [arm for arm in design.arms if second or not arm.first_seed]
    return arms, dict(design.settings), design.recipe, design.batch_size, judged


def test_a_design_with_another_margin_is_another():
    design = DESIGNS["dropout"]
    (study,) = design.studies
    first, *others = study.contrasts
    changed = replace(design, studies=(replace(study, contrasts=(replace(first, margin=0.6), *others)),))
    assert what_decides(design) != what_decides(changed)
    assert what_decides(design) == what_decides(replace(design, decided="elsewhere"))


@pytest.fixture
def history():
    """Skips where the commits are not here: an archive of the source, or a shallow clone."""
    if any(git("cat-file", "-e", commit) is None for _, commit, _ in ROUNDS):
        pytest.skip("the history is not here")


def test_arms_and_rules_are_those_of_the_commit(history):
    for name, commit, second in ROUNDS:
        then, now = (what_decides(one, second=second) for one in (at_commit(commit, name).DESIGN, DESIGNS[name]))
        assert then == now
        then, now = at_commit(commit, "base_network"), base_network
        assert (then.BASE, then.BASE_OPTIONS, then.PHOTOGRAPHS) == (now.BASE, now.BASE_OPTIONS, now.PHOTOGRAPHS)


def test_the_runs_that_count_are_younger_than_the_commit(history):
    for name, commit, second in ROUNDS:
        when = datetime.fromisoformat(git("show", "-s", "--format=%cI", commit).strip())
        records = [read_record(path) for path in (HOME / "reports" / name).glob(f"*/records/*/{RECORD}")]
        counting = [one for one in records if one.spec.seed < FIRST_PILOT]
        if second:
            new = {
                spec
                for arm in DESIGNS[name].make(full=True, seeds=0, epochs=0, train_images=0, precision="auto")
                if arm.label.endswith(NEW_SEEDS)
                for spec in arm.specs
            }
            counting = [one for one in counting if one.spec in new]
        assert counting
        assert all(datetime.fromisoformat(one.started) > when for one in counting)


def test_the_rates_are_those_that_the_search_found():
    committed = Committed(HOME / "reports")
    for name in DECIDED:
        design, arms = DESIGNS[name], tuple(DESIGNS[name].search())
        pilots = Results(arms, tuple(tuple(map(committed.find, arm.specs)) for arm in arms), store=None)
        found = found_rates(design, searched(design, pilots))
        assert found == {one.label: one.rate for one in design.arms if one.searched}, name
