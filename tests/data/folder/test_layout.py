"""Which folders are classes and which are splits, in layouts that data sets come in."""

import pytest

from cnnrepro.data.folder.find_pictures import find_pictures
from cnnrepro.data.folder.findings import sentences
from cnnrepro.data.folder.layout import role
from cnnrepro.errors import UsageError


@pytest.fixture
def make(tmp_path):
    def files(*names):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x")
        return tmp_path

    return files


def pairs(source):
    """The classes of each split, and their folders."""
    found = {}
    for name, label, split in zip(source.names, source.labels, source.splits, strict=True):
        found.setdefault(split, set()).add((source.classes[label], name.rpartition("/")[0]))
    return {split: sorted(members) for split, members in found.items()}


@pytest.mark.parametrize(
    "name, split",
    [
        ("train", "train"),
        ("Training_Set", "train"),
        ("seg_train", "train"),
        ("TrainingData", "train"),
        ("TRAIN2017", "train"),
        ("my trainset", "train"),
        ("validation-images", "validation"),
        ("valset", "validation"),
        ("test1", "test"),
        ("trains", None),
        ("latest", None),
        ("train_and_test", None),
        ("cats", None),
    ],
)
def test_what_the_name_of_a_folder_speaks_of(name, split):
    assert role(name) == split


def test_splits_under_other_names_and_one_folder_deeper(make):
    root = make("training_set/cats/1.jpg", "training_set/dogs/1.jpg", "test_set/cats/2.jpg", "test_set/dogs/2.jpg")
    source = find_pictures(root)
    assert source.classes == ("cats", "dogs")
    assert set(pairs(source)) == {"train", "test"}
    assert source.findings.layout == "Splits by the names of the folders: test_set as test, training_set as train."


@pytest.mark.parametrize("around", ["", "archive/", "a/b/"])
@pytest.mark.parametrize("twice", [True, False])
def test_splits_within_folders_that_hold_nothing_else(make, around, twice):
    train, test = ("seg_train/seg_train", "seg_test/seg_test") if twice else ("seg_train", "seg_test")
    names = [f"{around}{split}/{label}/1.jpg" for split in (train, test) for label in ("forest", "sea")]
    source = find_pictures(make(*names))
    assert pairs(source) == {
        "train": [("forest", f"{around}{train}/forest"), ("sea", f"{around}{train}/sea")],
        "test": [("forest", f"{around}{test}/forest"), ("sea", f"{around}{test}/sea")],
    }


def test_classes_within_a_folder_that_holds_nothing_else(make):
    source = find_pictures(make("PetImages/Cat/1.jpg", "PetImages/Dog/1.jpg"))
    assert source.classes == ("Cat", "Dog")
    assert source.findings.to_dict() == {"layout": "The class folders, or splits, are those in PetImages."}


def test_splits_in_each_class(make):
    source = find_pictures(make(*(f"{label}/{split}/1.jpg" for label in ("cup", "nut") for split in ("train", "test"))))
    assert pairs(source) == {
        "train": [("cup", "cup/train"), ("nut", "nut/train")],
        "test": [("cup", "cup/test"), ("nut", "nut/test")],
    }
    assert "test as test, train as train" in source.findings.layout


def test_pictures_of_splits_without_labels_are_left_out_and_named(make):
    root = make(*(f"asl_train/asl_train/{label}/1.jpg" for label in "AB"), "asl_test/asl_test/A_test.jpg")
    make("pred/pred/7.jpg", "notes/read.txt")
    source = find_pictures(root)
    assert set(pairs(source)) == {"train"}
    assert source.findings.left_out == {"in no class folder": ("asl_test/asl_test/A_test.jpg", "pred/pred/7.jpg")}


def test_the_usual_names_need_no_remark_and_keep_their_digest(make):
    source = find_pictures(make("train/a/1.jpg", "train/b/1.jpg", "test/a/1.jpg", "test/b/x/1.jpg"))
    assert source.findings.to_dict() == {}
    assert pairs(source)["test"] == [("a", "test/a"), ("b", "test/b/x")]


def test_a_test_split_of_one_class_is_no_folder_around_others(make):
    source = find_pictures(make("train/a/1.jpg", "train/b/1.jpg", "test/b/x/1.jpg"))
    assert pairs(source)["test"] == [("b", "test/b/x")]


