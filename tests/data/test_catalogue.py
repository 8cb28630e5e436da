import subprocess
import sys

import pytest

from cnnrepro import data
from cnnrepro.data.catalogue import DATASETS, SPLITS
from cnnrepro.data.tfds.published_files import known_files
from cnnrepro.errors import UsageError


def test_importing_the_package_and_listing_load_no_framework():
    code = (
        "import sys, cnnrepro.data as data; data.list_datasets('nowhere'); data.load('mnist_5k');"
        "print([name for name in ('tensorflow', 'keras', 'tensorflow_datasets', 'jax') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_data_set_is_named_with_the_known_ones():
    with pytest.raises(UsageError, match=r"'minst'.*fashion_mnist.*Did you mean 'mnist'"):
        data.info("minst")


@pytest.mark.parametrize("call", [data.load, data.prepare, data.status])
def test_every_call_refuses_an_unknown_data_set(call):
    with pytest.raises(UsageError, match="data set 'cifar11'"):
        call("cifar11")


@pytest.mark.parametrize("name", DATASETS)
def test_an_entry_is_complete(name):
    entry = data.info(name)
    assert entry.name == name
    assert tuple(entry.sizes) == SPLITS
    assert len(set(entry.classes)) == len(entry.classes) > 1
    assert entry.kind in ("embedded", "arrays", "pictures")
    assert entry.embedded == (entry.tfds_name is None)
    assert entry.licence and entry.citation and entry.source


@pytest.mark.parametrize("name", [name for name, entry in DATASETS.items() if not entry.embedded])
def test_the_download_is_as_large_as_the_files(name):
    entry = data.info(name)
    total = sum(file.size for file in known_files(entry.tfds_name))
    assert entry.download_megabytes == round(total / 1e6, 1)


@pytest.mark.parametrize("name", [name for name, entry in DATASETS.items() if not entry.embedded])
def test_version_and_class_names_are_those_of_tfds(name, tmp_path):
    import tensorflow_datasets as tfds

    entry = data.info(name)
    builder = tfds.builder(entry.tfds_name, data_dir=tmp_path)
    config = f"/{builder.builder_config.name}" if builder.builder_config else ""
    assert f"{builder.name}{config}:{builder.version}" == entry.tfds_name
    label = builder.info.features["label"]
    assert label.num_classes == len(entry.classes)
    if name != "imagenet2012":  # whose names come with the data; TFDS reads CIFAR's from the archive, and numbers them
        assert tuple(label.names) in (entry.classes, tuple(map(str, range(label.num_classes))))
    if entry.kind == "arrays":
        assert builder.info.features["image"].shape == entry.input_shape


def test_a_folder_is_described_without_a_look_at_the_disk():
    entry = data.info("folder:/no/such/place/cats and dogs")
    assert (entry.kind, entry.title, dict(entry.sizes)) == ("folder", "pictures of cats and dogs", {})
    with pytest.raises(UsageError, match="folder:PATH"):
        data.info("folder:")
