from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from cnnrepro import data, paths
from cnnrepro.experiments.parameters import complete, read_parameters
from cnnrepro.experiments.train_on_your_images import EXPERIMENT, arms, parameters_of, pieces
from cnnrepro.runner.request import request_of_run
from cnnrepro.runs import RunSpec


@pytest.fixture(scope="module")
def tiles(tmp_path_factory):
    return pieces(tmp_path_factory.mktemp("tiles") / "two_photographs")


def parameters(**changes):
    return complete(read_parameters(EXPERIMENT.notebook), changes)


def test_the_pieces_are_those_of_the_photographs(tiles):
    files = sorted(tiles.rglob("*.jpg"))
    assert len(files) == 120
    pixels = np.asarray(Image.open(tiles / "flower" / "row2_column3.jpg")).astype(int)
    expected = data.photograph("flower")[128:192, 192:256].astype(int)
    assert np.abs(pixels - expected).mean() < 4  # JPEG of quality 92
    stamp = files[0].stat().st_mtime_ns
    assert pieces(tiles) == tiles
    assert files[0].stat().st_mtime_ns == stamp  # what is there is taken as it is


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
    record = SimpleNamespace(spec=spec)
    named = parameters_of(record)
    assert set(named) == set(parameters())
    assert arms(**parameters(**named))[0].specs == (spec,)
    assert request_of_run(record).arms[0].specs == (spec,)


def test_without_a_folder_the_pieces_are_made_beside_the_runs():
    (arm,) = arms(**parameters())
    folder = paths.runs_dir() / "examples" / "two_photographs"
    assert arm.specs[0].dataset == f"folder:{folder}"
    assert len(list(folder.rglob("*.jpg"))) == 120


def test_small_images_keep_their_size_whatever_canvas_is_asked_for():
    (arm,) = arms(**parameters(dataset="mnist_5k"))
    assert arm.specs[0].canvas is None  # the notebook's default of 64 is for photographs
    assert arms(**parameters(dataset="mnist_5k", canvas=28))[0].specs[0].canvas == 28