@pytest.mark.parametrize(
    "names, inside",
    [
        (("train_station/1.jpg", "bus_station/1.jpg"), ""),
        (("cats/images/1.jpg", "dogs/images/1.jpg"), ""),
        (
            ("animals/cat/1.jpg", "animals/dog/1.jpg", "vehicles/car/1.jpg", "vehicles/bus/1.jpg"),
            "animals (cat, dog), vehicles (bus, car)",
        ),
        (
            ("train_station/old/1.jpg", "train_station/new/1.jpg", "bus_stop/city/1.jpg", "bus_stop/coach/1.jpg"),
            "bus_stop (city, coach), train_station (new, old)",
        ),
        (("cats/1.jpg", "cats/thumbs/1.jpg", "dogs/1.jpg"), "cats (thumbs)"),
        (("zip/train/a/1.jpg", "zip/train/b/1.jpg", "zip (1)/c/1.jpg"), "zip (train/a, train/b)"),
    ],
)
def test_what_is_taken_for_one_class_is_told(make, names, inside):
    findings = (source := find_pictures(make(*names))).findings
    assert source.classes == tuple(sorted({name.partition("/")[0] for name in names}))
    assert findings.to_dict().keys() == ({"folders_in_classes"} if inside else set())
    assert sentences(findings.to_dict()) == (
        [f"One class each, whatever folders are in it: {inside}."] if inside else []
    )


@pytest.mark.parametrize(
    "names",
    [
        ("images/1.jpg", "masks/1.png"),
        ("Images/a/1.jpg", "Images/b/1.jpg", "Masks/c/1.png"),
        ("images/train/1.jpg", "images/val/1.jpg", "masks/train/1.png", "masks/val/1.png"),
        ("train/images/1.jpg", "train/labels/1.txt", "valid/images/1.jpg", "valid/labels/1.txt"),
        ("train_images/1.jpg", "train_masks/1.png"),
        ("JPEGImages/1.jpg", "SegmentationClass/1.png", "Annotations/1.xml"),
    ],
)
def test_pictures_and_their_masks_are_no_classes(make, names):
    with pytest.raises(UsageError, match="these look like pictures and what was marked in them, and not like classes"):
        find_pictures(make(*names))


def test_a_class_may_be_called_mask(make):
    assert find_pictures(make("mask/1.jpg", "no_mask/1.jpg")).classes == ("mask", "no_mask")


@pytest.mark.parametrize(
    "names, sentence",
    [
        (("fold1/a/1.jpg", "fold1/b/1.jpg", "fold2/a/1.jpg", "fold2/b/1.jpg"), r"same folders \(a, b\) below each of"),
        (
            ("2023/a/1.jpg", "2023/b/1.jpg", "2024/a/1.jpg", "2024/b/1.jpg", "2024/c/1.jpg"),
            r"the same folders \(a, b\)",
        ),
        (("y1/a/1.jpg", "y1/b/1.jpg", "y2/c/1.jpg", "y2/d/1.jpg", "y3/a/1.jpg", "y3/b/1.jpg"), "below each of y1, y3;"),
        (
            tuple(f"{fold}/{split}/{c}/1.jpg" for fold in ("f1", "f2") for split in ("train", "val") for c in "ab"),
            r"same folders \(a, b\) below each of f1/train, f1/val, f2/train, f2/val; it is not clear",
        ),
        (
            tuple(
                f"{split}/{kind}/{c}/1.jpg" for kind in ("colour", "grey") for split in ("train", "val") for c in "ab"
            ),
            r"same folders \(a, b\) below each of train/colour, train/grey",
        ),
        (("train/a/1.jpg", "train/b/1.jpg", "more/a/1.jpg", "more/b/1.jpg"), "whether train is a split or a class"),
        (("train/a/1.jpg", "train/b/1.jpg", "extra/c/1.jpg", "extra/d/1.jpg"), "beside it extra; .* another name"),
        (("val/a/1.jpg", "val/b/1.jpg", "dev/c/1.jpg"), "not clear whether val is a split or a class"),
        (("train/a/1.jpg", "train/b/1.jpg", "unlabelled/1.jpg"), "not clear whether train is a split or a class"),
        (("train/cat.1.jpg", "train/dog.1.jpg", "test1/1.jpg"), "test1, train have no folders in them. Name splits"),
        (("rose/1.jpg", "tulip/1.jpg", "flowers/rose/1.jpg", "flowers/tulip/1.jpg"), "whether flowers is a class"),
        (("train_a/x/1.jpg", "train_b/x/1.jpg", "test/x/1.jpg"), "names a split twice: test, train_a, train_b"),
        (("seg_val/x/1.jpg", "seg_test/x/1.jpg"), r"seg_test, seg_val but no folder train|only one class"),
    ],
)
def test_what_may_be_either_is_refused_with_how_to_name_it(make, names, sentence):
    with pytest.raises(UsageError, match=sentence):
        find_pictures(make(*names))


def test_links_in_a_circle_end(make):
    root = make("a/b/1.jpg")
    (root / "a" / "1.jpg").write_bytes(b"x")
    (root / "loop").mkdir()
    (root / "loop" / "again").symlink_to(root / "loop")
    with pytest.raises(UsageError):
        find_pictures(root / "loop")
