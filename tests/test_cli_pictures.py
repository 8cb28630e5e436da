"""The command line on pictures of one's own: from a folder to a page, and what it says of bad files and calls."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from cnnrepro import data
from cnnrepro.data.folder.given_pictures import find_given_pictures
from cnnrepro.errors import UsageError
from cnnrepro.runs import RunStore
from tests.calling import call


@pytest.fixture
def folder(tmp_path):
    random = np.random.default_rng(0)
    for name, channel in (("blue", 2), ("red", 0)):
        (tmp_path / "my pictures" / name).mkdir(parents=True)
        for number in range(12):
            pixels = random.integers(0, 128, (40, 50, 3), np.uint8)
            pixels[..., channel] += 100
            Image.fromarray(pixels).save(tmp_path / "my pictures" / name / f"{number:02}.jpg")
    return tmp_path / "my pictures"


def training(folder, *more):
    return ["train", "lenet5_modern", "--dataset", f"folder:{folder}", "--canvas", "32", "--epochs", "1", *more]


@pytest.mark.slow
def test_from_a_folder_to_a_page(capsys, folder, tmp_path):
    (folder / "red" / "torn.jpg").write_bytes(b"\xff\xd8\xff\xe0 torn")
    (folder / "green").mkdir()
    (folder / "green" / "phone.heic").touch()
    shutil.copy(folder / "red" / "00.jpg", folder / "blue" / "same.jpg")
    more = ["--pipeline", "alexnet-2012", "--batch-size", "8", "--on-error", "skip", "--report"]
    status, out, err = call(capsys, *training(folder, *more))
    assert status == 0, err
    record = RunStore(tmp_path / "runs").records()[0]
    told = (
        "1 in a format that is not read (.heic): green/phone.heic.",
        "No class was made of green",
        "blue/same.jpg = red",
    )
    assert all(words in err for words in told)
    assert set(record.data) >= {"left_out", "empty_classes", "shared_pictures", "skipped"}
    first, page = out.strip().splitlines()
    status, out, _ = call(capsys, *training(folder, *more), "--json")
    assert json.loads(out)["report"] == page
    assert first.startswith(f"{record.key}  lenet5_modern on pictures of my pictures, seed 0")
    assert "ten crop top1 error" in first
    html = (tmp_path / "reports" / "train_on_your_images").rglob("index.html")
    found = next(html)
    assert page == str(found)
    text = found.read_text(encoding="utf-8")
    assert "red/torn.jpg" in text and "Pictures that could not be read: 1." in text
    assert all(words in text for words in told)
    assert f"{record.test['ten_crop_top1_error']:.2%}" in text


def test_a_bad_picture_ends_the_command_with_its_name(capsys, folder, tmp_path):
    (folder / "red" / "torn.jpg").write_bytes(b"\xff\xd8\xff\xe0 torn")
    status, out, err = call(capsys, *training(folder))
    assert (status, out) == (1, "")
    assert err.count("\n") == 1
    assert "1 of 25 pictures" in err and "red/torn.jpg" in err and "--on-error skip" in err
    assert RunStore(tmp_path / "runs").records() == []


@pytest.mark.parametrize(
    "more, sentence",
    [
        (["--pipeline", "alexnet"], "Unknown pipeline 'alexnet'; known are"),
        (["--on-error", "ignore"], "Unknown way to meet a bad picture 'ignore'"),
        (["--cache", "ram"], "Unknown cache 'ram'"),
        (["--placement", "gpu"], "Unknown placement of the augmentation 'gpu'"),
        (["--canvas", "4"], "canvas must be a whole number of pixels from 8 to 8192. Received: 4"),
        (["--batch-size", "0"], "batch_size must be a whole number from 1 up"),
    ],
)
def test_a_bad_call_is_one_sentence_and_status_2(capsys, folder, tmp_path, more, sentence):
    status, out, err = call(capsys, *training(folder, *more))
    assert (status, out) == (2, "")
    assert sentence in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("name", ["", "/no/such/folder"])
def test_a_folder_that_is_none_is_status_2(capsys, name):
    status, _, err = call(capsys, "train", "lenet5_modern", "--dataset", f"folder:{name}")
    assert status == 2
    assert err.count("\n") == 1


def test_a_plan_in_text_and_json(capsys, folder):
    status, out, _ = call(capsys, "plan", "alexnet_small", f"folder:{folder}", "--device", "t4", "--recipe", "vgg-2014")
    assert status == 0
    assert "projected: 31% of 65 · 10¹² operations/s" in out
    status, out, _ = call(capsys, "plan", "alexnet", "imagenet2012", "--throughput", "1500", "--json")
    told = {line["what"]: line for line in json.loads(out)["lines"]}
    assert told["hours"]["value"] == pytest.approx(told["training images"]["value"] * 5 / 1500 / 3600)


def test_a_plan_of_what_is_not_known_is_status_2(capsys):
    status, _, err = call(capsys, "plan", "alexnet", "imagenet2012", "--device", "h1000")
    assert status == 2
    assert "Unknown device 'h1000'" in err


def test_half_of_cifar10_is_prepared_only_when_that_is_said(capsys, test_data, tmp_path, monkeypatch):
    monkeypatch.setenv("CNNREPRO_DATA", str(tmp_path / "data"))
    source = test_data / "cifar10"
    status, _, err = call(capsys, "data", "prepare", "cifar10", "--from", source)
    if status == 0:
        pytest.skip("all six files of CIFAR-10 are there")
    assert status == 2
    assert "lacks data_batch_" in err and "--partial" in err
    status, out, _ = call(capsys, "data", "prepare", "cifar10", "--from", source, "--partial")
    assert status == 0
    status, out, _ = call(capsys, "data", "list")
    assert "of 5 training batches" in out


@pytest.fixture
def digits(tmp_path):
    """Two digits of MNIST as pictures, and a file that is none."""
    images, _ = data.arrays(data.load("mnist_5k"), "test")
    (tmp_path / "digits").mkdir()
    for number, image in enumerate(images[:2]):
        Image.fromarray(image[..., 0]).save(tmp_path / "digits" / f"{number}.png")
    (tmp_path / "torn.png").write_bytes(b"\x89PNG torn")
    return tmp_path / "digits"


def test_what_a_trained_network_sees_on_pictures(capsys, digits, tmp_path):
    arguments = ["train", "lenet5_modern", "--dataset", "mnist_5k", "--epochs", "1", "--train-images", "64"]
    arguments += ["--batch-size", "32", "--precision", "float32"]
    key = call(capsys, *arguments)[1].split()[0]
    status, out, err = call(capsys, "predict", key[:6], digits)
    assert (status, out) == (2, "")
    told = "cnnrepro train lenet5_modern --dataset mnist_5k --epochs 1 --batch-size 32 --precision float32 "
    assert f"kept no weights; this trains it and keeps them: {told}--train-images 64 --keep-weights" in err
    assert call(capsys, *arguments, "--keep-weights")[0] == 0
    status, out, err = call(capsys, "predict", key[:6], tmp_path / "torn.png", digits, "--json")
    found = json.loads(out)
    assert status == 1
    assert err.count("\n") == 1 and f"{tmp_path / 'torn.png'} is no picture of a kind that is read" in err
    assert found["run"] == key and "no picture of a kind" in found["pictures"][0]["error"]
    said = RunStore(tmp_path / "runs").predictions(key)
    for number, one in enumerate(found["pictures"][1:]):
        assert one["picture"] == str(digits / f"{number}.png")
        first, *others = one["classes"]
        assert (first["label"], first["class"]) == (said["predicted"][number], str(said["predicted"][number]))
        assert first["probability"] == pytest.approx(said["confidence"][number], abs=6e-5)
        assert len(others) == 2 and first["probability"] >= others[0]["probability"] >= others[1]["probability"]
    status, out, err = call(capsys, "predict", key, digits / "0.png", digits, "--top", "1")
    first = found["pictures"][1]["classes"][0]
    assert (status, err) == (0, "")
    assert out.count("0.png") == 1, "a picture that is named twice is shown once"
    assert next(line for line in out.splitlines() if "0.png" in line).split()[-2:] == [
        first["class"],
        f"{first['probability']:.1%}",
    ]


@pytest.mark.parametrize(
    "words, sentence",
    [
        (["abcd"], "No run in"),
        (["abcd", "0.png"], "No run in"),
        (["0.png", "1.png"], "Name a run by its key"),
    ],
)
def test_predicting_by_a_run_that_is_not_there_says_where_they_are_listed(capsys, words, sentence):
    status, out, err = call(capsys, "predict", *words)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert ("Missing argument" in err) if len(words) == 1 else (sentence in err and "see `cnnrepro runs`" in err)


def test_pictures_that_are_not_there_are_named_before_anything_is_loaded(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="There is no picture in the folder"):
        find_given_pictures([tmp_path / "empty"])
    with pytest.raises(UsageError, match="There is no picture and no folder"):
        find_given_pictures([tmp_path / "away.png"])
