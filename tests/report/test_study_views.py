"""The picture and the tables of a study, on made-up records."""

import pytest

from cnnrepro import report
from cnnrepro.report import display
from tests import made_up_study
from tests.report.drawn import texts, titles


@pytest.fixture
def shown(monkeypatch):
    outputs = []
    monkeypatch.setattr(display, "show_output", lambda data, metadata=None: outputs.append(data))
    return outputs


def test_the_picture_has_the_arms_and_a_panel_for_each_score():
    figure = report.contrast_picture(made_up_study.results(), 40)
    assert [title.partition(",")[0] for title in titles(figure)] == [
        "Gap between training and test accuracy",
        "Gap between training and test accuracy",
        "Test error",
        "Epochs to the lowest validation loss",
        "Epochs to a point below the best validation accuracy",
    ]
    said = " ".join(texts(figure))
    assert "−9.80\nholds" in said
    assert "2.00 times" in said
    assert "no dropout" in said


def test_a_picture_of_one_seed_can_be_drawn():
    assert len(report.contrast_picture(made_up_study.results(seeds=1), 40).axes) == 5


def test_the_tables_are_contrasts_arms_what_was_decided_and_limits(shown):
    report.show_study(made_up_study.results(), 40)
    contrasts, arms, beforehand, limits = (output["text/html"] for output in shown)
    assert "Holm" in contrasts
    assert "356,298" in arms
    assert beforehand.startswith("<details>")
    assert "Krizhevsky" in beforehand
    assert "AlexNet drops units of two layers" in limits


def test_the_search_is_shown_where_there_is_one(shown):
    report.show_search(made_up_study.results(), "dropout")
    assert shown == []
    report.show_search(made_up_study.results(full=True, seeds=0), "dropout")
    assert "The search for the learning rates" in shown[0]["text/html"]
