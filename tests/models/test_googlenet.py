"""GoogLeNet against table 1, and the auxiliary heads: what they add in training, and that they are gone afterwards."""

import keras
import numpy as np
import pytest

from cnnrepro import data
from cnnrepro.layers import LocalResponseNormalization
from cnnrepro.models import MODELS, build, outline
from cnnrepro.models.auxiliary import HEAD_WEIGHT, AuxiliaryHeads
from cnnrepro.runs import RunSpec
from cnnrepro.training.epoch import compiled_model, numeric_mode, train_epoch
from cnnrepro.training.progress import Progress
from cnnrepro.training.resolve import resolve
from tests.models.layer_counts import multiply_adds, of_kinds, outlined, trainable

# Table 1: output size, channels; then parameters with biases, by (c + 1)·(sum of 1x1) + (9r + 1)·f + (25r + 1)·f.
MODULES = {
    "3a": (28, 256, 163_696),
    "3b": (28, 480, 388_736),
    "4a": (14, 512, 376_176),
    "4b": (14, 512, 449_160),
    "4c": (14, 512, 510_104),
    "4d": (14, 528, 605_376),
    "4e": (14, 832, 868_352),
    "5a": (7, 832, 1_043_456),
    "5b": (7, 1024, 1_444_080),
}
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def digits(count):
    generator = np.random.default_rng(0)
    return generator.normal(size=(count, 14, 14, 1)).astype("float32"), np.arange(count) % 10


@pytest.fixture(scope="module")
def googlenet():
    return outlined("googlenet")


@pytest.fixture(scope="module")
def main_path():
    return outline("googlenet", auxiliary_heads=False)


@pytest.fixture(scope="module")
def small():
    keras.utils.set_random_seed(0)
    return build("googlenet_small", input_shape=(14, 14, 1))


def test_each_module_has_the_shape_of_table_1_and_its_parameters(googlenet):
    for name, (side, channels, count) in MODULES.items():
        module = f"inception_{name}"
        assert googlenet.get_layer(module).output.shape[1:] == (side, side, channels)
        assert trainable(googlenet, module) == count
    shapes = {name: googlenet.get_layer(name).output.shape[1:] for name in ("conv1", "pool1", "conv2", "pool2")}
    assert shapes == {"conv1": (112, 112, 64), "pool1": (56, 56, 64), "conv2": (56, 56, 192), "pool2": (28, 28, 192)}
    assert trainable(googlenet, "conv1") == 9_472
    assert trainable(googlenet, "conv2") == 4_160 + 110_784
    assert trainable(googlenet, "logits") == 1_025_000


def test_the_heads_have_what_section_5_says(googlenet):
    assert trainable(googlenet, "head1") == 3_188_840
    assert trainable(googlenet, "head2") == 3_190_888
    assert googlenet.get_layer("head1_pool").input is googlenet.get_layer("inception_4a").output
    assert googlenet.get_layer("head2_pool").input is googlenet.get_layer("inception_4d").output
    assert googlenet.get_layer("head1_pool").output.shape[1:] == (4, 4, 512)
    assert googlenet.get_layer("head2_conv").output.shape[1:] == (4, 4, 128)
    assert googlenet.get_layer("head1_dense").units == 1024
    assert googlenet.get_layer("head2_dropout").rate == 0.7
    assert googlenet.count_params() == 13_378_280 == 6_998_552 + 3_188_840 + 3_190_888


def test_without_heads_it_is_an_ordinary_model_with_the_main_path_alone(main_path):
    assert type(main_path) is type(keras.Model(main_path.inputs, main_path.outputs))
    assert main_path.count_params() == 6_998_552
    assert multiply_adds(main_path) == 1_582_671_872
    assert main_path.output_shape == (None, 1000)


def test_branches_are_real_5x5_with_biases_and_the_stem_normalises_twice(googlenet):
    for name in MODULES:
        assert googlenet.get_layer(f"inception_{name}_5x5").kernel_size == (5, 5)
    assert all(layer.use_bias for layer in of_kinds(googlenet, keras.layers.Conv2D))
    assert not of_kinds(googlenet, keras.layers.BatchNormalization)
    lrn1, lrn2 = of_kinds(googlenet, LocalResponseNormalization)
    assert lrn1.input is googlenet.get_layer("pool1").output
    assert lrn2.output is googlenet.get_layer("pool2").input


def test_the_network_is_22_weighted_layers_deep_as_the_paper_says(main_path):
    # A module is two deep; the stem three, the classifier one: 3 + 9·2 + 1.
    depth = {id(main_path.input): 0}
    for layer in main_path.layers[1:]:
        inputs = layer.input if isinstance(layer.input, list) else [layer.input]
        weighted = isinstance(layer, (keras.layers.Conv2D, keras.layers.Dense))
        depth[id(layer.output)] = max(depth[id(tensor)] for tensor in inputs) + weighted
    assert depth[id(main_path.output)] == 22


