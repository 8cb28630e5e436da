"""The model that is kept from run to run: its numbers are to the bit those of a fresh one, and one at most is kept."""

import weakref

import keras
import pytest

from cnnrepro.errors import RunFailed
from cnnrepro.runs import RunStore
from cnnrepro.training import epoch, kept_model, train
from cnnrepro.training.epoch import numeric_mode
from cnnrepro.training.progress import Progress
from cnnrepro.training.resolve import resolve


@pytest.fixture(autouse=True)
def nothing_kept():
    kept_model._kept.clear()
    yield
    kept_model._kept.clear()


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """Trains a run in a store of its own; whether on a kept model, its curves, scores and weights."""
    reused = []
    monkeypatch.setattr(
        epoch.kept_model, "take", lambda run, take=kept_model.take: reused.append(take(run)) or reused[-1]
    )

    def trained(spec, folder):
        record = train(spec, runs=tmp_path / folder, keep_weights=True, progress=Progress())
        model = keras.models.load_model(RunStore(tmp_path / folder).path(record.key) / "weights.keras")
        curves = {name: values for name, values in record.history.items() if "second" not in name}
        return reused[-1] is not None, (curves, record.test, [weight.tolist() for weight in model.get_weights()])

    return trained


class Interrupting(Progress):
    def batch(self, epoch, images, metrics):
        if epoch == 2:
            raise KeyboardInterrupt


def test_the_next_seed_has_the_bits_of_a_fresh_model(tiny, tmp_path, trained):
    """With dropout and batch norm, after a run that diverged, broken off and resumed."""
    first, other, wild = (tiny(recipe="sgd", **own) for own in ({}, {"seed": 1}, {"learning_rate": 1e38}))
    reused, expected = trained(other, "fresh")
    assert not reused
    kept_model._kept.clear()
    reused, of_first = trained(first, "one")
    assert not reused
    with pytest.raises(RunFailed, match="the loss became"):
        train(wild, runs=tmp_path / "one", progress=Progress())
    assert kept_model._kept
    assert trained(other, "one") == (True, expected)

    with pytest.raises(KeyboardInterrupt):
        train(other, runs=tmp_path / "two", progress=Interrupting())
    assert not kept_model._kept
    assert trained(first, "three") == (False, of_first)
    assert trained(other, "two") == (True, expected)  # resumed
    assert trained(first, "two") == (True, of_first)


@pytest.mark.parametrize("change", [{"precision": "mixed_bfloat16"}, {"train_images": 64}, {"recipe": "adam"}])
def test_a_model_is_dropped_before_another_is_built(tiny, tmp_path, change):
    run, other = resolve(tiny(recipe="sgd")), resolve(tiny(**{"recipe": "sgd"} | change))
    with numeric_mode(run):
        compiled = epoch.compiled_model(run)
    kept_model.keep(run, compiled)
    left = weakref.ref(compiled.network)
    del compiled
    with numeric_mode(resolve(tiny(recipe="sgd", seed=5, learning_rate=0.5, epochs=9))):
        assert left() is not None
    with numeric_mode(other):
        assert left() is None


def test_a_large_model_is_not_kept(tiny, monkeypatch):
    run = resolve(tiny())
    monkeypatch.setattr(kept_model, "LARGEST", 100)
    with numeric_mode(run):
        kept_model.keep(run, epoch.compiled_model(run))
    assert not kept_model._kept
