import gzip
import hashlib

import pytest

from cnnrepro.data.tfds.published_files import KnownFile, known_as, known_files, locate, sha256_of
from cnnrepro.errors import UsageError, WorkFailed

CONTENTS = {"images-idx3-ubyte.gz": gzip.compress(bytes(900), mtime=0), "labels-idx1-ubyte.gz": b"labels"}
FILES = tuple(
    KnownFile(name, f"https://example.org/{name}", len(content), hashlib.sha256(content).hexdigest())
    for name, content in CONTENTS.items()
)


@pytest.fixture
def folder(tmp_path):
    for name, content in CONTENTS.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_tfds_list_is_read():
    files = known_files("mnist:3.0.1")
    assert [file.name for file in files] == [
        "t10k-images-idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte.gz",
        "train-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte.gz",
    ]
    assert all(file.url.endswith(f"/{file.name}") and len(file.sha256) == 64 for file in files)
    assert files[2].size == 9_912_422


def test_the_list_is_the_one_tfds_checks_against():
    import tensorflow_datasets as tfds

    infos = tfds.core.download.checksums.get_all_url_infos()
    for name in ("mnist", "fashion_mnist"):
        for file in known_files(name):
            assert (infos[file.url].size, infos[file.url].checksum) == (file.size, file.sha256)
            assert infos[file.url].filename == file.name


def test_a_list_that_tfds_lacks():
    with pytest.raises(WorkFailed, match=r"no_such_set\.txt"):
        known_files("no_such_set:1.0.0")


def test_a_file_is_known_by_its_checksum():
    assert known_as(known_files("fashion_mnist")[0].sha256) == "t10k-images-idx3-ubyte.gz of fashion_mnist"
    assert known_as("0" * 64) is None


def test_good_files_are_found(folder):
    assert locate("it", folder, FILES) == folder


def test_good_files_are_found_one_level_below_even_beside_others_of_the_same_name(folder):
    outer = folder / "outer"
    for name, content in {"a": b"other", "b": None, "c": b"more"}.items():
        (outer / name).mkdir(parents=True)
        for file, good in CONTENTS.items():
            (outer / name / file).write_bytes(content or good)
    assert locate("it", outer, FILES) == outer / "b"


def test_no_folder(folder):
    with pytest.raises(UsageError, match=r"is not a folder; name the folder with images-idx3-ubyte\.gz, labels"):
        locate("it", folder / "absent", FILES)


def test_an_empty_folder_names_every_file(tmp_path):
    with pytest.raises(UsageError, match=r"images-idx3-ubyte\.gz is missing; labels-idx1-ubyte\.gz is missing"):
        locate("it", tmp_path, FILES)


@pytest.mark.parametrize("name", CONTENTS)
def test_one_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(UsageError, match=f"{name} is missing") as caught:
        locate("it", folder, FILES)
    assert str(caught.value).count("is missing") == 1


@pytest.mark.parametrize("unpacked", ["images-idx3-ubyte", "images.idx3-ubyte"])
def test_an_unpacked_file_does_not_do(folder, unpacked):
    (folder / "images-idx3-ubyte.gz").rename(folder / unpacked)
    with pytest.raises(UsageError, match=rf"{unpacked} is there, but the original packed file is needed"):
        locate("it", folder, FILES)


@pytest.mark.parametrize(
    "damage",
    [lambda content: content[:-1], lambda content: content[:5] + b"\x00" + content[6:], lambda content: b""],
    ids=["cut off", "one byte", "empty"],
)
def test_a_damaged_file_is_named_with_both_checksums(folder, damage):
    path = folder / "labels-idx1-ubyte.gz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(WorkFailed) as caught:
        locate("it", folder, FILES)
    text = str(caught.value)
    assert f"expected SHA-256 {FILES[1].sha256} (6 bytes)" in text
    assert f"received {sha256_of(path)} ({path.stat().st_size} bytes)" in text
    assert "images-idx3-ubyte.gz is damaged" not in text


def test_swapped_files_are_called_by_their_right_names(mnist_copy):
    one, other = mnist_copy / "train-labels-idx1-ubyte.gz", mnist_copy / "t10k-labels-idx1-ubyte.gz"
    between = one.rename(mnist_copy / "between")
    other.rename(one)
    between.rename(other)
    with pytest.raises(WorkFailed, match=r"which is t10k-labels-idx1-ubyte\.gz of mnist"):
        locate("mnist", mnist_copy, known_files("mnist"))


def test_mnist_is_not_taken_for_fashion_mnist(mnist_files):
    with pytest.raises(WorkFailed) as caught:
        locate("fashion_mnist", mnist_files, known_files("fashion_mnist"))
    for file in known_files("mnist"):
        assert f"which is {file.name} of mnist" in str(caught.value)
