"""Checks of the published networks: shapes, parameters, filters and heads, read off the built models."""

from __future__ import annotations

from collections import Counter

import numpy as np

from cnnrepro import anatomy, models
from cnnrepro.anatomy import SoftmaxCrossEntropy
from cnnrepro.anatomy.geometry import geometry
from cnnrepro.anatomy.graph import take_apart
from cnnrepro.anatomy.layer_costs import kind
from cnnrepro.claims.check_helpers.networks import (
    STEPS,
    digits,
    drawn,
    of_kinds,
    outline,
    step_losses,
    traced,
    windowed,
)
from cnnrepro.claims.check_helpers.wording import spelled
from cnnrepro.claims.verdict import (
    DOES_NOT_HOLD,
    HOLDS,
    HOLDS_IF,
    Part,
    Verdict,
    conclude,
    conclude_parts,
    right_or_wrong,
    word_of,
)
from cnnrepro.engine import keras

# Statement 5: the listing of S1; kind, window, stride, output; and its dropout.
LISTING = (
    ("InputLayer", None, None, (224, 224, 3)),
    ("Conv2D", 11, 4, (55, 55, 96)),
    ("MaxPooling2D", 3, 2, (27, 27, 96)),
    ("Conv2D", 5, 1, (27, 27, 256)),
    ("MaxPooling2D", 3, 2, (13, 13, 256)),
    ("Conv2D", 3, 1, (13, 13, 384)),
    ("Conv2D", 3, 1, (13, 13, 384)),
    ("Conv2D", 3, 1, (13, 13, 256)),
    ("MaxPooling2D", 3, 2, (6, 6, 256)),
    ("Flatten", None, None, (9216,)),
    ("Dense", None, None, (4096,)),
    ("Dense", None, None, (4096,)),
    ("Dense", None, None, (1000,)),
)
FLATTENED = 9  # of the listing, the row from which it is flat
DROPOUT = (0.5, 0.5)


def alexnet_listing() -> Verdict:
    """Statement 5: the listing of S1, row by row, and what the paper's network has besides."""
    model, paper = outline("alexnet_one_tower"), outline("alexnet")
    built = _listed(model)
    right = [listed == real for listed, real in zip(LISTING, built, strict=False)]
    maps, flat = right[2:FLATTENED], right[FLATTENED:]  # 55x55x96 itself is statement 4
    whole = len(built) == len(LISTING)
    rates = tuple(call.operation.rate for call in of_kinds(paper, "Dropout"))
    weighted = of_kinds(paper, *WEIGHTED)
    rectified = [call.operation.activation is keras.activations.relu for call in weighted]
    normalised, grouped = len(of_kinds(paper, "LocalResponseNormalization")), len(of_kinds(paper, "GroupedConv2D"))
    totals, published = anatomy.trace(model).totals, traced("alexnet").totals
    same_layers = [row[:3] for row in built] == [row[:3] for row in _listed(paper)]
    alike = HOLDS if totals.parameters == published.parameters and not normalised else HOLDS_IF
    padding = geometry(224, 11, 4, 2)
    parts = (
        Part(
            right_or_wrong([*maps, whole]),
            f"In the built network {sum(maps)} of the {len(maps)} rows agree in kind, window, stride and output.",
        ),
        Part(
            right_or_wrong([*flat, whole]),
            f"In the built network {sum(flat)} of the {len(flat)} rows agree.",
        ),
        Part(
            right_or_wrong([rates == DROPOUT, all(rectified[:-1]), not rectified[-1]]),
            f"As in the paper: dropout {spelled(rates)}, and ReLU in {sum(rectified)} of {len(rectified)} layers.",
        ),
        Part(
            alike if same_layers else DOES_NOT_HOLD,
            f"The listing leaves out {normalised} response normalisations of the paper, and the two groups in "
            f"{grouped} convolutions: {totals.parameters / 1e6:.1f} million parameters, not "
            f"{published.parameters / 1e6:.1f}.",
        ),
    )
    return conclude_parts(
        5,
        parts,
        (
            f"The listing as a network has {totals.parameters:,} parameters and {totals.multiply_adds:,} "
            f"multiply-adds, the published one {published.parameters:,} and {published.multiply_adds:,}.",
            f"224 with padding 2 does not divide (statement 4): {padding.cells_lost} line of the padding is read by no "
            f"filter.",
        ),
        "cnnrepro's alexnet_one_tower at 224x224x3, which is the listing, and alexnet at 227x227x3, which is the paper",
    )


WEIGHTED = ("Conv2D", "GroupedConv2D", "Dense")


