import sys

import numpy as np
import pytest

from cnnrepro import data
from cnnrepro.errors import UsageError, WorkFailed


@pytest.mark.parametrize("name", data.PHOTOGRAPHS)
def test_a_photograph_is_what_scikit_learn_shows(name):
    from sklearn.datasets import load_sample_image

    pixels = data.photograph(name)
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, load_sample_image(f"{name}.jpg"))
    assert "CC BY" in data.PHOTOGRAPHS[name].credit


def test_an_unknown_photograph_lists_the_known():
    with pytest.raises(UsageError, match="Unknown photograph 'moon'; known are: china, flower"):
        data.photograph("moon")


def test_a_missing_file_is_one_sentence(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(WorkFailed, match="cannot be read .* install scikit-learn again"):
        data.photograph("china")
    assert sys.modules["cnnrepro"]