def test_the_small_form_has_the_parameters_of_its_docstring():
    model = outlined("googlenet_small")
    assert trainable(model, "conv1") == 1_792
    assert trainable(model, "inception") == sum(count for _, _, count in MODULES.values())
    assert trainable(model, "head1") == 601_226
    assert trainable(model, "head2") == 603_274
    assert model.count_params() == 5_976_122 + 601_226 + 603_274 == MODELS["googlenet_small"].parameters
    sides = [model.get_layer(f"inception_{name}").output.shape[1] for name in ("3a", "4a", "5a")]
    assert sides == [16, 8, 4]


@pytest.mark.parametrize("name, size", [("googlenet", 32), ("googlenet_small", 8)])
def test_the_smallest_image_leaves_one_position(name, size):
    assert MODELS[name].smallest == size
    model = outline(name, input_shape=(size, size, 1))
    assert model.get_layer("inception_5b").output.shape[1:3] == (1, 1)
    assert model.get_layer("head1_pool").output.shape[1:3] == (1, 1)


def test_batch_normalisation_follows_every_convolution():
    model = outline("googlenet_small", normalization="batch")
    convolutions = of_kinds(model, keras.layers.Conv2D)
    assert not any(layer.use_bias for layer in convolutions)
    assert [layer.filters for layer in convolutions] == [
        layer.gamma.shape[0] for layer in of_kinds(model, keras.layers.BatchNormalization)
    ]
    filters = sum(layer.filters for layer in convolutions)
    assert trainable(model) == MODELS["googlenet_small"].parameters + filters  # scale and offset in place of a bias


def test_dropout_normalisation_and_initialiser_reach_the_layers():
    model = outline("googlenet_small", dropout=0.25, normalization="lrn", kernel_initializer="he_uniform")
    assert model.get_layer("dropout").rate == 0.25
    assert len(of_kinds(model, LocalResponseNormalization)) == 2
    weighted = of_kinds(model, keras.layers.Conv2D, keras.layers.Dense)
    assert {type(layer.kernel_initializer) for layer in weighted} == {keras.initializers.HeUniform}


def test_heads_add_three_tenths_of_their_gradients_to_the_trunk_below_them_and_nothing_above(small):
    import tensorflow as tf

    images, labels = digits(4)
    small.compile("sgd", LOSS, run_eagerly=True)
    names = ("conv1", "inception_4a_1x1", "inception_4d_1x1", "inception_4e_1x1", "inception_5b_1x1")
    kernels = [small.get_layer(name).kernel.value for name in names]
    with tf.GradientTape(persistent=True) as tape:
        answer, head1, head2 = small(images, training=True)
        total = small.compute_loss(images, labels, [answer, head1, head2])
        losses = [LOSS(labels, logits) for logits in (answer, head1, head2)]
    zero = tf.UnconnectedGradients.ZERO
    found = tape.gradient(total, kernels)
    alone, first, second = (tape.gradient(loss, kernels, unconnected_gradients=zero) for loss in losses)
    for whole, main, one, two in zip(found, alone, first, second, strict=True):
        np.testing.assert_allclose(whole, main + 0.3 * (one + two), rtol=1e-3, atol=1e-7)
    reached = [(bool(np.any(one)), bool(np.any(two))) for one, two in zip(first, second, strict=True)]
    assert reached == [(True, True), (True, True), (False, True), (False, False), (False, False)]