def _listed(model: keras.Model) -> list[tuple]:
    """A network's layers as the listing has them: kind, window, stride and output; groups count as no other kind."""
    windows = {call.name: (call.window, call.stride) for call in windowed(model)}
    kinds = {row[0] for row in LISTING} | set(WEIGHTED)
    return [
        (
            kind(call.operation).removeprefix("Grouped"),
            *windows.get(call.name, (None, None)),
            tuple(call.output_shapes[0][1:]),
        )
        for call in of_kinds(model, *kinds)
    ]


# Statement 6: neurons, weights of each and their number as S2 has them; shared weights and biases.
NEURONS, WEIGHTS, UNSHARED, SHARED_WEIGHTS, BIASES = 290_400, 363, 105_705_600, 34_848, 96


def unshared_parameters() -> Verdict:
    """Statement 6: the parameters of AlexNet's first layer with weights of their own for every neuron, and shared."""
    layer = of_kinds(outline("alexnet"), "Conv2D")[0]
    shape, (kernel, bias) = layer.output_shapes[0][1:], layer.operation.trainable_weights
    neurons, weights = int(np.prod(shape)), int(np.prod(kernel.shape[:3]))
    shared, biases = int(np.prod(kernel.shape)), bias.shape[0]
    as_written, with_bias = neurons * weights, neurons * (weights + 1)
    meant = f"{neurons:,}·{weights + 1}, with the bias" if with_bias == UNSHARED else "another product"
    parts = (
        Part(
            right_or_wrong([(neurons, weights) == (NEURONS, WEIGHTS), layer.operation.use_bias]),
            f"The layer has {neurons:,} neurons of {weights} weights, and {biases} biases, one a depth slice.",
        ),
        Part(
            right_or_wrong([as_written == UNSHARED]),
            f"{neurons:,}·{weights} is {as_written:,}; the notes' {UNSHARED:,} is {meant}.",
        ),
        Part(
            right_or_wrong([(shared, biases) == (SHARED_WEIGHTS, BIASES)]),
            f"Sharing leaves {shared:,} weights and {biases} biases.",
        ),
    )
    return conclude_parts(
        6,
        parts,
        (
            f"The layer has {' · '.join(map(str, shape))} = {neurons:,} neurons.",
            f"{neurons:,}·{weights} = {as_written:,}, and {neurons:,}·{weights + 1} = {with_bias:,}.",
            f"Shared it is {with_bias / (shared + biases):,.0f} times fewer, one set for {shape[0]}x{shape[1]} "
            f"positions.",
        ),
        "the first layer of cnnrepro's alexnet, built at 227x227x3",
    )


# Statement 17: model, its name in prose, claimed parameters.
PARAMETERS = (("alexnet", "AlexNet", 60e6), ("googlenet", "Inception v1", 4e6), ("vgg16", "VGG-16", 140e6))
ROUNDING = 0.05  # "60M" and "140M" have one or two digits
VGG_LAYERS = 16
DENSE_LEFT = 0  # "instead of FC at top" (GoogLeNet), "omits FC layers at the end" (ResNet)


def published_parameters() -> Verdict:
    """Statement 17: the parameters that S0 gives, the layers of VGG, and the heads of GoogLeNet and ResNet."""
    built = {name: outline(name) for name in ("alexnet", "googlenet", "vgg16", "resnet50")}
    answers = {  # GoogLeNet's auxiliary heads are gone when it answers
        name: [row for row in anatomy.trace(model) if row.at_inference] for name, model in built.items()
    }
    counts = {name: sum(row.parameters for row in rows) for name, rows in answers.items()}
    weighted = len(of_kinds(built["vgg16"], "Conv2D", "Dense"))
    dense = {name: [row.name for row in rows if row.kind == "Dense"] for name, rows in answers.items()}
    averages = len(of_kinds(built["googlenet"], "GlobalAveragePooling2D"))
    parts = [
        Part(
            right_or_wrong([abs(counts[name] / claimed - 1) <= ROUNDING]),
            f"{title} has {counts[name]:,} parameters, the notes say {claimed / 1e6:.0f} million.",
        )
        for name, title, claimed in PARAMETERS
    ]
    parts += [
        Part(right_or_wrong([weighted == VGG_LAYERS]), f"VGG-16 has {weighted} convolutions and dense layers."),
        Part(
            right_or_wrong([averages == 1, len(dense["googlenet"]) == DENSE_LEFT]),
            f"GoogLeNet has {averages} average pool at its end, and behind it {len(dense['googlenet'])} dense layer.",
        ),
        Part(
            right_or_wrong([len(dense["resnet50"]) == DENSE_LEFT]),
            f"ResNet-50 ends with {len(dense['resnet50'])} dense layer.",
        ),
    ]
    last = next(row for row in answers["googlenet"] if row.kind == "Dense")
    return conclude_parts(
        17,
        parts,
        (
            f"“60M” and “140M” have one or two digits; right is what is within {ROUNDING:.0%}.",
            f"GoogLeNet without its last dense layer still has {counts['googlenet'] - last.parameters:,}; AlexNet has "
            f"{counts['alexnet'] / counts['googlenet']:.1f} times as many as the whole of it.",
            "Dense layers on the way to the answer: "
            + ", ".join(f"{len(names)} in {name}" for name, names in dense.items())
            + "; both averaging networks keep one, for the 1,000 classes, where AlexNet and VGG have a stack of three.",
        ),
        "cnnrepro's alexnet, googlenet, vgg16 and resnet50, built for 1,000 classes",
    )


