"""What a trained network says of pictures: what its run's test said of the same, and sentences for what cannot be."""

import json
import os
import shutil

import numpy as np
import pytest
from PIL import Image

from cnnrepro import data
from cnnrepro.errors import UsageError, WorkFailed
from cnnrepro.runs import RunSpec, RunStore
from cnnrepro.training import train
from cnnrepro.training.picture_predictions import ask
from tests import noise_pictures

PHOTOGRAPHS = {"model": "lenet5_modern", "recipe": "sgd", "canvas": 32, "epochs": 1, "batch_size": 8}
PHOTOGRAPHS |= {"learning_rate": 1e-4, "precision": "float32"}


def as_files(folder, images):
    """Images as PNG files in order: grey ones as grey pictures."""
    folder.mkdir()
    files = [folder / f"{number:03}.png" for number in range(len(images))]
    for file, image in zip(files, images, strict=True):
        Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(file)
    return files


def probabilities(answers):
    return np.array([answer.probabilities for answer in answers.answers])


@pytest.fixture(scope="module")
def digits(tiny, tmp_path_factory):
    """A network for digits that kept its weights: its record, its store and its test images."""
    store = RunStore(tmp_path_factory.mktemp("digits") / "runs")
    record = train(tiny(), runs=store.folder, keep_weights=True)
    return record, store, data.arrays(data.load("mnist_5k"), "test")[0]


def test_of_the_test_images_it_says_what_the_test_said(digits, tmp_path):
    import keras

    record, store, images = digits
    answers = ask(record, store, as_files(tmp_path / "test", images))
    found = probabilities(answers)
    said = store.predictions(record.key)
    assert found.shape == (1000, 10) and answers.classes == tuple("0123456789") and not answers.unread
    np.testing.assert_array_equal(found.argmax(axis=1), said["predicted"])
    np.testing.assert_allclose(
        found.max(axis=1), said["confidence"], atol=1.01e-4
    )  # kept to 4 decimals, 1 for certainty alone
    assert np.mean(found.argmax(axis=1) == said["label"]) == pytest.approx(record.test["accuracy"])
    # By hand: the file as Keras reads it, and the pixels standardised as the record says.
    model = keras.models.load_model(store.path(record.key) / "weights.keras")
    standard = (images / 255 - record.data["mean"]) / record.data["std"]
    logits = model.predict(standard.astype(np.float32), verbose=0).astype(np.float64)
    by_hand = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found, by_hand, rtol=1e-4, atol=1e-7)


def test_the_likeliest_classes_come_first(digits, tmp_path):
    record, store, images = digits
    (answer,) = ask(record, store, as_files(tmp_path / "one", images[:1])).answers
    labels, shares = zip(*answer.likeliest(3), strict=True)
    assert shares == tuple(sorted(answer.probabilities, reverse=True)[:3])
    assert [answer.probabilities[label] for label in labels] == list(shares)


def test_colours_and_sizes_become_what_the_network_takes(digits, tmp_path):
    record, store, images = digits
    image = images[0, :, :, 0]
    forms = {
        "grey": Image.fromarray(image),
        "colour": Image.fromarray(np.stack([image] * 3, axis=-1)),
        "wide": Image.fromarray(np.pad(image, ((0, 0), (9, 9)))),  # the square in the middle is the image
        "large": Image.fromarray(np.kron(image, np.ones((4, 4), np.uint8))),
        "dark on light": Image.fromarray(255 - image),
    }
    files = [tmp_path / f"{name}.png" for name in forms]
    for file, picture in zip(files, forms.values(), strict=True):
        picture.save(file)
    answers = ask(record, store, files)
    grey, colour, wide, large, dark = probabilities(answers)
    np.testing.assert_allclose([colour, wide], [grey, grey], rtol=1e-6)
    assert large.argmax() == grey.argmax()
    assert [answer.inverted for answer in answers.answers] == [False] * 4 + [True]
    turned = ask(record, store, files[-1:], invert=True)
    np.testing.assert_allclose(probabilities(turned)[0], grey, rtol=1e-6)
    assert not np.allclose(dark, grey) and not turned.answers[0].inverted


def test_what_cannot_be_read_is_told_in_its_place(digits, tmp_path):
    record, store, images = digits
    first, second = as_files(tmp_path / "some", images[:2])
    torn, away, pipe = tmp_path / "torn.png", tmp_path / "away.png", tmp_path / "pipe.png"
    torn.write_bytes(first.read_bytes()[:60])
    os.mkfifo(pipe)
    answers = ask(record, store, [first, torn, away, pipe, second])
    assert [answer.picture for answer in answers.unread] == [torn, away, pipe]
    reasons = [answer.reason for answer in answers.unread]
    assert "truncated or damaged" in reasons[0] and "cannot be opened" in reasons[1] and "no regular file" in reasons[2]
    whole = ask(record, store, [first, second])
    read = [answer for answer in answers.answers if not answer.reason]
    np.testing.assert_array_equal([answer.probabilities for answer in read], probabilities(whole))
    assert ask(record, store, [torn]).unread[0].picture == torn


