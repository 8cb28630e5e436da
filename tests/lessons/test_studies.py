"""What a page shows of a study, on made-up records: contrasts, arms, what was decided beforehand, the search."""

import pytest

from cnnrepro.lessons import studies
from tests import made_up_study


@pytest.fixture(scope="module")
def results():
    return made_up_study.results()


def test_each_contrast_has_a_row_with_its_word(results):
    rows = studies.contrast_rows(results, 40)
    assert all(len(row) == len(studies.CONTRAST_COLUMNS) for row in rows)
    first = rows[0]
    assert first[:4] == ("dropout 0.5 minus none", "holds", "gap between training and test accuracy", "−9.80")
    assert first[5:] == (6, "–", "The interval lies below 0, the mean at −0.5 or below")
    doubled = rows[2]
    assert doubled[3:5] == ("2.00 times", "–"), "equal differences have no interval"
    assert doubled[7] == "The interval lies within 1.41 times to 2.83 times"
    assert rows[1][6] == "0%", "each seed reads another image wrongly, so none of the images is a hard one"
    assert rows[-1][1].startswith("(")


def test_each_number_of_the_picture_has_its_runs_and_what_was_read(results):
    numbers = studies.numbers(results, 40)
    arm = numbers[numbers.what == "dropout 0.5"]
    assert list(arm.value.round(3)) == [10.0, 10.5] * 3
    assert list(arm.runs)[:2] == ["+1*dropout 0.5 0", "+1*dropout 0.5 1"]
    assert set(arm.fields) == {"test.accuracy_training test.accuracy"}
    doubled = numbers[(numbers.what == "dropout 0.5 over none") & numbers.measured.str.endswith("validation loss")]
    assert list(doubled.value) == [2.0] * 6
    assert doubled.runs.iloc[0] == "+1*dropout 0.5 0 -1*no dropout 0"


def test_the_levels_of_the_intervals_are_told(results):
    assert studies.levels(results, 40) == "97.5 to 98.8 %"


def test_what_was_decided_beforehand_is_read_off_the_design():
    rows = dict(studies.beforehand(40))
    assert rows["data"] == "cifar10, 6,000 training images, 40 epochs"
    assert rows["training"] == "recipe adam, 128 images a step"
    assert rows["seeds of an arm"] == "5 or 10"
    rule = rows["Dropout 0.5 minus none: gap between training and test accuracy"]
    assert rule.startswith("in points: holds where the interval lies below 0, the mean at −0.5 or below")
    doubled = rows["Dropout 0.5 over none: epochs to the lowest validation loss"]
    assert doubled.startswith("holds where the interval lies within 1.41 times to 2.83 times")
    assert rows["Dropout 0.2 minus none: gap between training and test accuracy"] == "is looked at, and decides nothing"


def test_each_arm_has_its_costs_and_its_score(results):
    rows = studies.cost_rows(results, 40)
    assert len(rows[0]) == len(studies.cost_columns(40))
    assert [row[0] for row in rows] == list(studies.study_of(40).arms)
    assert rows[0][1] == "356,298"  # 28 x 28 x 1: 320 + 18,496 + 36,928 + 9·64·512 + 512 + 5,130
    assert rows[0][3:7] == ("0.001", "80.05", "40.00 ± 0.00", "20.05 ± 0.05")
    assert rows[0][7:] == ("30", 6)


def test_what_surprised_is_told_of_the_runs_that_count_alone(results):
    assert studies.surprises(results, 40) == ""
    assert "With 64 units" in studies.surprises(made_up_study.results(full=True, seeds=0), 40)


def test_the_search_shows_which_rate_was_best():
    rows = studies.search_rows(made_up_study.results(full=True, seeds=0), "dropout")
    assert len(rows) == 5
    assert rows[0] == ("no dropout", "55.0%", "65.0%", "55.0%", "55.0%", "0.001", "0.001")
    assert studies.search_rows(made_up_study.results(), "dropout") == []


def test_curves_are_those_of_the_statement_s_arms(results):
    assert set(studies.curves(results, 40)["arm"]) == set(made_up_study.SCORED)


def test_a_second_round_is_told_beside_the_first():
    rows = dict(studies.beforehand(32))
    assert rows["seeds of an arm"] == "10 or 20; new seeds: 48 (from seed 20 on)"
    assert "10 % for both" in rows["several contrasts"]
    assert rows["3x3 minus 2x2, new seeds: test error"] == rows["3x3 minus 2x2: test error"]
    assert "second round decided in commit" not in dict(studies.beforehand(40))