# Statement 19: window, stride and padding of VGG's layers; the filters of AlexNet.
VGG_CONVOLUTION, VGG_POOL, ALEXNET_FILTER = (3, 1, "same"), (2, 2, "valid"), (11, 4)
# Top-1 and top-5 error in percent of one network on the validation images of 2012: Krizhevsky, Sutskever and Hinton
# 2012, table 2; Zeiler and Fergus 2014, table 2, "1 convnet as per Fig. 3" (an earlier version had 38.3 and 16.4).
ONE_NETWORK = {"AlexNet": (40.7, 18.2), "ZFNet": (38.4, 16.5)}


def vgg_and_zfnet() -> Verdict:
    """Statement 19: VGG's filters and pools; AlexNet's filters; what ZFNet changed, and whether it is better."""
    seen: dict[str, list[tuple]] = {"Conv2D": [], "MaxPooling2D": []}
    names = ("vgg11", "vgg13", "vgg16", "vgg19")
    for name in names:
        for call in windowed(outline(name)):
            seen[call.kind].append((call.window, call.stride, call.padding))
    first, second = (
        [(call.window, call.stride) for call in windowed(outline(name)) if call.kind.endswith("Conv2D")]
        for name in ("alexnet", "zfnet")
    )
    changed = [number for number, (a, b) in enumerate(zip(first, second, strict=True), start=1) if a != b]
    named = [layer == ALEXNET_FILTER for layer in first]
    numbers = [number for number, right in enumerate(named, start=1) if right]
    lower = [new < old for new, old in zip(ONE_NETWORK["ZFNet"], ONE_NETWORK["AlexNet"], strict=True)]
    errors = ", ".join(f"{name} {top1} and {top5} %" for name, (top1, top5) in ONE_NETWORK.items())
    parts = (
        Part(
            right_or_wrong(layer == VGG_CONVOLUTION for layer in seen["Conv2D"]),
            f"The {len(seen['Conv2D'])} convolutions of four VGGs are of {len(set(seen['Conv2D']))} kind.",
        ),
        Part(
            right_or_wrong(layer == VGG_POOL for layer in seen["MaxPooling2D"]),
            f"Their {len(seen['MaxPooling2D'])} pools are of {len(set(seen['MaxPooling2D']))} kind.",
        ),
        Part(
            word_of(named),
            f"Of AlexNet's {len(named)} convolutions number {spelled(numbers) or 'none'} is {_spell(ALEXNET_FILTER)}, "
            f"the others are not.",
        ),
        Part(
            right_or_wrong(any(a[place] != b[place] for a, b in zip(first, second, strict=True)) for place in (0, 1)),
            f"ZFNet changed convolutions {spelled(changed)}; the first is {_spell(second[0])}.",
        ),
        Part(right_or_wrong(lower), f"Published top-1 and top-5 errors of one network: {errors}."),
    )
    return conclude_parts(
        19,
        parts,
        (
            f"{' '.join(names)}: {len(seen['Conv2D'])} convolutions and {len(seen['MaxPooling2D'])} pools.",
            f"AlexNet's convolutions: {', '.join(map(_spell, first))}.",
            f"ZFNet's: {', '.join(map(_spell, second))}.",
            "The errors are those of the two papers' tables, on the 50,000 validation images of 2012; not measured "
            "here.",
        ),
        "the built vgg11 to vgg19, alexnet and zfnet, and the two papers",
    )


def _spell(layer: tuple[int, int]) -> str:
    window, stride = layer
    return f"{window}x{window} with stride {stride}"


# Statement 58: arXiv's numbers begin with year and month. Batch normalisation: Ioffe and Szegedy; highway networks,
# with gated skip connections: Srivastava, Greff and Schmidhuber; ResNet: He, Zhang, Ren and Sun.
ARXIV = {"batch normalisation": "1502.03167", "highway networks": "1505.00387", "ResNet": "1512.03385"}


