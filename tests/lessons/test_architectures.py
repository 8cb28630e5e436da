import pytest

from cnnrepro import anatomy, claims, models
from cnnrepro.claims.checks.architectures import LISTING
from cnnrepro.errors import UsageError
from cnnrepro.lessons import architectures as study
from cnnrepro.lessons.architectures.drawn_boxes import Box, boxes

NAMES = ["lenet5", "alexnet", "vgg16", "googlenet", "resnet50"]
PATTERN = "INPUT -> [CONV -> RELU -> CONV -> RELU -> POOL]*3 -> [FC -> RELU]*2 -> FC"


@pytest.fixture(scope="module")
def traces():
    return study.traces([*NAMES, "alexnet_torchvision", "plain18", PATTERN])


def test_layers_alike_are_one_box(traces):
    vgg = boxes(traces["vgg16"])
    assert vgg[:3] == [
        Box("image", "input", 224, 3),
        Box("conv1_1–2", "convolution", 224, 64, 2),
        Box("pool1", "pooling", 112, 64),
    ]
    assert sum(box.count for box in vgg if box.kind in ("convolution", "dense")) == 16


def test_modules_and_blocks_are_counted_by_stage(traces):
    modules = [box for box in boxes(traces["googlenet"]) if box.kind == "inception modules"]
    assert [box.label for box in modules] == ["inception 3a–b", "inception 4a–e", "inception 5a–b"]
    assert [(box.count, box.size, box.channels) for box in modules] == [(2, 28, 480), (5, 14, 832), (2, 7, 1024)]
    stages = [(box.count, box.size, box.channels) for box in boxes(traces["resnet50"]) if box.kind == "residual blocks"]
    assert stages == [(3, 56, 256), (4, 28, 512), (6, 14, 1024), (3, 7, 2048)]
    plain = [box for box in boxes(traces["plain18"]) if box.kind == "plain blocks"]
    assert [box.count for box in plain] == [2, 2, 2, 2]


def test_auxiliary_heads_are_not_drawn(traces):
    assert boxes(traces["googlenet"])[-1] == Box("logits", "dense", 1, 1000)
    assert not any(box.label.startswith("head") for box in boxes(traces["googlenet"]))


@pytest.mark.parametrize("name", ["alexnet", "googlenet"])
def test_costs_are_the_traces(name, traces):
    cost = study.costs(traces)[name]
    built = models.outline(name, **({"auxiliary_heads": False} if name == "googlenet" else {}))
    totals = anatomy.trace(built).totals
    assert (cost.parameters, cost.multiply_adds) == (totals.trainable_parameters, totals.multiply_adds)
    assert cost.activation_bytes < cost.training_bytes < 2 * cost.activation_bytes


def test_the_field_is_that_of_the_last_map(traces):
    costs = study.costs(traces)
    assert [costs[name].field for name in ("alexnet", "vgg16", "googlenet", "resnet50")] == [195, 212, 715, 483]


def test_cost_rows_say_the_difference(traces):
    rows = {row[0]: row[1:] for row in study.cost_rows(study.costs(traces).values())}
    assert rows["VGG-16"] == (138_357_544, "138,357,544", "0", 15_470_264_320, "15,470,264,320", "0", 212)
    assert rows["AlexNet"][:3] == (60_965_224, "about 60,000,000", "+1.6 %")
    assert rows["GoogLeNet"] == (6_998_552, "–", "", 1_582_671_872, "about 1,500,000,000", "+5.5 %", 715)
    assert rows[PATTERN][1:3] == ("–", "")


def test_errors_come_with_work_and_parameters(traces):
    rows = {name: rest for name, *rest in study.with_error(study.costs(traces).values())}
    assert set(rows) == {"AlexNet (torchvision)", "VGG-16", "ResNet-50"}
    assert rows["VGG-16"] == pytest.approx([15.47, 28.41, 138.4], rel=1e-3)


def test_shares_count_every_weight_but_those_of_normalisation(traces):
    parts = study.shares({"alexnet": traces["alexnet"], "resnet50": traces["resnet50"]})
    alexnet, resnet = (sum(part[place] for part in parts["Parameters"].values()) for place in (0, 1))
    assert alexnet == 60_965_224
    assert 0.995 < resnet / 25_557_032 < 1
    assert parts["Parameters"]["dense layers"][0] == 9216 * 4096 + 4096 + 4096 * 4096 + 4096 + 4096 * 1000 + 1000
    work = [sum(part[place] for part in parts["Multiply-adds"].values()) for place in (0, 1)]
    assert work == [724_406_816, 3_857_973_248]


def test_memory_of_layers_adds_up(traces):
    layers = study.layer_memory(traces["alexnet"])
    cost = study.costs(traces)["alexnet"]
    names, outputs, gradients, weights = zip(*layers, strict=True)
    assert sum(outputs) == pytest.approx(cost.activation_bytes / 1e6)
    assert sum(outputs) + sum(gradients) == pytest.approx(cost.training_bytes / 1e6)
    assert sum(weights) == pytest.approx(4 * cost.parameters / 1e6)
    assert gradients[names.index("image")] == 0  # nobody asks for it
    assert "relu1" not in names


def test_activations_overtake_the_weights_where_the_ledger_says(traces):
    costs = study.costs(traces)
    lines = study.memory_by_batch([costs["vgg16"]], [13, 14])
    activations, weights = lines["VGG-16: activations"][1], lines["VGG-16: weights"][1]
    assert activations[0] < weights[0]
    assert activations[1] > weights[1]
    assert "at least 14 images for VGG-16" in claims.check(21).sentence


def test_the_listing_agrees_row_by_row():
    rows = study.listing_rows()
    assert [row[5] for row in rows] == ["yes"] * 13
    changed = ((*LISTING[1][:2], 2, LISTING[1][3]), *LISTING[2:])
    assert [row[5] for row in study.listing_rows((LISTING[0], *changed))][:3] == ["yes", "no", "yes"]
    assert sum(row[6] for row in rows) == 62_378_344


def test_patterns_are_written_out(traces):
    ((pattern, words, weighted, parameters, _),) = study.pattern_rows({PATTERN: traces[PATTERN]})
    assert pattern == PATTERN
    assert words.count("CONV") == 6
    assert weighted == 9
    assert parameters == traces[PATTERN].totals.parameters
    assert study.title(PATTERN) == PATTERN


def test_words_for_large_numbers(traces):
    titles, words, _ = zip(*study.drawing({"vgg16": traces["vgg16"]}), strict=True)
    assert titles == ("VGG-16",)
    assert words == ("138 million parameters, 15.5 billion multiply-adds",)


def test_an_unknown_model_lists_the_known():
    with pytest.raises(UsageError, match="Unknown model 'vgg17'"):
        study.traces(["vgg17"])
