import numpy as np
import pandas as pd
import pytest

from cnnrepro import data
from cnnrepro.experiments.parameters import complete, read_parameters
from cnnrepro.experiments.train_on_your_images import EXPERIMENT, pieces
from cnnrepro.lessons import train_on_your_images as yours
from cnnrepro.lessons.photographs import thumbnails
from cnnrepro.lessons.train_on_your_images.tables import _spell_loss
from cnnrepro.runs import RunSpec
from cnnrepro.training import train


@pytest.fixture(scope="module")
def tiles(tmp_path_factory):
    return pieces(tmp_path_factory.mktemp("tiles") / "two_photographs")


@pytest.fixture(scope="module")
def splits(tiles):
    return data.load(f"folder:{tiles}", canvas=16)


def test_a_sample_shows_the_classes_by_turns(splits):
    images, labels = yours.sample(splits, 8)
    assert images.shape == (8, 16, 16, 3)
    assert labels.tolist() == [0, 1] * 4


def test_rows_of_the_page(splits):
    record = train(
        RunSpec(model="lenet5_modern", dataset="mnist_5k", epochs=1, train_images=128, pipeline="alexnet-2012")
    )
    rows = yours.score_rows(record)
    assert [name for name, *_ in rows] == ["top-1 error", "top-5 error", "loss"]
    assert rows[0][1] == f"{record.test['top1_error']:.2%}"
    assert rows[0][2] == f"{record.test['ten_crop_top1_error']:.2%}"
    lines = dict(yours.recipe_rows(record))
    assert lines["canvas, network"] == "28×28 and 24×24"
    assert lines["in all"] == "1 steps, 128 images"
    assert lines["recipe"].startswith("adam: Kingma")
    assert yours.class_rows(splits) == [("china", 48, 6, 6), ("flower", 48, 6, 6)]
    assert yours.skipped_rows(splits) == []


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


@pytest.mark.parametrize("loss, spelled", [(1.23456, "1.235"), (0.00019, "1.9e-04"), (0.0, "0.000")])
def test_a_small_loss_does_not_look_like_nought(loss, spelled):
    assert _spell_loss(loss) == spelled
