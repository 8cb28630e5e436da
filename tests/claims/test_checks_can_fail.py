"""A check computes its word: with another claim, or another world, it says another one."""

import dataclasses

import keras
import numpy as np
import pytest
from scipy import signal

from cnnrepro.anatomy import receptive_field
from cnnrepro.claims.check_helpers.autodiff import precision
from cnnrepro.claims.check_helpers.networks import traced
from cnnrepro.claims.checks import (
    architectures,
    convolution,
    data_and_colours,
    dense_layers,
    losses_and_derivatives,
    memory,
    pooling,
    receptive_fields,
    recipe,
    sizes,
)
from cnnrepro.claims.verdict import DOES_NOT_HOLD, HOLDS, conclude
from cnnrepro.data.pipelines.catalogue import PIPELINES
from cnnrepro.models import outline

OTHER_CLAIMS = [
    # The wrong figures set right: the statement would hold.
    (architectures, "unshared_parameters", "UNSHARED", 105_415_200, HOLDS),
    (architectures, "what_resnet_introduced", "ARXIV", architectures.ARXIV | {"ResNet": "1504.00001"}, DOES_NOT_HOLD),
    (convolution, "matrix_product", "W_ROW", (96, 363), HOLDS),
    (recipe, "recipe", "REGULARISED", True, HOLDS),
    (architectures, "what_resnet_introduced", "ARXIV", dict.fromkeys(architectures.ARXIV, "1512.03385"), HOLDS),
    # The right figures set wrong: it would not.
    (architectures, "alexnet_listing", "DROPOUT", (0.5, 0.4), DOES_NOT_HOLD),
    (architectures, "alexnet_listing", "LISTING", architectures.LISTING[:-1], DOES_NOT_HOLD),
    (architectures, "published_parameters", "VGG_LAYERS", 19, DOES_NOT_HOLD),
    (architectures, "vgg_and_zfnet", "VGG_POOL", (3, 2, "valid"), DOES_NOT_HOLD),
    (architectures, "vgg_and_zfnet", "ALEXNET_FILTER", (11, 2), DOES_NOT_HOLD),
    (architectures, "winning_entry", "SECOND", 17.0, DOES_NOT_HOLD),
    (architectures, "state_of_the_art", "CLAIMED_YEAR", 2017, DOES_NOT_HOLD),
    (architectures, "beyond_sequences", "BRANCHED", ("vgg16", "resnet50"), DOES_NOT_HOLD),
    (pooling, "common_pools", "FAMILIES", ("lenet5_modern", "vgg16"), HOLDS),
    (data_and_colours, "embedding_widths", "IMAGE", (20, 20, 3), DOES_NOT_HOLD),
    (data_and_colours, "imagenet_origin", "CLAIMED_PLACE", "Princeton", HOLDS),
    (data_and_colours, "colour_noise", "IMAGENET_VARIANCES", (0.0045, 0.0188, 0.2175), DOES_NOT_HOLD),
    (convolution, "connected_regions", "FIRST_LAYER", (11, 11, 4, 96), HOLDS),
    (convolution, "shifted_maps", "SHIFTS", ((1, "valid", 1), (1, "valid", 4)), HOLDS),
    (convolution, "assumption_of_images", "VASTLY", 10**7, DOES_NOT_HOLD),
    (recipe, "batch_and_epochs", "BATCH", 256, DOES_NOT_HOLD),
    (recipe, "batch_and_epochs", "EPOCHS", 60, DOES_NOT_HOLD),
    (convolution, "connections", "CONNECTIONS", (((16, 16, 20), 3, 181), ((32, 32, 3), 5, 75)), DOES_NOT_HOLD),
    (receptive_fields, "field_formula", "THREE_BY_THREE", 9, DOES_NOT_HOLD),
    (pooling, "discarded_share", "DISCARDED", 0.5, DOES_NOT_HOLD),
    (pooling, "halved_sizes", "HALF", 0.25, DOES_NOT_HOLD),
    (sizes, "layer_sizing", "RECOMMENDED", (96, 227), DOES_NOT_HOLD),
    (memory, "alexnet_training", "DAYS", 1, DOES_NOT_HOLD),
    (memory, "alexnet_training", "CARD_BYTES", 2**30 // 2, DOES_NOT_HOLD),
    (memory, "activations_dominate", "BATCH", 8, DOES_NOT_HOLD),
    (data_and_colours, "colours", "SHADES", 255, DOES_NOT_HOLD),
    (recipe, "plateau", "DIVISOR", 2, DOES_NOT_HOLD),
    (sizes, "alexnet_first_layer", "FIRST_LAYER", ((227, 0, (54, 54, 96)), (224, 2, (55, 55, 96))), DOES_NOT_HOLD),
    (sizes, "plain_sizes", "PLAIN", sizes.PLAIN | {"flat": 10_000}, DOES_NOT_HOLD),
]


def flipped(function):
    """The convolution that the name promises: with the filter turned round."""
    return lambda x, filters, *rest: function(x, np.ascontiguousarray(filters[::-1, ::-1]), *rest)


def one_network(name):
    return lambda: iter([(name, outline(name))])


def one_layer(windowed):
    return lambda model: windowed(model)[:1]


def _ones(filters, gradient, size, **_):
    return np.ones((2, *size, 3))


OTHER_WORLDS = [
    (sizes, "convolution_size", "formula", lambda size, window, stride, padding=0: size // stride, DOES_NOT_HOLD),
    (sizes, "pooling_size", "formula", lambda size, window, stride, padding=0: size // stride, DOES_NOT_HOLD),
    (receptive_fields, "field_formula", "by_the_notes", lambda chain: list(receptive_field(chain).sizes), HOLDS),
    (receptive_fields, "dilation", "layers_needed", lambda pixels, doubling: 7, DOES_NOT_HOLD),
    (convolution, "one_by_one", "receptive_field", lambda layers: receptive_field([(3, 1)]), DOES_NOT_HOLD),
    (convolution, "backward_pass", "input_gradient_as_convolution", _ones, DOES_NOT_HOLD),
    (convolution, "cross_correlation", "_convolve", flipped(convolution._convolve), HOLDS),
    (convolution, "shared_gradients", "pulled_back", lambda f, g, x, w: [x, w], DOES_NOT_HOLD),
    (pooling, "switches", "route", _ones, DOES_NOT_HOLD),
    (pooling, "parameters_of_pools", "one_of_each_builder", one_network("vgg11"), HOLDS),
    (pooling, "savings", "with_global_average", pooling.with_dense_head, HOLDS),
    (convolution, "full_depth", "one_of_each_builder", one_network("vgg11"), HOLDS),
    (sizes, "border_coverage", "_times_read", lambda size, window, padding: np.full((9, 9), 9), DOES_NOT_HOLD),
    (sizes, "neurons_formula", "output_size", lambda *_, **__: 54, DOES_NOT_HOLD),
    (architectures, "patterns", "step_losses", lambda *_: [1.0, 2.0], DOES_NOT_HOLD),
    (losses_and_derivatives, "output_layers", "step_losses", lambda *_: [1.0, 1.0], DOES_NOT_HOLD),
    (sizes, "padding_words", "_takes", lambda dimension, word: True, DOES_NOT_HOLD),
    (losses_and_derivatives, "differentiable", "_one_sided", lambda function: (1.0, 1.0), HOLDS),
    (convolution, "fast_product", "difference", lambda first, second: 0.5, DOES_NOT_HOLD),
    (convolution, "shifted_maps", "_equal_cells", lambda *_: 0.5, DOES_NOT_HOLD),
    (receptive_fields, "field_is_filter_size", "windowed", one_layer(receptive_fields.windowed), HOLDS),
    (receptive_fields, "growing_fields", "receptive_field", lambda chain: receptive_field([(1, 1)] * 9), DOES_NOT_HOLD),
    (recipe, "plateau", "_rates", lambda losses: [0.1 ** (1 + epoch // 5) for epoch in range(25)], DOES_NOT_HOLD),
]


@pytest.mark.parametrize(
    "module, check, name, other, word",
    OTHER_CLAIMS + OTHER_WORLDS,
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_another_claim_or_another_world_gets_another_word(monkeypatch, module, check, name, other, word):
    monkeypatch.setattr(module, name, other)
    assert getattr(module, check)().word == word


def test_the_flipped_convolution_is_what_scipy_calls_one():
    random = np.random.default_rng(0)
    image, kernel = random.normal(size=(6, 6)), random.normal(size=(3, 3))
    batch, filters = image[None, :, :, None].astype("float32"), kernel[:, :, None, None].astype("float32")
    output = np.asarray(flipped(convolution._convolve)(batch, filters))[0, :, :, 0]
    np.testing.assert_allclose(output, signal.convolve2d(image, kernel, mode="valid"), rtol=0, atol=1e-5)


ALEXNET_2012 = PIPELINES["alexnet-2012"]


def pipelines(**other):
    """The package's pipelines, with another one for AlexNet."""
    return PIPELINES | {"alexnet-2012": dataclasses.replace(ALEXNET_2012, **other)}


def recipes(**other):
    """The package's recipes, with another schedule for AlexNet."""
    paper = recipe.RECIPES["alexnet-2012"]
    return recipe.RECIPES | {
        "alexnet-2012": dataclasses.replace(paper, schedule=dataclasses.replace(paper.schedule, **other))
    }


def _mean_pool(window, stride, padding):
    return keras.layers.AveragePooling2D(window, strides=stride, padding=padding, dtype=precision()[0])


def _dense(layer, size):
    """A dense layer's weights, none of them 0 and each another, in place of a convolution's."""
    return np.random.default_rng(0).normal(size=(72, 48)), np.zeros((1, 48)), np.ones((1, 48))


def test_crops_at_other_places_are_not_what_one_pass_gives(monkeypatch):
    crops = dense_layers.anatomy.crops
    monkeypatch.setattr(dense_layers.anatomy, "crops", lambda *arguments: crops(*arguments)[::-1], raising=False)
    verdict = dense_layers.dense_as_convolution()
    assert [part.word for part in verdict.parts] == [DOES_NOT_HOLD, HOLDS, HOLDS]


def test_a_dense_layer_of_other_weights_is_no_convolution(monkeypatch):
    monkeypatch.setattr(dense_layers, "_as_matrix", _dense)
    assert [part.word for part in dense_layers.dense_as_convolution().parts] == [HOLDS, DOES_NOT_HOLD, DOES_NOT_HOLD]


def vgg_for_alexnet(name):
    return outline("vgg16" if name == "alexnet" else name)


def with_row(place, row):
    """The listing of AlexNet with another row."""
    return (*architectures.LISTING[:place], row, *architectures.LISTING[place + 1 :])


# A part by its letter, what it was compared with, and its word then: (module, check, part, name, other value, word).
OTHER_PARTS = [
    (architectures, "published_parameters", "b", "ROUNDING", 0.8, HOLDS),
    (architectures, "published_parameters", "e", "DENSE_LEFT", 1, HOLDS),
    (architectures, "published_parameters", "f", "DENSE_LEFT", 1, HOLDS),
    (architectures, "unshared_parameters", "a", "NEURONS", 290_401, DOES_NOT_HOLD),
    (architectures, "unshared_parameters", "c", "BIASES", 95, DOES_NOT_HOLD),
    (
        architectures,
        "vgg_and_zfnet",
        "e",
        "ONE_NETWORK",
        {"AlexNet": (38.4, 16.5), "ZFNet": (40.7, 18.2)},
        DOES_NOT_HOLD,
    ),
    (convolution, "matrix_product", "a", "X_COL", (363, 3026), DOES_NOT_HOLD),
    (convolution, "matrix_product", "c", "OUTPUT", (54, 54, 96), DOES_NOT_HOLD),
    (recipe, "recipe", "c", "DEVIATION", 0.02, DOES_NOT_HOLD),
    (recipe, "recipe", "d", "BIASES_OF_ONE", {"conv2"}, DOES_NOT_HOLD),
    (data_and_colours, "imagenet_sizes", "a", "DATASET_IMAGES", 20_000_000, DOES_NOT_HOLD),
    (data_and_colours, "imagenet_sizes", "b", "DATASET_CLASSES", 22_000, HOLDS),
    (data_and_colours, "imagenet_sizes", "b", "DATASET_CLASSES", 30_000, DOES_NOT_HOLD),
    (data_and_colours, "imagenet_sizes", "c", "TRAINING", 1_000_000, DOES_NOT_HOLD),
    (data_and_colours, "imagenet_sizes", "d", "CLASSES", 200, DOES_NOT_HOLD),
    (data_and_colours, "imagenet_sizes", "e", "TEST", 100_000, HOLDS),
    (data_and_colours, "imagenet_sizes", "e", "TEST", 50_000, DOES_NOT_HOLD),
    (pooling, "common_pools", "a", "COMMON", ((3, 1), (2, 2)), DOES_NOT_HOLD),
    (
        architectures,
        "alexnet_listing",
        "a",
        "LISTING",
        with_row(4, ("MaxPooling2D", 2, 2, (13, 13, 256))),
        DOES_NOT_HOLD,
    ),
    (architectures, "alexnet_listing", "b", "LISTING", with_row(9, ("Flatten", None, None, (9000,))), DOES_NOT_HOLD),
    (architectures, "alexnet_listing", "c", "DROPOUT", (0.5, 0.4), DOES_NOT_HOLD),
    (architectures, "alexnet_listing", "d", "outline", vgg_for_alexnet, DOES_NOT_HOLD),
    (architectures, "beyond_sequences", "a", "BRANCHED", ("vgg16", "resnet50"), DOES_NOT_HOLD),
    (architectures, "beyond_sequences", "b", "BRANCHED", ("googlenet", "vgg16"), DOES_NOT_HOLD),
    (pooling, "switches", "a", "_layer", _mean_pool, DOES_NOT_HOLD),
    (pooling, "switches", "b", "route", _ones, DOES_NOT_HOLD),
    (sizes, "convolution_size", "b", "formula", lambda size, window, stride, padding=0: size // stride, DOES_NOT_HOLD),
    (sizes, "pooling_size", "a", "formula", lambda size, window, stride, padding=0: 0, DOES_NOT_HOLD),
    (sizes, "layer_sizing", "a", "RECOMMENDED", (32, 224, 96, 48), DOES_NOT_HOLD),
    (sizes, "layer_sizing", "b", "RECOMMENDED", (32, 227), DOES_NOT_HOLD),
    (memory, "activations_dominate", "a", "_stack", lambda count, size: traced("alexnet"), DOES_NOT_HOLD),
    (memory, "alexnet_training", "a", "CARD_BYTES", 2**30 // 2, DOES_NOT_HOLD),
    (memory, "alexnet_training", "a", "CARDS", 4, DOES_NOT_HOLD),
    (memory, "alexnet_training", "b", "DAYS", 7, DOES_NOT_HOLD),
    (memory, "alexnet_training", "b", "THEIR_DAYS", (6, 6), HOLDS),
    (memory, "alexnet_training", "c", "DAYS", 1, DOES_NOT_HOLD),
    (recipe, "patches", "a", "PIPELINES", pipelines(window=227), DOES_NOT_HOLD),
    (recipe, "patches", "b", "PIPELINES", pipelines(mirror=False), DOES_NOT_HOLD),
    (recipe, "patches", "c", "PIPELINES", pipelines(views=1), DOES_NOT_HOLD),
    (recipe, "plateau", "a", "RECIPES", recipes(metric="val_loss"), HOLDS),
    (recipe, "plateau", "a", "RECIPES", recipes(factor=0.5), DOES_NOT_HOLD),
    (recipe, "plateau", "b", "DIVISOR", 2, DOES_NOT_HOLD),
]


@pytest.mark.parametrize(
    "module, check, part, name, other, word",
    OTHER_PARTS,
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_part_has_its_own_word(monkeypatch, module, check, part, name, other, word):
    monkeypatch.setattr(module, name, other)
    verdict = getattr(module, check)()
    assert verdict.parts["abcdef".index(part)].word == word


def test_a_word_that_was_not_foreseen_is_said_to_be():
    verdict = conclude(99, HOLDS, {DOES_NOT_HOLD: "Wrong by 3."}, ["A figure: 4."], "nothing")
    assert (verdict.word, verdict.evidence) == (HOLDS, ("A figure: 4.",))
    assert "not foreseen" in verdict.sentence
    assert "Wrong" not in verdict.sentence


def test_the_recipe_is_the_one_of_the_paper(monkeypatch):
    """Statement 23 looks at what the package trains AlexNet with: a change of it changes the words."""
    paper = recipe.RECIPES["alexnet-2012"]
    other = dataclasses.replace(paper, momentum=0.8, weight_decay=1e-4, learning_rate=0.1, batch_size=64)
    monkeypatch.setitem(recipe.RECIPES, "alexnet-2012", other)
    words = [part.word for part in recipe.recipe().parts]
    assert words == [DOES_NOT_HOLD, DOES_NOT_HOLD, HOLDS, HOLDS, DOES_NOT_HOLD, DOES_NOT_HOLD]
    assert recipe.batch_and_epochs().parts[0].word == DOES_NOT_HOLD