def what_resnet_introduced() -> Verdict:
    """Statement 58: ResNet introduced skip connections and batch normalisation."""
    month = {name: 12 * int(number[:2]) + int(number[2:4]) for name, number in ARXIV.items()}
    before = {name: month["ResNet"] - when for name, when in month.items() if name != "ResNet"}
    model = outline("resnet50")
    normalised, joined = len(of_kinds(model, "BatchNormalization")), len(of_kinds(model, "Add"))
    convolutions = len(of_kinds(model, "Conv2D"))
    parts = (
        Part(
            right_or_wrong([before["highway networks"] <= 0]),
            f"Highway networks had gated skip connections {before['highway networks']} months before ResNet.",
        ),
        Part(
            right_or_wrong([before["batch normalisation"] <= 0]),
            f"Batch normalisation was published {before['batch normalisation']} months before it.",
        ),
    )
    return conclude_parts(
        58,
        parts,
        (
            "arXiv: "
            + ", ".join(f"{name} {number}" for name, number in ARXIV.items())
            + " (year and month come first). New in ResNet are shortcuts that are the identity, without a gate.",
            f"ResNet uses both: the built ResNet-50 has {joined} additions of a shortcut, and a batch normalisation "
            f"behind each of its {convolutions} convolutions ({normalised}).",
        ),
        "arXiv's numbers of the three papers, and cnnrepro's resnet50",
    )


# Statement 18: the general pattern with its counts, and the four examples.
PATTERNS = (
    ("INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC", {"N": 2, "M": 2, "K": 1}),
    ("INPUT -> FC", {}),
    ("INPUT -> CONV -> RELU -> FC", {}),
    ("INPUT -> [CONV -> RELU -> POOL]*2 -> FC -> RELU -> FC", {}),
    ("INPUT -> [CONV -> RELU -> CONV -> RELU -> POOL]*3 -> [FC -> RELU]*2 -> FC", {}),
)


def patterns() -> Verdict:
    """Statement 18: each pattern builds and trains."""
    images, labels = digits(50)
    falls, weighted = [], []
    for pattern, counts in PATTERNS:
        arguments = {} if pattern == "INPUT -> FC" else {"filters": 8}
        model = drawn(models.build(pattern, (28, 28, 1), 10, **arguments, **counts))
        losses = step_losses(model, images, labels, SoftmaxCrossEntropy())
        falls.append((losses[0], losses[-1]))
        weighted.append(sum(bool(layer.weights) for layer in model.layers))
    parts = [
        Part(
            right_or_wrong([after < before]),
            f"{layers} layer{'s' * (layers > 1)} with weights, loss {before:.2f} to {after:.2f}.",
        )
        for layers, (before, after) in zip(weighted, falls, strict=True)
    ]
    fallen = sum(after < before for before, after in falls)
    counts = ", ".join(f"{name} = {value}" for name, value in PATTERNS[0][1].items())
    return conclude_parts(
        18,
        parts,
        (
            f"The general pattern was built with {counts}.",
            f"{STEPS - 1} steps of Adam on {len(images)} digits: the loss has fallen in {fallen} of {len(falls)}.",
        ),
        f"{len(PATTERNS)} patterns built for 28x28x1, a batch of {len(images)} embedded digits",
    )


# Statement 72: top-5 errors in percent in the challenge of 2012, by how many networks were averaged (Krizhevsky,
# Sutskever and Hinton 2012, table 2 and section 6): one on the validation images, five and the entry on the test ones.
AVERAGED, TOP5 = 7, {1: 18.2, 5: 16.4, 7: 15.3}
PRETRAINED = 2  # of the seven: on all of ImageNet's images of autumn 2011
SECOND = 26.2


def winning_entry() -> Verdict:
    """Statement 72: AlexNet was the winning entry of the challenge of 2012."""
    one, entry = TOP5[1], TOP5[AVERAGED]
    return conclude(
        72,
        word_of([AVERAGED == 1, one < SECOND]),
        {
            HOLDS_IF: f"It holds if the name stands for several networks: the entry averaged {AVERAGED} and had a "
            f"top-5 error of {entry} %, the second {SECOND} %. One AlexNet has {one} % on the validation images, which "
            f"is ahead of the second too.",
            HOLDS: f"One network had {entry} %, the second entry {SECOND} %.",
            DOES_NOT_HOLD: f"The entry averaged {AVERAGED} networks; one of them, {one} %, is behind {SECOND} %.",
        },
        (
            f"Top-5 errors of 2012: one network {one} % on the validation images, {AVERAGED} averaged {entry} % on the "
            f"test images; second entry {SECOND} %.",
            f"{PRETRAINED} of the {AVERAGED} were trained on all of ImageNet first; such a network had a sixth "
            f"convolution. The {AVERAGED - PRETRAINED} others, on the challenge's own images alone, averaged "
            f"{TOP5[AVERAGED - PRETRAINED]} % on the test images.",
        ),
        "Krizhevsky, Sutskever and Hinton 2012, table 2 and section 6",
    )


