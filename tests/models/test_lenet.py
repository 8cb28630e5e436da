import keras
import numpy as np
import pytest

from cnnrepro.layers import L2Pooling2D, LocalResponseNormalization, scaled_tanh
from cnnrepro.layers.initializers import LeCun1998
from cnnrepro.models import build, outline
from cnnrepro.models.lenet import C3_TABLE
from tests.models.layer_counts import counts, of_kinds, shapes


def test_table_1_of_the_paper():
    rows = [
        "X . . . X X X . . X X X X . X X",
        "X X . . . X X X . . X X X X . X",
        "X X X . . . X X X . . X . X X X",
        ". X X X . . X X X X . . X . X X",
        ". . X X X . . X X X X . X X . X",
        ". . . X X X . . X X X X . X X X",
    ]  # the maps of S2 downwards, those of C3 to the right
    printed = np.array([[mark == "X" for mark in row.split()] for row in rows])
    ours = np.zeros((6, 16), bool)
    for target, sources in enumerate(C3_TABLE):
        ours[list(sources), target] = True
    np.testing.assert_array_equal(ours, printed)
    assert ours.sum() == 60


def test_lenet5_layer_by_layer():
    model = outline("lenet5")
    assert counts(model) == {
        "c1": 156, "s2": 12, "c3": 1_516, "s4": 32, "c5": 48_120, "f6": 10_164, "logits": 840,
    }  # fmt: skip
    found = shapes(model)
    assert found["c1"] == (28, 28, 6)
    assert found["s2"] == (14, 14, 6)
    assert found["c3"] == (10, 10, 16)
    assert found["s4"] == (5, 5, 16)
    assert found["c5"] == (1, 1, 120)
    assert found["f6"] == (84,)
    assert [layer.count_params() for layer in model.layers if not layer.trainable_weights and layer.weights] == [840]


def test_lenet5_has_the_papers_340_908_connections():
    found, parameters = shapes(outline("lenet5")), counts(outline("lenet5"))
    positions = {name: int(np.prod(found[name][:2])) for name in ("c1", "s2", "c3", "s4", "c5")}
    shared = sum(parameters[name] * positions[name] for name in ("c1", "c3", "c5"))  # a weight once a position
    pooled = sum((4 + 1) * positions[name] * found[name][2] for name in ("s2", "s4"))  # four inputs and a bias
    assert shared + pooled + parameters["f6"] + parameters["logits"] == 340_908


def test_lenet5_squashes_every_layer_up_to_f6():
    model = outline("lenet5")
    squashed = [layer.name for layer in model.layers if getattr(layer, "activation", None) is scaled_tanh]
    assert squashed == ["c1_activation", "s2", "c3_activation", "s4", "c5", "f6"]


def test_lenet5_starts_by_fan_in_with_weights_of_their_own():
    model = build("lenet5")
    for name in ("c1", "c3", "c5", "f6"):
        assert isinstance(model.get_layer(name).kernel_initializer, LeCun1998)
    assert np.abs(model.get_layer("c5").kernel.numpy()).max() <= 2.4 / 400


def test_lenet5_answers_minus_a_distance():
    model = build("lenet5")
    images = np.random.default_rng(0).normal(size=(3, 32, 32, 1)).astype("float32")
    assert (model(images).numpy() < 0).all()


def test_modern_lenet5_layer_by_layer():
    for size in (28, 32):
        model = outline("lenet5_modern", input_shape=(size, size, 1))
        assert counts(model) == {"conv1": 156, "conv2": 2_416, "dense3": 48_120, "dense4": 10_164, "logits": 850}
        found = shapes(model)
        assert found["conv1"] == (28, 28, 6)
        assert found["pool1"] == (14, 14, 6)
        assert found["conv2"] == (10, 10, 16)
        assert found["pool2"] == (5, 5, 16)
        assert found["flatten"] == (400,)


def test_padding_by_two_is_what_others_have_at_28():
    padding = outline("lenet5_modern").get_layer("padding").padding
    assert padding == ((2, 2), (2, 2))


@pytest.mark.parametrize("name", ["lenet5", "lenet5_modern"])
def test_smaller_images_lie_in_the_middle_and_larger_ones_pass(name):
    assert outline(name, input_shape=(29, 40, 1)).get_layer("padding").padding == ((1, 2), (0, 0))
    assert "padding" not in shapes(outline(name, input_shape=(33, 40, 1)))


@pytest.mark.parametrize("name", ["lenet5", "lenet5_modern"])
def test_batch_normalisation_comes_before_the_activation_and_lrn_behind_it(name):
    for normalization, kind, before, after in (
        ("batch", keras.layers.BatchNormalization, "norm", "activation"),
        ("lrn", LocalResponseNormalization, "activation", "norm"),
    ):
        model = outline(name, normalization=normalization)
        assert len(of_kinds(model, kind)) == 2
        ends = [layer.name.split("_")[-1] for layer in model.layers if layer.name.endswith(("_norm", "_activation"))]
        assert ends == [before, after] * 2


@pytest.mark.parametrize("pooling, kind", [("average", keras.layers.AveragePooling2D), ("l2", L2Pooling2D)])
def test_the_options_of_the_modern_form_reach_its_layers(pooling, kind):
    model = outline("lenet5_modern", pooling=pooling, activation="tanh", width=3, dropout=0.25)
    assert isinstance(model.get_layer("pool1"), kind)
    assert isinstance(model.get_layer("pool2"), kind)
    activations = {layer.activation for layer in model.layers if getattr(layer, "activation", None)}
    assert activations == {keras.activations.tanh, keras.activations.linear}
    assert (model.get_layer("conv1").filters, model.get_layer("conv2").filters) == (18, 48)
    assert model.get_layer("dropout3").rate == model.get_layer("dropout4").rate == 0.25


def test_dropout_of_lenet5_is_before_f6():
    model = outline("lenet5", dropout=0.25, kernel_initializer="he_normal")
    assert model.get_layer("dropout6").rate == 0.25
    names = [layer.name for layer in model.layers]
    assert names.index("c5") < names.index("dropout6") < names.index("f6")
    assert isinstance(model.get_layer("c3").kernel_initializer, keras.initializers.HeNormal)
