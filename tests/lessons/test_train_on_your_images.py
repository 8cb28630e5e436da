import numpy as np
import pandas as pd
import pytest
from PIL import Image

from cnnrepro import data, paths
from cnnrepro.experiments import train_on_your_images
from cnnrepro.experiments.catalogue import experiment
from cnnrepro.experiments.parameters import complete, read_parameters
from cnnrepro.runner import page
from cnnrepro.runs import RunSpec
from cnnrepro.training import train


@pytest.fixture(scope="module")
def tiles(tmp_path_factory):
    return train_on_your_images.pieces(tmp_path_factory.mktemp("tiles") / "two_photographs")


def test_the_pieces_are_those_of_the_photographs(tiles):
    found = sorted(tiles.rglob("*.jpg"))
    assert len(found) == 120
    pixels = np.asarray(Image.open(tiles / "flower" / "row2_column3.jpg")).astype(int)
    expected = data.photograph("flower")[128:192, 192:256].astype(int)
    assert np.abs(pixels - expected).mean() < 4  # JPEG of quality 92
    stamp = found[0].stat().st_mtime_ns
    assert train_on_your_images.pieces(tiles) == tiles
    assert found[0].stat().st_mtime_ns == stamp  # what is there is taken as it is


def test_parameters_of_a_record_name_its_run(tiles):
    spec = RunSpec(
        model="lenet5_modern",
        dataset=f"folder:{tiles}",
        pipeline="alexnet-2012",
        canvas=32,
        epochs=1,
        batch_size=32,
        options={"width": 2},
    )
    record = train(spec)
    named = train_on_your_images.parameters_of(record)
    declared = read_parameters(experiment(train_on_your_images.NAME).notebook)
    assert set(named) == set(declared)
    arms = experiment(train_on_your_images.NAME).arms(complete(declared, named, "here"))
    assert arms[0].specs == (spec,)
    job = page.of_record(record)
    assert job.arms[0].specs == (spec,)


def test_a_sample_shows_the_classes_by_turns(tiles):
    splits = data.load(f"folder:{tiles}", canvas=16)
    images, labels = train_on_your_images.sample(splits, 8)
    assert images.shape == (8, 16, 16, 3)
    assert labels.tolist() == [0, 1] * 4


def test_rows_of_the_page(tiles):
    spec = RunSpec(model="lenet5_modern", dataset="mnist_5k", epochs=1, train_images=128, pipeline="alexnet-2012")
    record = train(spec)
    rows = train_on_your_images.score_rows(record)
    assert [name for name, *_ in rows] == ["top-1 error", "top-5 error", "loss"]
    assert rows[0][1] == f"{record.test['top1_error']:.2%}"
    assert rows[0][2] == f"{record.test['ten_crop_top1_error']:.2%}"
    told = dict(train_on_your_images.recipe_rows(record))
    assert told["canvas, network"] == "28×28 and 24×24"
    assert told["in all"] == "1 steps, 128 images"
    assert told["recipe"].startswith("adam: Kingma")
    splits = data.load(f"folder:{tiles}", canvas=16)
    assert train_on_your_images.class_rows(splits) == [("china", 48, 6, 6), ("flower", 48, 6, 6)]
    assert train_on_your_images.skipped_rows(splits) == []


def test_what_a_network_gets_can_be_looked_at(tiles):
    arm = train_on_your_images.plan(**_defaults(dataset=f"folder:{tiles}", canvas=32))[0]
    images, labels = train_on_your_images.seen(arm, arm.splits(), 6)
    assert (images.shape, images.dtype) == ((6, 28, 28, 3), np.uint8)
    assert images.min() == 0 and images.max() == 255
    assert len(labels) == 6


def _defaults(**changes):
    declared = read_parameters(experiment(train_on_your_images.NAME).notebook)
    return complete(declared, changes, "here")


def test_without_a_folder_the_pieces_are_made_beside_the_runs():
    arm = train_on_your_images.plan(**_defaults())[0]
    folder = paths.runs_dir() / "examples" / "two_photographs"
    assert arm.specs[0].dataset == f"folder:{folder}"
    assert len(list(folder.rglob("*.jpg"))) == 120


def test_small_images_keep_their_size_whatever_canvas_is_asked_for():
    spec = train_on_your_images.plan(**_defaults(dataset="mnist_5k"))[0].specs[0]
    assert spec.canvas is None  # the notebook's default of 64 is for photographs
    assert train_on_your_images.plan(**_defaults(dataset="mnist_5k", canvas=28))[0].specs[0].canvas == 28


def test_the_least_sure_answers_come_first(tiles):
    splits = data.load(f"folder:{tiles}", canvas=128)
    labels = splits.examples["test"].labels
    confidence = np.full(len(labels), 0.99995)
    confidence[[3, 7]] = 0.6, 0.5
    predicted = labels.copy()
    predicted[7] = 1 - labels[7]
    frame = pd.DataFrame({"label": labels, "predicted": predicted, "confidence": confidence})
    images, words = train_on_your_images.least_sure(frame, splits, 3)
    names = splits.info.classes
    assert images.shape == (3, 112, 112, 3)
    assert words[0] == f"{names[predicted[7]]}? 50\N{NO-BREAK SPACE}%, is {names[labels[7]]}"
    assert words[1] == f"{names[labels[3]]}? 60\N{NO-BREAK SPACE}%"
    assert words[2].endswith("99.99\N{NO-BREAK SPACE}%")
    whole = np.asarray(splits.examples["test"].images[[7]])
    np.testing.assert_array_equal(images[:1], train_on_your_images.thumbnails(whole))


def test_thumbnails_average_and_never_enlarge():
    large = np.arange(4 * 4 * 3, dtype=np.uint8).reshape(1, 4, 4, 3)
    halved = large.reshape(1, 2, 2, 2, 2, 3).mean(axis=(2, 4))
    assert np.abs(train_on_your_images.thumbnails(large, 2) - halved).max() <= 1  # rounded twice
    assert train_on_your_images.thumbnails(large[..., :1], 2).shape == (1, 2, 2, 1)
    assert train_on_your_images.thumbnails(large, 8) is large


@pytest.mark.parametrize("loss, spelled", [(1.23456, "1.235"), (0.00019, "1.9e-04"), (0.0, "0.000")])
def test_a_small_loss_does_not_look_like_nought(loss, spelled):
    assert train_on_your_images._score("loss", loss) == spelled
