"""Named data sets and the tf.data pipelines over them.

    >>> from cnnrepro import data
    >>> splits = data.load("mnist_5k")                                     # real digits, no files, no network
    >>> for images, labels in data.batches(splits, "train", 64, seed=0, epoch=3):
    ...     ...                                                            # (N, 28, 28, 1) float32, (N,) int64

Which data sets there are stands in ``catalogue.DATASETS``. ``mnist_5k`` is embedded; the others come from
tensorflow-datasets (TFDS), which downloads them or takes files that are at hand:
``prepare("mnist", source=Path("DIR"))``.

    catalogue         what the data sets are
    embedded          what other packages carry: 5,000 digits, two photographs
    loading           load: how the splits come about
    splits            a data set as it is trained on: its three splits, fingerprint, mean and deviation
    labelled_images   images with labels, in memory or in a file
    image_statistics  mean image, mean colour and principal colours of a training split
    random_numbers    permutations and stratified draws that stay the same for ever
    tf_helpers        TensorFlow and tf.data as this package uses them
    tfds/             the data sets of TFDS: their files checked or fetched, prepared and read; other forms of MNIST
    folder/           photographs: found in a folder or a table, decoded, cropped to a square, cached, divided
    pipelines/        what becomes of an image on its way into a network, as each paper has it; batches

To add a data set, enter it in ``catalogue.DATASETS``; to add a pipeline, in ``pipelines.catalogue.PIPELINES``.
Importing this package loads neither TensorFlow nor Keras.
"""

from cnnrepro.data.catalogue import DATASETS, FOLDER, DatasetInfo, info
from cnnrepro.data.embedded import PHOTOGRAPHS, photograph
from cnnrepro.data.image_statistics import Statistics
from cnnrepro.data.image_statistics import of_splits as statistics_of
from cnnrepro.data.labelled_images import Examples
from cnnrepro.data.loading import ON_ERROR, load
from cnnrepro.data.pipelines.catalogue import PIPELINES, pipeline
from cnnrepro.data.pipelines.definition import Pipeline
from cnnrepro.data.pipelines.draws import Draws, draw
from cnnrepro.data.pipelines.feeding import PLACEMENTS, Feed, batches
from cnnrepro.data.splits import Splits, arrays, standardise
from cnnrepro.data.tf_helpers import tensorflow as load_tensorflow
from cnnrepro.data.tfds.prepare import prepare
from cnnrepro.data.tfds.read_prepared import list_datasets, status

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
    "standardise",
    "statistics_of",
    "status",
]
