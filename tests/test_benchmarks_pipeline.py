"""The peers of benchmarks/pipeline.py do the work that we do: their pixels equal ours, on JPEGs made here."""

import numpy as np
import pytest

from cnnrepro import data
from cnnrepro.data.random_numbers import permutation
from tests.scripts import benchmark

COUNT = 8
WIDTH, HEIGHT = 500, 376  # an even difference: then peers that cut at whole pixels cut where we do


@pytest.fixture(scope="module")
def bench():
    """benchmarks/pipeline.py as a module."""
    with benchmark("pipeline") as module:
        yield module


@pytest.fixture(scope="module")
def feed(bench, tmp_path_factory):
    """Our side: streamed JPEGs through AlexNet's pipeline."""
    folder = tmp_path_factory.mktemp("pictures")
    pictures = bench.cut_jpegs(folder / "made", COUNT, WIDTH, HEIGHT)
    name = bench.linked(pictures, COUNT, folder / "linked")
    splits = data.load(name, cache="none", pictures=folder / "cache")
    return data.Feed(splits, data.pipeline("alexnet-2012"))


@pytest.fixture(scope="module")
def centres(bench, feed):
    """Our centre windows, (N, 224, 224, 3)."""
    return bench.first(feed.batches("train", COUNT))


def test_pillow_and_numpy_make_our_augmented_batch(bench, feed):
    seed, epoch = 3, 1
    paths, constants = bench.train_paths(feed.splits), bench.Constants.of(feed)
    order = permutation(COUNT, seed, epoch)
    drawn = data.draw(feed.pipeline, COUNT, bench.CANVAS, seed, epoch).at(order).to_dict()
    theirs = [
        constants.finish(
            bench.pillow_canvas(paths[at]), *(drawn[name][row] for name in ("top", "left", "mirrored", "alphas"))
        )
        for row, at in enumerate(order)
    ]
    mine = bench.first(feed.batches("train", COUNT, seed=seed, epoch=epoch))
    assert 0 < drawn["mirrored"].sum() < COUNT
    np.testing.assert_allclose(np.stack(theirs), mine, atol=1.001)  # Pillow rounds between its two passes
    bench.require_near("Pillow", np.stack(theirs), mine)


def test_albumentations_cuts_where_we_cut(bench, feed, centres):
    pytest.importorskip("torch")
    pytest.importorskip("albumentations")
    pytest.importorskip("cv2")
    pictures = bench.OpenCvPictures(bench.train_paths(feed.splits), bench.Constants.of(feed), centre=True)
    theirs = np.stack([pictures[index][0].numpy() for index in range(COUNT)])
    bench.require_near("OpenCV", theirs, centres)
    assert np.abs(theirs - centres).mean() < 1.5  # boxes against triangles: see TOLERANCES


def test_simplejpeg_gives_our_centre_windows(bench, feed, centres):
    """torchvision, which must be loaded before TensorFlow, is compared where the benchmark runs."""
    pytest.importorskip("simplejpeg")
    constants = bench.Constants.of(feed)
    pictures = bench.SimpleJpegPictures(bench.train_paths(feed.splits), constants)
    middle = {"top": 16, "left": 16, "mirrored": False, "alphas": np.zeros(3, np.float32)}
    theirs = np.stack([constants.finish(pictures.canvas(index), **middle) for index in range(COUNT)])
    bench.require_near("simplejpeg", theirs, centres)


def test_a_decoder_that_is_not_installed_is_named(bench, monkeypatch):
    monkeypatch.setattr(bench, "missing", lambda needs: [name for name in needs if name == "simplejpeg"])
    there, left_out = bench.loaded_here()
    assert [name for name, *_ in there] == ["Pillow", "torchvision", "OpenCV"]
    assert left_out == {"simplejpeg and Pillow": "simplejpeg not installed"}


def test_keras_layers_make_our_centre_windows(bench, feed, centres):
    paths, constants = bench.train_paths(feed.splits), bench.Constants.of(feed)
    theirs = bench.first(bench.keras_epoch(paths, constants, centre=True))
    bench.require_near("Keras", theirs, centres)
    assert np.abs(theirs - centres).mean() < 1.5  # TensorFlow's quick transform


def test_an_epoch_of_each_torch_peer_has_the_shape_of_ours(bench, feed, tmp_path):
    torch = pytest.importorskip("torch")
    pytest.importorskip("albumentations")
    paths, constants = bench.train_paths(feed.splits), bench.Constants.of(feed)
    np.save(tmp_path / "train.npy", np.zeros((COUNT, bench.CANVAS, bench.CANVAS, 3), np.uint8))
    mapped = bench.MappedPictures(paths, constants, file=str(tmp_path / "train.npy"))
    for pictures in (bench.PillowPictures(paths, constants), bench.OpenCvPictures(paths, constants), mapped):
        image, _ = pictures[1]
        assert (tuple(image.shape), image.dtype) == ((bench.SIZE, bench.SIZE, 3), torch.float32)


def test_other_pixels_end_it_with_a_sentence(bench, centres):
    with pytest.raises(SystemExit, match="Pillow gives other pixels than ours"):
        bench.require_near("Pillow", centres + 3, centres)


def test_a_short_epoch_ends_it(bench):
    with pytest.raises(SystemExit, match="gave 2"):
        bench.rate(3, lambda: [(np.zeros((2, 1)), np.zeros(2))])
