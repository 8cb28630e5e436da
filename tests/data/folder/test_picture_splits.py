import csv
import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cnnrepro import data
from cnnrepro.data.folder.findings import sentences
from cnnrepro.data.folder.picture_splits import divide
from cnnrepro.errors import UsageError, WorkFailed


def fill(folder, count, seed=0):
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    for number in range(count):
        Image.fromarray(random.integers(0, 256, (24, 30, 3), np.uint8)).save(folder / f"{number:03}.png")


@pytest.fixture
def folder(tmp_path):
    for seed, (name, count) in enumerate((("ant", 20), ("bee", 12), ("cow", 3))):
        fill(tmp_path / "animals" / name, count, seed)
    return tmp_path / "animals"


def load(folder, **how):
    return data.load(f"folder:{folder}", **({"canvas": 16} | how))


@settings(max_examples=15)
@given(st.lists(st.integers(0, 4), min_size=12, max_size=120), st.integers(0, 99))
def test_what_is_not_named_is_drawn_and_every_class_is_trained_on(labels, seed):
    labels = np.array(labels)
    tenth = max(1, len(labels) // 10)
    if len(labels) - len(np.unique(labels)) < 2 * tenth:
        return
    found = divide(labels, [None] * len(labels), "here")
    assert (len(found["test"]), len(found["validation"])) == (tenth, tenth)
    everything = np.concatenate(list(found.values()))
    assert sorted(everything) == list(range(len(labels)))
    assert set(labels[found["train"]]) == set(labels)
    again = divide(labels, [None] * len(labels), "here")
    assert all((found[split] == again[split]).all() for split in found)


def test_splits_that_are_named_are_taken_as_they_are():
    given_splits = ["test", "train", None, "validation", "train", "test"]
    found = divide(np.array([0, 0, 1, 0, 1, 1]), given_splits, "here")
    assert {split: one.tolist() for split, one in found.items()} == {
        "train": [1, 2, 4],
        "validation": [3],
        "test": [0, 5],
    }


def test_too_few_pictures_are_refused_with_the_ways_out():
    with pytest.raises(UsageError, match="too few pictures to draw a test split of 1 from its 2 training pictures"):
        divide(np.array([0, 1]), [None, None], "here")


def test_a_folder_of_classes(folder):
    splits = load(folder)
    assert splits.info.classes == ("ant", "bee", "cow")
    assert splits.sizes == splits.info.sizes == {"train": 29, "validation": 3, "test": 3}
    assert splits.canvas == (16, 16, 3)
    images = splits.examples["train"].images[:] / 255
    np.testing.assert_allclose(splits.mean, images.mean(axis=(0, 1, 2)), rtol=1e-9)
    np.testing.assert_allclose(splits.std, images.std(axis=(0, 1, 2)), rtol=1e-9)
    assert [int(label) for _, label in splits.train][:3] == splits.examples["train"].labels[:3].tolist()


def test_folders_of_splits_are_kept(tmp_path):
    for split, count in (("train", 6), ("val", 2), ("test", 3)):
        for name in ("ant", "bee"):
            fill(tmp_path / "set" / split / name, count)
    assert load(tmp_path / "set").sizes == {"train": 12, "validation": 4, "test": 6}


def test_a_table_of_paths_labels_and_splits(folder, tmp_path):
    with (tmp_path / "table.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "label", "split"])
        for number, path in enumerate(sorted(folder.rglob("*.png"))):
            rows.writerow([path, "even" if number % 2 else "odd", ("train", "train", "validation", "test")[number % 4]])
    splits = load(tmp_path / "table.csv")
    assert splits.info.classes == ("even", "odd")
    assert splits.sizes == {"train": 18, "validation": 9, "test": 8}


def test_fewer_training_images_leave_the_other_splits_alone(folder):
    whole, some = load(folder), load(folder, train_images=10)
    assert some.sizes == {"train": 10, "validation": 3, "test": 3}
    np.testing.assert_array_equal(some.examples["test"].images[:], whole.examples["test"].images[:])
    assert some.fingerprint != whole.fingerprint
    with pytest.raises(UsageError, match="train_images must be a whole number from 1 to 29"):
        load(folder, train_images=30)


def test_the_fingerprint_is_of_what_is_read_and_not_of_where_it_lies(folder, tmp_path):
    first = load(folder).fingerprint
    assert load(folder, cache="memory").fingerprint == first
    assert load(folder, canvas=32).fingerprint != first
    moved = tmp_path / "moved"
    folder.rename(moved)
    assert load(moved).fingerprint == first
    (moved / "cow").rename(moved / "calf")
    assert load(moved).fingerprint != first


def test_a_pixel_changes_the_fingerprint(folder):
    first = load(folder).fingerprint
    pixels = np.array(Image.open(folder / "ant" / "000.png"))
    pixels[0, 0] ^= 1
    Image.fromarray(pixels).save(folder / "ant" / "000.png")
    assert load(folder).fingerprint != first


def test_bad_pictures_stop_or_are_left_out(folder):
    (folder / "ant" / "torn.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(WorkFailed, match=r"1 of 36 pictures of .* cannot be read: ant/torn.jpg is .*--on-error skip"):
        load(folder)
    splits = load(folder, on_error="skip")
    assert [name for name, _ in splits.skipped] == ["ant/torn.jpg"]
    assert sum(splits.sizes.values()) == 35
    with pytest.raises(UsageError, match="Unknown way to meet a bad picture 'ignore'; known are: skip, stop"):
        load(folder, on_error="ignore")


def test_many_bad_pictures_are_counted_and_some_named(folder):
    for number in range(14):
        (folder / "bee" / f"z{number:02}.png").touch()
    with pytest.raises(WorkFailed, match=r"14 of 49 .*bee/z09.png is empty \(0 bytes\); and 4 more. Mend"):
        load(folder)


def test_a_class_that_loses_all_its_pictures_is_no_class_to_train_on(folder):
    for path in (folder / "cow").iterdir():
        path.write_bytes(b"")
    with pytest.raises(UsageError, match="No picture of the class 'cow' of .* can be read"):
        load(folder, on_error="skip")


def test_a_folder_that_is_none_is_one_sentence(tmp_path):
    with pytest.raises(UsageError, match="nowhere"):
        load(tmp_path / "nowhere")


def test_small_images_have_one_size():
    with pytest.raises(UsageError, match="The images of 'mnist_5k' are 28 pixels wide. Received: canvas=64"):
        data.load("mnist_5k", canvas=64)


def test_one_picture_in_two_classes_and_two_splits_is_told(tmp_path, capsys):
    for seed, (split, count) in enumerate((("train", 6), ("val", 2), ("test", 3))):
        for name in ("ant", "bee"):
            fill(tmp_path / "set" / split / name, count, 10 * seed + (name == "bee"))
    shutil.copy(tmp_path / "set/train/ant/000.png", tmp_path / "set/train/bee/same.png")
    shutil.copy(tmp_path / "set/train/ant/001.png", tmp_path / "set/test/ant/again.png")
    splits = load(tmp_path / "set")
    assert splits.findings.to_dict() == {
        "shared_pictures": {
            "across_splits": {
                "count": 1,
                "pictures": [{"test": ["test/ant/again.png"], "train": ["train/ant/001.png"]}],
                "test_in_training": 1,
            },
            "across_classes": {
                "count": 1,
                "pictures": [{"ant": ["train/ant/000.png"], "bee": ["train/bee/same.png"]}],
            },
        }
    }
    said = capsys.readouterr().err
    assert "1 picture is in more than one class: train/ant/000.png = train/bee/same.png." in said
    assert "1 picture is in more than one split" in said
    assert "1 of the test pictures are training pictures, too." in said
    load(tmp_path / "set")
    assert capsys.readouterr().err == ""  # once a process


@pytest.mark.parametrize("cache", ["disk", "none"])
def test_what_libjpeg_remarks_on_is_named_and_nothing_else_reaches_standard_error(folder, capfd, cache):
    fill(folder / "dog", 1, seed=7)
    Image.open(folder / "dog" / "000.png").save(folder / "dog" / "extra.jpg")
    data_of = (folder / "dog" / "extra.jpg").read_bytes()
    (folder / "dog" / "extra.jpg").write_bytes(data_of[:-2] + bytes(200) + data_of[-2:])
    for _ in range(2):  # made, and read again
        splits = load(folder, cache=cache)
        ((name, remark),) = splits.findings.damaged
        assert name == "dog/extra.jpg" and remark.startswith("Corrupt JPEG data: ")
    for _ in splits.train:
        pass
    missing, line = capfd.readouterr().err.splitlines()
    assert "Damaged, and read all the same: 1: dog/extra.jpg (Corrupt JPEG data" in line
    assert "No picture of cow, dog is in" in missing


def test_what_cannot_be_read_is_among_what_was_left_out(folder):
    (folder / "ant" / "torn.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    (folder / "dog").mkdir()
    found = load(folder, on_error="skip").findings.to_dict()
    assert found["left_out"] == {"could not be read": {"count": 1, "names": ["ant/torn.jpg"]}}
    assert found["empty_classes"] == ["dog"]


def test_a_class_that_the_test_split_has_no_picture_of_is_told(folder, capsys):
    findings = load(folder).findings.to_dict()
    assert findings == {"missing_classes": {split: {"count": 1, "names": ["cow"]} for split in ("test", "validation")}}
    assert "No picture of cow is in the test split and the validation split." in capsys.readouterr().err


@pytest.mark.parametrize("cache", ["disk", "none"])
def test_what_is_to_be_known_of_pictures_that_are_taken(folder, cache):
    frames = [Image.fromarray(np.random.default_rng(seed).integers(0, 256, (24, 24, 3), np.uint8)) for seed in (1, 2)]
    frames[0].save(folder / "ant" / "clip.gif", save_all=True, append_images=frames[1:])
    frames[0].save(folder / "ant" / "pages.tif", save_all=True, append_images=frames[1:])
    frames[0].save(folder / "ant" / "phone.jpg", "MPO", save_all=True, append_images=frames[1:])
    twelve_bits = np.random.default_rng(3).integers(0, 4096, (24, 24)).astype(np.uint16)
    Image.fromarray(twelve_bits).save(folder / "bee" / "x-ray.png")
    Image.new("RGB", (30, 24), "white").save(folder / "bee" / "white.png")
    fill(folder / "cow", 4)
    (folder / "cow" / "003.png").rename(folder / "cow" / "001_mask_1.png")
    for _ in range(2):  # made, and read again
        found = load(folder, cache=cache).findings
        assert found.noted == {
            "called like a mask of the picture beside it": ("cow/001_mask_1.png",),
            "of which the first of several frames, or pages, is taken": ("ant/clip.gif", "ant/pages.tif"),
            "nearly black, or all of one colour": ("bee/white.png", "bee/x-ray.png"),
        }
    assert "Taken all the same: 2 nearly black, or all of one colour: bee/white.png, bee/x-ray.png." in sentences(
        found.to_dict()
    )


def test_what_is_drawn_though_other_splits_are_named_is_told(tmp_path, capsys):
    for split, count in (("train", 12), ("val", 2), ("test", 0)):
        for seed, name in enumerate(("ant", "bee")):
            fill(tmp_path / "set" / split / name, count, seed)
    assert load(tmp_path / "set").findings.drawn_splits == {"test": 2}
    assert "No test pictures are named: 2 of the training pictures were drawn for it." in capsys.readouterr().err
