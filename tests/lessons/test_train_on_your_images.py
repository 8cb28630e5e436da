from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from cnnrepro import data
from cnnrepro.data.folder.findings import Findings
from cnnrepro.experiments.parameters import complete, read_parameters
from cnnrepro.experiments.train_on_your_images import EXPERIMENT
from cnnrepro.lessons import train_on_your_images as yours
from cnnrepro.lessons.photographs import thumbnails
from cnnrepro.runs import RunSpec


@pytest.fixture(scope="module")
def splits(tiles):
    return data.load(f"folder:{tiles}", canvas=16)


def test_a_sample_shows_the_classes_by_turns(splits):
    images, labels = yours.sample(splits, 8)
    assert images.shape == (8, 16, 16, 3)
    assert labels.tolist() == [0, 1] * 4


def test_rows_of_the_page(splits):
    record = SimpleNamespace(
        spec=RunSpec(model="lenet5_modern", dataset="mnist_5k", epochs=2, batch_size=128, pipeline="alexnet-2012"),
        data={"sizes": {"train": 300}, "input": {"canvas": [28, 28, 1], "size": 24}},
        test={"top1_error": 0.125, "ten_crop_top1_error": 0.1, "loss": 1.23456, "ten_crop_loss": 0.00019},
        history={"images_per_second": [900.0, 1234.0]},
        wall_seconds=90,
    )
    assert yours.score_rows(record) == [("top-1 error", "12.50%", "10.00%"), ("loss", "1.235", "1.9e-04")]
    record.test = {"top1_error": 0.0, "loss": 0.0}
    assert yours.score_rows(record) == [("top-1 error", "0.00%", "–"), ("loss", "0.000", "–")]
    lines = dict(yours.recipe_rows(record))
    assert lines["canvas, network"] == "28×28 and 24×24"
    assert lines["epochs"] == "2, each of 3 steps of at most 128 images"
    assert lines["in all"] == "6 steps, 600 images"
    assert lines["recipe"].startswith("adam: Kingma")
    assert lines["took"] == "1.5 minutes, 1,234 images/s in the fastest epoch"
    assert yours.class_rows(splits) == [("china", 48, 6, 6), ("flower", 48, 6, 6)]
    assert yours.skipped_rows(splits) == yours.finding_rows(splits) == []


def test_what_was_left_out_has_a_row_and_what_could_not_be_read_a_table_of_its_own(splits):
    left_out = {"could not be read": ("a.jpg",), "in a format that is not read (.heic)": ("b.heic",)}
    found = SimpleNamespace(findings=Findings(left_out=left_out, empty_classes=("phone",)))
    assert yours.finding_rows(found) == [
        ("Left out: 1 in a format that is not read (.heic): b.heic.",),
        ("No class was made of phone: no picture that is read lies there.",),
    ]


def test_what_a_network_gets_can_be_looked_at(tiles):
    parameters = complete(read_parameters(EXPERIMENT.notebook), {"dataset": f"folder:{tiles}", "canvas": 32})
    (arm,) = EXPERIMENT.arms(**parameters)
    images, labels = yours.seen(arm, arm.splits(), 6)
    assert (images.shape, images.dtype) == ((6, 28, 28, 3), np.uint8)
    assert images.min() == 0 and images.max() == 255
    assert len(labels) == 6


def test_the_least_sure_answers_come_first(splits):
    labels = splits.examples["test"].labels
    confidence = np.full(len(labels), 0.99995)
    confidence[[3, 7]] = 0.6, 0.5
    predicted = labels.copy()
    predicted[7] = 1 - labels[7]
    frame = pd.DataFrame({"label": labels, "predicted": predicted, "confidence": confidence})
    images, answers = yours.least_sure(frame, splits, 3)
    names = splits.info.classes
    np.testing.assert_array_equal(images[:2], splits.examples["test"].images[[7, 3]])
    assert answers[0] == f"{names[predicted[7]]}? 50\N{NO-BREAK SPACE}%, is {names[labels[7]]}"
    assert answers[1] == f"{names[labels[3]]}? 60\N{NO-BREAK SPACE}%"
    assert answers[2].endswith("99.99\N{NO-BREAK SPACE}%")


def test_thumbnails_average_and_never_enlarge():
    large = np.arange(4 * 4 * 3, dtype=np.uint8).reshape(1, 4, 4, 3)
    halved = large.reshape(1, 2, 2, 2, 2, 3).mean(axis=(2, 4))
    assert np.abs(thumbnails(large, 2) - halved).max() <= 1  # rounded twice
    assert thumbnails(large[..., :1], 2).shape == (1, 2, 2, 1)
    assert thumbnails(large, 8) is large
