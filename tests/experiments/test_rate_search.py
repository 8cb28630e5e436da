"""The search for the learning rates: what it finds for a family of arms, and what it prints."""

import math
from dataclasses import replace

import pytest

from cnnrepro.errors import UsageError
from cnnrepro.experiments import rate_search
from cnnrepro.experiments.rate_search import found_rates
from cnnrepro.experiments.study import RATES, ArmDesign, Design, Setting
from tests import made_up_study

SETTING = {"": Setting("mnist_5k", 1)}
PAIR = Design((ArmDesign("plain", "lenet5_modern"), ArmDesign("wide", "lenet5_modern")), SETTING, SETTING, ())


def test_a_family_takes_the_rate_that_is_best_for_all_of_it():
    accuracies = {"plain": [0.50, 0.60, 0.61, 0.1], "wide": [0.50, 0.70, 0.66, 0.1]}
    assert found_rates(PAIR, accuracies) == {"plain": RATES[1], "wide": RATES[1]}
    accuracies["plain"] = [0.50, 0.60, 0.62, 0.1]  # two points better for it alone
    assert found_rates(PAIR, accuracies) == {"plain": RATES[2], "wide": RATES[1]}
    together = replace(PAIR, departs=math.inf)
    assert found_rates(together, accuracies) == {"plain": RATES[1], "wide": RATES[1]}


def test_the_search_prints_the_rate_of_each_arm(monkeypatch, capsys):
    monkeypatch.setattr(rate_search, "collect", lambda arms: made_up_study.of(tuple(arms)))
    rate_search.main(["dropout"])
    head, *lines = capsys.readouterr().out.splitlines()
    assert head == "dropout: validation accuracy at 0.0003, 0.001, 0.003, 0.01; the rate found"
    assert lines[0] == "  no dropout: 55.0%, 65.0%, 55.0%, 55.0%; 0.001"
    assert len(lines) == 5


@pytest.mark.parametrize(("names", "said"), [([], "Name one or more of normalisation"), (["dropuot"], "dropuot")])
def test_a_search_needs_the_name_of_a_study(names, said):
    with pytest.raises(UsageError, match=said):
        rate_search.main(names)