def test_weights_that_are_damaged_or_of_another_network_are_told(digits, tiny, tmp_path):
    record, store, _ = digits
    copy = RunStore(tmp_path / "runs")
    shutil.copytree(store.path(record.key), copy.path(record.key))
    (copy.path(record.key) / "weights.keras").write_bytes(b"PK")
    with pytest.raises(WorkFailed, match="is damaged; this trains the run again: cnnrepro train tiny "):
        ask(record, copy, [])
    older = record.with_(files={})  # which knew no checksums
    with pytest.raises(WorkFailed, match="do not fit the network as it is built now"):
        ask(older, copy, [])


@pytest.fixture
def folder(tmp_path):
    return noise_pictures.write(tmp_path / "pictures", 12)


@pytest.mark.slow
@pytest.mark.parametrize(
    "pipeline, needs_data",
    [("plain", False), ("alexnet-2012", True), pytest.param("googlenet-2014", False, marks=pytest.mark.soak)],
)
def test_photographs_too_and_without_the_data_where_the_record_has_it_all(folder, tmp_path, pipeline, needs_data):
    spec = RunSpec(dataset=f"folder:{folder}", pipeline=pipeline, **PHOTOGRAPHS)
    store = RunStore(tmp_path / "runs")
    record = train(spec, runs=store.folder, keep_weights=True)
    splits = data.load(spec.dataset, canvas=32, pictures=store.folder / "pictures")
    test = splits.examples["test"].images.positions
    files = [file for name in ("blue", "red") for file in sorted((folder / name).iterdir())]
    files = [files[position] for position in test]
    found = probabilities(ask(record, store, files))
    said = store.predictions(record.key)
    np.testing.assert_array_equal(found.argmax(axis=1), said["predicted"])
    np.testing.assert_allclose(found.max(axis=1), said["confidence"], atol=1.01e-4)  # of ten views, where there are
    copies = [shutil.copy(file, tmp_path / file.name) for file in files]
    (folder / "red" / "00.png").unlink()
    if needs_data:
        with pytest.raises(WorkFailed, match="is not what run .* was trained on any more"):
            ask(record, store, copies)
    else:
        answers = ask(record, store, copies)
        assert answers.classes == ("blue", "red")
        np.testing.assert_array_equal(probabilities(answers), found)


NETS = """
import keras
from keras import layers

class Scaled(layers.Layer):
    def call(self, x):
        return 2 * x

def own(input_shape, classes):
    x = inputs = keras.Input(input_shape)
    x = layers.Flatten()(Scaled()(layers.Conv2D(4, 5, strides=4)(x)))
    return keras.Model(inputs, layers.Dense(classes)(x))

def plain(input_shape, classes):
    return keras.Sequential([keras.Input(input_shape), layers.Flatten(), layers.Dense(classes, activation="softmax")])
"""


@pytest.mark.parametrize("function", ["own", "plain"])
def test_a_network_of_ones_own_runs_no_code_unless_it_is_trusted(digits, tmp_path, function):
    (tmp_path / "nets.py").write_text(NETS)
    small = {"dataset": "mnist_5k", "epochs": 1, "batch_size": 32, "train_images": 64, "precision": "float32"}
    store = RunStore(tmp_path / "runs")
    record = train(RunSpec(model=f"{tmp_path / 'nets.py'}:{function}", **small), runs=store.folder, keep_weights=True)
    files = as_files(tmp_path / "test", digits[2][:8])
    if function == "own":
        with pytest.raises(UsageError, match=r"is code of your own, .*nets.py:own; with --trust it is run"):
            ask(record, store, files)
    else:
        (tmp_path / "nets.py").write_text("raise SystemExit('it was run')")
    found = probabilities(ask(record, store, files, trust=function == "own"))
    np.testing.assert_array_equal(found.argmax(axis=1), store.predictions(record.key)["predicted"][:8])


def test_a_configuration_that_names_code_is_not_read(digits, tmp_path):
    record, store, _ = digits
    foreign = {"class_name": "Boom", "module": "os", "registered_name": None, "config": {}}
    changed = record.with_(network={"configuration": json.dumps(foreign), "code": {}})
    values = changed.to_dict()
    values["spec"] |= {"model": "/nowhere/net.keras", "network": "0" * 16, "options": {}}
    made_up = type(record).from_dict(values)
    with pytest.raises(UsageError, match="names layers that are not Keras's"):
        ask(made_up, store, [])
