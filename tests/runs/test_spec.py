import json

import pytest

from cnnrepro.errors import UsageError
from cnnrepro.runs import RunSpec, RunStore, run_key
from cnnrepro.runs.keys import key_today


def spec(**changes):
    return RunSpec(**({"model": "resnet20", "dataset": "mnist_5k"} | changes))


def key(run, **changes):
    return run_key(run, **({"fingerprint": "f", "precision": "float32", "backend": "tensorflow"} | changes))


def test_it_survives_json():
    run = spec(
        seed=3,
        options={"batchnorm_momentum": 0.99},
        learning_rate=0.1,
        pipeline="framed-digits",
        probes=["shift 4", "scale .5"],
    )
    assert RunSpec.from_dict(json.loads(json.dumps(run.to_dict()))) == run


def test_defaults_written_out_name_the_same_run():
    assert spec() == spec(options={"batchnorm_momentum": 0.9})
    assert key(spec()) == key(spec(options={"batchnorm_momentum": 0.9}))
    assert hash(spec()) == hash(spec(options=(("batchnorm_momentum", 0.9),)))


# Pinned: a change here makes every record in everybody's store unreachable, so it must be meant.
GOLDEN = {
    "f36b75146957f11a": {"model": "lenet5_modern"},
    "353ef600faf87ccf": {},
    "5779804cbf7514d5": {"model": "alexnet_small", "options": {"dense_units": 16}},
    "d8d7511647a1e74d": {
        "model": "lenet5_modern", "recipe": "sgd", "seed": 3, "epochs": 2, "batch_size": 32, "learning_rate": 0.5,
        "train_images": 64, "deterministic": False, "precision": "float32",
    },
    "0aa30eaa81c9ef1e": {
        "model": "lenet5_modern", "dataset": "folder:/somewhere", "canvas": 64, "on_error": "skip",
    },
    "628437a147e45490": {"dataset": "cifar10", "recipe": "resnet-2015"},
    "2e1021d7001a0485": {"model": "alexnet", "dataset": "imagenet2012", "recipe": "alexnet-2012"},
}  # fmt: skip


@pytest.mark.parametrize("golden", GOLDEN)
def test_a_key_stays_what_it_was_and_is_the_same_on_every_machine(golden):
    assert key(spec(**GOLDEN[golden])) == golden


def test_the_committed_records_are_found_under_their_keys_and_whole(root):
    stores = [RunStore(folder) for folder in (root / "reports").glob("*/*/records")]
    assert stores
    for store in stores:
        records = store.records()
        assert records
        for record in records:
            assert key_today(record) == record.key
            assert store.damaged_files(record) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "alexnet_small"},
        {"recipe": "sgd"},
        {"seed": 1},
        {"epochs": 6},
        {"batch_size": 64},
        {"learning_rate": 0.002},
        {"deterministic": False},
        {"train_images": 3000},
        {"options": {"batchnorm_momentum": 0.99}},
        {"pipeline": "framed-digits"},
    ],
)
def test_whatever_decides_numbers_is_in_the_key(changes):
    assert key(spec(**changes)) != key(spec())


def test_probes_are_in_the_key_under_one_name_where_there_are_any():
    framed, probed = spec(pipeline="framed-digits"), spec(pipeline="framed-digits", probes=("shift 4", "scale 0.5"))
    assert key(spec(pipeline="framed-digits", probes=())) == key(framed) != key(probed)
    assert key(spec(pipeline="framed-digits", probes=["shift 4.0", "scale .50"])) == key(probed)
    assert "probes" not in framed.to_dict()
    assert key(spec(probes=("training",))) == key(spec(probes=[" training "])) != key(spec())


@pytest.mark.parametrize("changes", [{"fingerprint": "g"}, {"precision": "mixed_bfloat16"}, {"backend": "jax"}])
def test_data_precision_and_backend_are_in_the_key(changes):
    assert key(spec(), **changes) != key(spec())


