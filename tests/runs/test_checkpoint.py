"""A checkpoint whose bytes were changed is set aside or gives what was written: never an error, never other numbers."""

import io
import random
import zipfile

import numpy as np
import pytest

from cnnrepro.engine import keras
from cnnrepro.runs import checkpoint
from cnnrepro.runs.checkpoint import DAMAGED, NAME, PREVIOUS, Checkpoint
from cnnrepro.runs.lease import ClaimLost

ABOUT = Checkpoint({"loss": [0.5, 0.25], "accuracy": [0.75, 1.0]}, 3.5)


@pytest.fixture(scope="module")
def model():
    found = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2), keras.layers.Dropout(0.5)])
    found.compile("sgd", "mse")
    found.optimizer.build(found.trainable_variables)
    return found


@pytest.fixture(scope="module")
def written(model, tmp_path_factory):
    """The bytes of a real checkpoint, and the values in it."""
    folder = tmp_path_factory.mktemp("written")
    checkpoint.save(folder, model, ABOUT)
    return (folder / NAME).read_bytes(), values(model)


def values(model):
    return [np.array(variable) for variable in (*model.variables, *model.optimizer.variables)]


def restore(model, folder, wanted):
    """What comes back from a folder; the values are those that were written, or those from before."""
    for variable in (*model.variables, *model.optimizer.variables):
        variable.assign(np.zeros(variable.shape))
    found = checkpoint.restore(folder, model)
    expected = wanted if found else [np.zeros_like(value) for value in wanted]
    for value, one in zip(values(model), expected, strict=True):
        np.testing.assert_array_equal(value, one)
    return found


def test_a_checkpoint_comes_back(model, written, tmp_path):
    (tmp_path / NAME).write_bytes(written[0])
    assert restore(model, tmp_path, written[1]) == ABOUT
    assert checkpoint.is_whole(tmp_path / NAME)


@pytest.mark.parametrize("every", [11, pytest.param(1, marks=pytest.mark.soak)])
def test_whatever_byte_is_changed_it_is_set_aside_or_the_same(every, model, written, tmp_path):
    content, wanted = written
    draw = random.Random(0)
    outcomes = {"same": 0, "aside": 0}
    for place in range(0, len(content), every):
        changed = bytearray(content)
        changed[place] ^= draw.randrange(1, 256)
        (tmp_path / NAME).write_bytes(changed)
        found = restore(model, tmp_path, wanted)
        assert found in (ABOUT, None), place
        outcomes["same" if found else "aside"] += 1
        assert (tmp_path / DAMAGED).is_file() == (found is None)
        (tmp_path / DAMAGED).unlink(missing_ok=True)
    # Times and attributes in the zip's lists mean nothing; the rest does.
    assert outcomes["aside"] > outcomes["same"] > 0


@pytest.mark.parametrize("value", [1, 8, 12, 14, 93, 99])
def test_another_compression_is_no_crash(value, model, written, tmp_path):
    content, wanted = written
    changed = bytearray(content)
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        first = file.infolist()[0]
    central = content.index(b"PK\x01\x02")
    changed[central + 10 : central + 12] = value.to_bytes(2, "little")
    changed[first.header_offset + 8 : first.header_offset + 10] = value.to_bytes(2, "little")
    (tmp_path / NAME).write_bytes(changed)
    assert restore(model, tmp_path, wanted) is None
    assert (tmp_path / DAMAGED).is_file()


def test_an_encrypted_one_is_no_crash(model, written, tmp_path):
    content, wanted = written
    changed = bytearray(content)
    central = content.index(b"PK\x01\x02")
    for place in (central + 8, 6):
        changed[place] |= 1
    (tmp_path / NAME).write_bytes(changed)
    assert not checkpoint.is_whole(tmp_path / NAME)
    assert restore(model, tmp_path, wanted) is None


def test_cut_anywhere_it_is_set_aside_and_the_one_before_is_used(model, written, tmp_path):
    content, wanted = written
    for length in range(0, len(content), 61):
        (tmp_path / NAME).write_bytes(content[:length])
        (tmp_path / PREVIOUS).write_bytes(content)
        assert restore(model, tmp_path, wanted) == ABOUT
        assert not (tmp_path / NAME).exists()


@pytest.mark.parametrize("about", ["[]", "3", "{}", '{"history": {}}', "no JSON"])
def test_a_whole_file_that_is_no_checkpoint_is_set_aside(about, model, written, tmp_path):
    np.savez(tmp_path / NAME, about=np.array(about))
    assert restore(model, tmp_path, written[1]) is None
    assert (tmp_path / DAMAGED).is_file()


def test_a_checkpoint_of_another_model_is_set_aside(model, written, tmp_path):
    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.Dropout(0.5)])
    other.compile("sgd", "mse")
    other.optimizer.build(other.trainable_variables)
    checkpoint.save(tmp_path, other, ABOUT)
    assert restore(model, tmp_path, written[1]) is None


def test_a_checkpoint_of_a_run_that_was_taken_over_is_not_written(model, written, tmp_path):
    (tmp_path / NAME).write_bytes(written[0])

    def check():
        raise ClaimLost("taken over")

    with pytest.raises(ClaimLost):
        checkpoint.save(tmp_path, model, ABOUT, check)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {NAME: written[0]}
