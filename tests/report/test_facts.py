"""What a page says its numbers rest on."""

from types import SimpleNamespace

from cnnrepro.report import facts

MACHINE = {"cores": 2, "cpu": "a processor", "memory_gib": 24.0}


def test_a_run_of_several_workers_says_so():
    alone = facts._spell_machine(SimpleNamespace(machine=MACHINE))
    assert alone == "2 cores of a processor, 24 GiB, no GPU"
    together = facts._spell_machine(SimpleNamespace(machine={**MACHINE, "workers": 2, "devices": 4}))
    assert together == f"2 workers with 4 devices together, the first: {alone}"


def test_what_is_to_be_said_of_pictures_stands_on_the_page_once():
    def record(**data):
        return SimpleNamespace(
            machine=MACHINE, data={"fingerprint": "0" * 64, **data}, wall_seconds=60, precision="float32",
            backend="tensorflow", versions={}, commit=None, spec=SimpleNamespace(data_title=lambda: "mine"),
        )  # fmt: skip

    assert "Pictures" not in facts.page_facts("mine.ipynb", (), {}, [record()])
    told = record(empty_classes=["phone"], skipped=1, skipped_pictures=[{"picture": "a/1.jpg", "reason": "is empty"}])
    assert facts.page_facts("mine.ipynb", (), {}, [told, told])["Pictures"] == (
        "Left out: 1 could not be read: a/1.jpg. No class was made of phone: no picture that is read lies there."
    )


def test_the_command_that_repeats_a_page_reads_back():
    given = {"sizes": [[1, 2]], "name": "[a b]", "options": {"a": None}, "seeds": [0, 1]}
    assert facts.page_facts("my notebook.ipynb", (), given, [])["To repeat"] == (
        """cnnrepro run 'my notebook.ipynb' -p 'sizes=[[1, 2]]' -p 'name=["[a b]"]' -p 'options={"a": null}' """
        "-p seeds=0,1"
    )


def test_each_set_of_notes_is_named_once_with_its_title():
    assert facts.page_facts("pooling", (9, 10, 50, 51), {}, [])["Source"] == (
        "S0 (“Convolutional Neural Networks (CNN/ConvNets)”): Pooling Layer, Layers in ConvNets and Pooling Layer; "
        "S1 (“Convolutional Neural Networks (CNN)”): Pooling; "
        "S2 (“Convolutional Neural Networks (CNNs/ConvNets)”): back propagation, layer sizing patterns"
    )