def test_versions_of_the_code_are_in_the_key(monkeypatch):
    before = key(spec())
    monkeypatch.setattr("cnnrepro.runs.keys.TRAINING_VERSION", 10_000)
    assert key(spec()) != before


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"model": "lenet"}, "Unknown model 'lenet'"),
        ({"dataset": "mnist5k"}, "Unknown data set 'mnist5k'.*Did you mean 'mnist_5k'"),
        ({"recipe": "rmsprop"}, "Unknown recipe 'rmsprop'; known are: adam, adam-linear, alexnet-2012, .*, sgd"),
        ({"precision": "float8"}, "Unknown precision 'float8'"),
        ({"epochs": 0}, "epochs must be a whole number of at least 1. Received: 0"),
        ({"epochs": 2.5}, "epochs must be .* Received: 2.5"),
        ({"epochs": True}, "epochs must be .* Received: True"),
        ({"seed": -1}, "seed must be a whole number from 0 to 4294967295. Received: -1"),
        ({"seed": 2**32}, "seed must be"),
        ({"batch_size": 0}, "batch_size must be a whole number from 1 to 3500"),
        ({"batch_size": 3501}, "batch_size must be .* Received: 3501"),
        ({"batch_size": 65, "train_images": 64}, "from 1 to 64, the training images"),
        ({"train_images": 0}, "train_images must be a whole number from 1 to 3500"),
        ({"train_images": 3501}, "train_images must be"),
        ({"learning_rate": 0}, "learning_rate must be a positive number"),
        ({"learning_rate": float("nan")}, "learning_rate must be a positive number"),
        ({"learning_rate": "fast"}, "learning_rate must be a positive number"),
        ({"deterministic": 1}, "deterministic must be true or false"),
        ({"pipeline": "framed-digits", "probes": ("shift 7",)}, "whole number from 1 to 6.* Received: 'shift 7'"),
        ({"probes": ("shift 1",)}, "This probe moves images within a frame.* with pipeline 'plain'"),
        ({"options": {"momentum": 0.9}}, "Unknown option of model 'resnet20' 'momentum'"),
    ],
)
def test_a_bad_value_is_one_sentence(changes, sentence):
    with pytest.raises(UsageError, match=sentence):
        spec(**changes)


def test_an_unknown_field_is_named():
    with pytest.raises(UsageError, match="Unknown field of a run 'epoch'.*Did you mean 'epochs'"):
        RunSpec.from_dict({"model": "resnet20", "dataset": "mnist_5k", "epoch": 3})


def test_the_title_names_what_is_special():
    assert spec(options={"batchnorm_momentum": 0.99}, seed=2).title() == (
        "resnet20 on mnist_5k, seed 2, batchnorm_momentum=0.99"
    )


def test_a_value_that_equals_an_allowed_one_is_checked_all_the_same():
    values = RunSpec(model="resnet20", dataset="mnist_5k").to_dict()
    assert RunSpec.from_dict(values) == RunSpec(**values)
    for name, wrong in {"deterministic": 1, "epochs": 5.0, "seed": True, "seed ": 0}.items():
        with pytest.raises(UsageError):
            RunSpec.from_dict(values | {name: wrong})
    assert RunSpec.from_dict(values | {"seed": 7}).seed == 7
    assert hash(RunSpec.from_dict(values | {"seed": 7})) == hash(RunSpec(**(values | {"seed": 7})))


@pytest.mark.parametrize("model, form", [("alexnet", "alexnet_small"), ("vgg16", "vgg16_small")])
def test_images_too_small_for_the_model_are_refused_when_the_run_is_named(model, form):
    with pytest.raises(UsageError, match=form):
        RunSpec(model=model, dataset="mnist_5k")
    assert RunSpec(model=form, dataset="mnist_5k").input_shape == (28, 28, 1)


def test_a_record_of_a_run_that_failed_on_too_small_images_can_still_be_read():
    values = RunSpec(model="alexnet_small", dataset="mnist_5k").to_dict() | {"model": "alexnet", "options": {}}
    assert RunSpec.from_dict(values).model == "alexnet"


@pytest.mark.parametrize(
    "model, pipeline, side",
    [
        ("alexnet", "alexnet-2012-227", 227),
        ("alexnet_one_tower", "alexnet-2012", 224),
        ("alexnet_torchvision", "alexnet-2012", 224),
        ("zfnet", "alexnet-2012", 224),
    ],
)
@pytest.mark.parametrize("recipe", ["alexnet-2012", "alexnet-2012-fixed"])
def test_alexnets_recipe_gives_each_network_the_size_of_its_arithmetic(recipe, model, pipeline, side):
    spec = RunSpec(model=model, dataset="imagenet2012", recipe=recipe)
    assert (spec.pipeline, spec.input_shape) == (pipeline, (side, side, 3))
    assert "pipeline" not in spec.title()