# Statement 74: top-5 errors in percent on ImageNet's test images, with year and month they were made known: He, Zhang,
# Ren and Sun (arXiv 1512.03385, abstract); Szegedy, Ioffe, Vanhoucke and Alemi (1602.07261, abstract); the winner of
# the challenge of 2016 (its page of results).
RECORDS = {
    "ResNet": (2015, 12, 3.57),
    "Inception-v4 and Inception-ResNet": (2016, 2, 3.08),
    "Trimps-Soushen": (2016, 9, 2.99),
}
CLAIMED_YEAR = 2016
THEIR_DAY = (2016, 5, "10 May 2016")  # of which the page that S0 sums up says it: year, month, in words


def state_of_the_art() -> Verdict:
    """Statement 74: ResNet was the state of the art as of 2016."""
    best = [_lowest(CLAIMED_YEAR, month) for month in range(1, 13)]
    months = best.count("ResNet")
    after = best[min(months, 11)]
    return conclude(
        74,
        word_of(name == "ResNet" for name in best),
        {
            HOLDS_IF: f"It holds if the beginning of {CLAIMED_YEAR} is meant: ResNet's {RECORDS['ResNet'][2]} % top-5 "
            f"error was the lowest on ImageNet's test images in {months} of its 12 months, until {after} "
            f"had {RECORDS[after][2]} %.",
            HOLDS: f"ResNet's error was the lowest in all {months} months of {CLAIMED_YEAR}.",
            DOES_NOT_HOLD: f"ResNet's error was the lowest in {months} months of {CLAIMED_YEAR}.",
        },
        (
            "Top-5 errors of several networks averaged: "
            + ", ".join(f"{name} {error} % ({year}-{month:02})" for name, (year, month, error) in RECORDS.items())
            + ".",
            f"Lowest at the end of the year: {best[-1]}, {RECORDS[best[-1]][2]} %. Both later entries use residual "
            f"connections, so that the idea, if not the network, was.",
            f"The page that S0 sums up, CS231n's, says it of {THEIR_DAY[2]}; the lowest error then was that of "
            f"{_lowest(*THEIR_DAY[:2])}.",
        ),
        "the papers, and the results of the challenge of 2016",
    )


def _lowest(year: int, month: int) -> str:
    """Whose error was the lowest of those known in a month."""
    known = {name: error for name, (*date, error) in RECORDS.items() if tuple(date) <= (year, month)}
    return min(known, key=known.get)


CHAINS = ("lenet5_modern", "alexnet", "zfnet", "vgg16")
BRANCHED = ("googlenet", "resnet50")


def beyond_sequences() -> Verdict:
    """Statement 77: Inception and ResNet are no mere sequences of layers."""
    forks = {name: _forks(outline(name)) for name in (*CHAINS, *BRANCHED)}
    joined, added = (len(of_kinds(outline(name), "Concatenate", "Add")) for name in BRANCHED)
    inception, resnet = (forks[name] for name in BRANCHED)
    plain = sum(forks[name] for name in CHAINS)
    return conclude_parts(
        77,
        (
            Part(
                right_or_wrong([inception > 0, joined > 0, plain == 0]),
                f"In GoogLeNet {inception} outputs go to several layers, and {joined} layers join branches.",
            ),
            Part(
                right_or_wrong([resnet > 0, added > 0, plain == 0]),
                f"In ResNet-50 {resnet} outputs go to several layers, and {added} layers join branches.",
            ),
        ),
        (
            f"Outputs that go to several layers: {', '.join(f'{number} in {name}' for name, number in forks.items())}; "
            f"in the {len(CHAINS)} older networks every layer reads the one before.",
            "AlexNet of 2012 was in 2 halves on two cards, and its third convolution alone read both; here that is one "
            "chain with groups.",
        ),
        f"the graphs of the built {', '.join((*CHAINS, *BRANCHED))}",
    )


def _forks(model: keras.Model) -> int:
    """How many tensors of a model several layers read."""
    readers = Counter(tensor for call in take_apart(model).calls for tensor in call.inputs)
    return sum(number > 1 for number in readers.values())
