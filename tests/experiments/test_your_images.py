import numpy as np
import pytest
from PIL import Image

from cnnrepro import data, paths
from cnnrepro.experiments import alexnet_pipeline, pipeline_checks, your_images
from cnnrepro.experiments.catalogue import experiment
from cnnrepro.experiments.parameters import complete, read_parameters
from cnnrepro.report import build
from cnnrepro.training import RunSpec, train


@pytest.fixture(scope="module")
def tiles(tmp_path_factory):
    return your_images.pieces(tmp_path_factory.mktemp("tiles") / "two_photographs")


def test_the_pieces_are_those_of_the_photographs(tiles):
    found = sorted(tiles.rglob("*.jpg"))
    assert len(found) == 120
    pixels = np.asarray(Image.open(tiles / "flower" / "row2_column3.jpg")).astype(int)
    expected = data.photograph("flower")[128:192, 192:256].astype(int)
    assert np.abs(pixels - expected).mean() < 4  # JPEG of quality 92
    stamp = found[0].stat().st_mtime_ns
    assert your_images.pieces(tiles) == tiles
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
    named = your_images.parameters_of(record)
    declared = read_parameters(experiment(your_images.NAME).notebook)
    assert set(named) == set(declared)
    arms = experiment(your_images.NAME).arms(complete(declared, named, "here"))
    assert arms[0].specs == (spec,)
    job = build.of_record(record)
    assert job.arms[0].specs == (spec,)


def test_a_sample_shows_the_classes_by_turns(tiles):
    splits = data.load(f"folder:{tiles}", canvas=16)
    images, labels = your_images.sample(splits, 8)
    assert images.shape == (8, 16, 16, 3)
    assert labels.tolist() == [0, 1] * 4


def test_rows_of_the_page(tiles):
    spec = RunSpec(model="lenet5_modern", dataset="mnist_5k", epochs=1, train_images=128, pipeline="alexnet-2012")
    record = train(spec)
    rows = your_images.score_rows(record)
    assert [name for name, *_ in rows] == ["top-1 error", "top-5 error", "loss"]
    assert rows[0][1] == f"{record.test['top1_error']:.2%}"
    assert rows[0][2] == f"{record.test['ten_crop_top1_error']:.2%}"
    told = dict(your_images.recipe_rows(record))
    assert told["canvas, network"] == "28 x 28 and 24 x 24"
    assert told["recipe"].startswith("adam: Kingma")
    splits = data.load(f"folder:{tiles}", canvas=16)
    assert your_images.class_rows(splits) == [("china", 48, 6, 6), ("flower", 48, 6, 6)]
    assert your_images.skipped_rows(splits) == []


def test_what_a_network_gets_can_be_looked_at(tiles):
    arm = your_images.plan(**_defaults(dataset=f"folder:{tiles}", canvas=32))[0]
    images, labels = your_images.seen(arm, arm.splits(), 6)
    assert (images.shape, images.dtype) == ((6, 28, 28, 3), np.uint8)
    assert images.min() == 0 and images.max() == 255
    assert len(labels) == 6


def _defaults(**changes):
    declared = read_parameters(experiment(your_images.NAME).notebook)
    return complete(declared, changes, "here")


def test_without_a_folder_the_pieces_are_made_beside_the_runs():
    arm = your_images.plan(**_defaults())[0]
    folder = paths.runs_dir() / "examples" / "two_photographs"
    assert arm.specs[0].dataset == f"folder:{folder}"
    assert len(list(folder.rglob("*.jpg"))) == 120


def test_every_promise_of_the_stages_is_kept():
    shown = alexnet_pipeline.material("", "china", 32)
    for promise, measured, allowed, verdict in pipeline_checks.checks(shown, 1):
        assert verdict == "kept", (promise, measured, allowed)


def test_a_broken_promise_is_seen(monkeypatch):
    shown = alexnet_pipeline.material("", "china", 32)
    monkeypatch.setattr(pipeline_checks, "canvas_of", alexnet_pipeline.skipping)
    assert pipeline_checks.checks(shown, 1)[0][3] == "broken"


def test_a_page_on_a_folder_of_ones_own(tiles):
    shown = alexnet_pipeline.material(f"folder:{tiles}", "china", 32)
    assert shown.picture.shape == (64, 64, 3)
    assert len(alexnet_pipeline.canvas_maps(shown.picture)) == 4
    views, words = alexnet_pipeline.ten_views(alexnet_pipeline.canvas_of(shown.picture))
    assert len(views) == len(words) == 10
    places = alexnet_pipeline.places("alexnet-2012", 0)
    assert places.sum() == 10_000 and places[32].sum() == places[:, 32].sum() == 0
    assert len(alexnet_pipeline.colour_rows(shown.splits)) == 8
    images, words = alexnet_pipeline.recoloured(alexnet_pipeline.canvas_of(shown.picture), shown.splits, 3, 0)
    assert images.shape == (3, 128, 128, 3) and words[0] == "as it is"


def test_only_pictures_are_shown():
    from cnnrepro.errors import UsageError

    with pytest.raises(UsageError, match="dataset must be empty or folder:PATH"):
        alexnet_pipeline.material("mnist_5k", "china", 32)