def test_at_inference_the_heads_do_not_run(small, monkeypatch):
    images, labels = digits(2)
    small.compile("sgd", LOSS, run_eagerly=True)
    for name in ("head1_dense", "head2_conv"):
        monkeypatch.setattr(small.get_layer(name), "call", lambda *_, **__: pytest.fail("a head was computed"))
    answer = keras.ops.convert_to_numpy(small(images))
    assert answer.shape == (2, 10)
    np.testing.assert_allclose(small.predict(images, verbose=0), answer, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(small.evaluate(images, labels, verbose=0), LOSS(labels, answer), rtol=1e-5)
    with pytest.raises(pytest.fail.Exception, match="a head was computed"):
        small(images, training=True)


def test_it_shows_the_shape_of_its_answer(small):
    assert small.output_shape == (None, 10)
    assert [tensor.shape for tensor in small.inference_outputs] == [(None, 10)]
    assert small.inference_outputs[0] is small.get_layer("logits").output
    assert small.compute_output_shape((3, 14, 14, 1)) == (3, 10)
    assert small(keras.Input((14, 14, 1))).shape == (None, 10)
    assert len(small.outputs) == 3


@pytest.mark.soak
def test_it_trains_through_the_training_loop_in_mixed_precision():
    spec = RunSpec(
        model="googlenet_small",
        dataset="mnist_5k",
        epochs=1,
        batch_size=16,
        train_images=32,
        precision="mixed_bfloat16",
    )
    run = resolve(spec)
    with numeric_mode(run):
        model = compiled_model(run).model
        assert model.get_layer("inception_3a_5x5").compute_dtype == "bfloat16"
        head = model.get_layer("head1_conv").kernel.numpy()
        validation = data.batches(run.splits, "validation", 16).take(1)
        measured = train_epoch(run, model, validation, 0, {}, Progress())
        # about ln 10 each: 1.6 times with the heads, once without
        assert 3.2 < measured["loss"] < 4.5
        assert 2.1 < measured["val_loss"] < 2.6
        assert not np.array_equal(model.get_layer("head1_conv").kernel.numpy(), head)
        assert model(np.zeros((1, 28, 28, 1), "float32")).dtype == "float32"


# What follows looks at AuxiliaryHeads with a network small enough to compute by hand.


def little(regulariser=None):
    keras.utils.set_random_seed(1)
    image = keras.Input((4,), name="image")
    hidden = keras.layers.Dense(6, activation="tanh", kernel_regularizer=regulariser, name="trunk")(image)
    outputs = [keras.layers.Dense(3, name=name)(hidden) for name in ("logits", "head1", "head2")]
    model = AuxiliaryHeads(image, outputs, name="little")
    model.compile("sgd", LOSS, metrics=["accuracy"], run_eagerly=True)
    return model


def points():
    generator = np.random.default_rng(2)
    return generator.normal(size=(8, 4)).astype("float32"), generator.integers(0, 3, 8)


def cross_entropy(logits, labels, weights=None):
    logits = np.asarray(logits, "float64")
    values = np.log(np.exp(logits).sum(1)) - logits[np.arange(len(labels)), labels]
    return np.mean(values if weights is None else values * weights)


@pytest.mark.parametrize("weights", [None, np.linspace(0.1, 2, 8).astype("float32")])
def test_the_training_loss_is_the_answers_plus_three_tenths_of_each_heads(weights):
    model, (images, labels) = little(), points()
    outputs = [keras.ops.convert_to_numpy(output) for output in model(images, training=True)]
    answer, head1, head2 = (cross_entropy(output, labels, weights) for output in outputs)
    expected = answer + 0.3 * (head1 + head2)
    assert HEAD_WEIGHT == 0.3
    logs = model.train_on_batch(images, labels, sample_weight=weights, return_dict=True)
    assert logs["loss"] == pytest.approx(expected, rel=1e-5)


def test_the_test_loss_is_the_answers_alone():
    model, (images, labels) = little(), points()
    logs = model.evaluate(images, labels, verbose=0, return_dict=True)
    assert logs["loss"] == pytest.approx(cross_entropy(model.predict(images, verbose=0), labels), rel=1e-5)
    assert set(logs) == {"loss", "accuracy"}


def test_metrics_look_at_the_answer_in_training_too():
    model, (images, labels) = little(), points()
    model.get_layer("head1").bias.assign([1e3, 0, 0])  # this head always says class 0, loudly
    expected = np.mean(model.predict(images, verbose=0).argmax(1) == labels)
    logs = model.train_on_batch(images, labels, return_dict=True)
    assert set(logs) == {"loss", "accuracy"}
    assert logs["accuracy"] == pytest.approx(expected)
    assert expected != np.mean(labels == 0)


def test_a_regulariser_counts_once():
    plain, weighed = little(), little(keras.regularizers.L2(0.5))
    images, labels = points()
    penalty = 0.5 * np.sum(np.square(weighed.get_layer("trunk").kernel.numpy()))
    difference = weighed.train_on_batch(images, labels)[0] - plain.train_on_batch(images, labels)[0]
    assert difference == pytest.approx(penalty, rel=1e-4)


def test_saved_and_loaded_it_is_the_same_class_with_the_same_numbers(tmp_path):
    model, (images, labels) = little(), points()
    model.fit(images, labels, epochs=2, verbose=0)
    model.save(tmp_path / "little.keras")
    loaded = keras.saving.load_model(tmp_path / "little.keras")
    assert type(loaded) is AuxiliaryHeads
    assert [variable.path for variable in loaded.variables] == [variable.path for variable in model.variables]
    np.testing.assert_array_equal(loaded.predict(images, verbose=0), model.predict(images, verbose=0))
    assert loaded.train_on_batch(images, labels, return_dict=True) == model.train_on_batch(
        images, labels, return_dict=True
    )


def test_the_copy_for_inference_adds_no_variables_and_is_not_saved(tmp_path):
    import h5py

    model = little()
    assert len(model.weights) == 8
    assert [layer.name for layer in model.layers] == ["image", "trunk", "logits", "head1", "head2"]
    model.save_weights(tmp_path / "little.weights.h5")
    held = []
    with h5py.File(tmp_path / "little.weights.h5") as file:
        file.visititems(lambda name, found: held.append((name, getattr(found, "size", 0))))
    sizes = [size for name, size in held if name.startswith("layers/") and "/vars/" in name]
    assert sum(sizes) == model.count_params()
    assert not [name for name, _ in held if "answer" in name]


def test_a_clone_is_the_same_class():
    assert type(keras.models.clone_model(little())) is AuxiliaryHeads


def test_one_output_is_refused():
    image = keras.Input((4,))
    with pytest.raises(ValueError, match="the answer and at least one head. Received: outputs="):
        AuxiliaryHeads(image, keras.layers.Dense(3)(image))
