"""What TFDS prepares of photographs, read back still encoded: a small data set is made the way TFDS makes its own."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from cnnrepro import data
from cnnrepro.data.folder import picture_splits
from cnnrepro.data.folder.decoding import decode
from cnnrepro.data.tfds import photographs
from cnnrepro.errors import WorkFailed

pytest.importorskip("array_record", reason="ArrayRecord is for Linux alone")
pytestmark = pytest.mark.slow

CLASSES = ("bird", "cat")


def jpeg(number):
    pixels = np.random.default_rng(number).integers(0, 256, (40 + number, 50, 3), np.uint8)
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, "JPEG", quality=95)
    return held.getvalue()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A folder as TFDS leaves it: 24 training pictures and 6 of the split that TFDS calls validation."""
    import tensorflow_datasets as tfds

    class Birds(tfds.core.GeneratorBasedBuilder):
        """Two classes of noise."""

        VERSION = tfds.core.Version("1.0.0")

        def _info(self):
            features = tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(encoding_format="jpeg"),
                    "label": tfds.features.ClassLabel(names=list(CLASSES)),
                }
            )
            return self.dataset_info_from_configs(features=features)

        def _split_generators(self, dl_manager):
            return {"train": self._examples(0, 24), "validation": self._examples(24, 30)}

        def _generate_examples(self):
            raise NotImplementedError

        def _examples(self, first, last):
            for number in range(first, last):
                yield number, {"image": io.BytesIO(jpeg(number)), "label": CLASSES[number % 2]}

    root = tmp_path_factory.mktemp("tfds")
    builder = Birds(data_dir=root, file_format=photographs.prepare.FILE_FORMAT)
    builder.download_and_prepare()
    return next(root.glob("birds/*"))


@pytest.fixture
def info():
    sizes = {"train": 20, "validation": 4, "test": 6}
    return replace(data.info("imagenette"), name="birds", title="Birds", classes=CLASSES, sizes=sizes)


def test_the_pictures_are_those_that_were_stored(prepared, info, tmp_path):
    source = photographs.of_prepared(info, prepared, tmp_path)
    assert source.classes == CLASSES
    assert source.splits.count("train") == 24
    assert source.splits.count("test") == 6
    stored = {jpeg(number): number % 2 for number in range(30)}
    assert {source.read(position): label for position, label in enumerate(source.labels)} == stored


def test_names_and_labels_are_read_once(prepared, info, tmp_path, monkeypatch):
    first = photographs.of_prepared(info, prepared, tmp_path)
    kept = list(tmp_path.glob("names-*.npz"))
    assert len(kept) == 1
    monkeypatch.setattr(photographs, "write_whole", lambda *_: pytest.fail("written again"))
    second = photographs.of_prepared(info, prepared, tmp_path)
    assert (second.names, second.labels.tolist()) == (first.names, first.labels.tolist())
    assert second.digest == first.digest


def test_it_loads_through_the_same_stages_as_a_folder(prepared, info, tmp_path, monkeypatch):
    monkeypatch.setattr(photographs.prepare, "prepare", lambda *_, **__: prepared)
    load = {"train_images": None, "data_dir": None, "canvas": 32, "on_error": "stop"}
    splits = picture_splits.load_pictures(info, cache="disk", pictures=tmp_path, **load)
    assert splits.sizes == {"train": 20, "validation": 4, "test": 6}
    assert splits.canvas == (32, 32, 3)
    streamed = picture_splits.load_pictures(info, cache="none", pictures=tmp_path / "other", **load)
    assert streamed.fingerprint == splits.fingerprint
    feeds = [data.Feed(loaded, data.pipeline("alexnet-2012")) for loaded in (splits, streamed)]
    for ours, theirs in zip(*(feed.batches("train", 8, seed=0) for feed in feeds), strict=True):
        np.testing.assert_array_equal(ours[0], theirs[0])
        np.testing.assert_array_equal(ours[1], theirs[1])
    assert decode(photographs.of_prepared(info, prepared, tmp_path).read(0)).ndim == 3


def test_a_folder_that_cannot_be_read_is_named(info, tmp_path):
    with pytest.raises(WorkFailed, match="cannot be read.*prepare it again"):
        photographs.of_prepared(info, tmp_path, tmp_path)
