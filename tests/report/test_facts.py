"""What a page says its numbers rest on."""

from types import SimpleNamespace

from cnnrepro.report import facts

MACHINE = {"cores": 2, "cpu": "a processor", "memory_gib": 24.0}


def test_a_run_of_several_workers_says_so():
    alone = facts._spell_machine(SimpleNamespace(machine=MACHINE))
    assert alone == "2 cores of a processor, 24 GiB, no GPU"
    together = facts._spell_machine(SimpleNamespace(machine={**MACHINE, "workers": 2, "devices": 4}))
    assert together == f"2 workers with 4 devices together, the first: {alone}"
