"""Checks of the published networks: shapes, parameters, filters and heads, read off the built models."""

from __future__ import annotations

import numpy as np

from cnnrepro import anatomy, models
from cnnrepro.anatomy import SoftmaxCrossEntropy
from cnnrepro.anatomy.geometry import geometry
from cnnrepro.anatomy.layer_costs import kind
from cnnrepro.claims.check_helpers.networks import STEPS, digits, drawn, of_kinds, step_losses, traced, windowed
from cnnrepro.claims.check_helpers.wording import spelled
from cnnrepro.claims.verdict import DOES_NOT_HOLD, HOLDS, Verdict, conclude, right_or_wrong, word_of
from cnnrepro.models import outline

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
DROPOUT = (0.5, 0.5)


def alexnet_listing() -> Verdict:
    """Statement 5: the listing of S1, row by row."""
    model = outline("alexnet_one_tower")
    windows = {call.name: (call.window, call.stride) for call in windowed(model)}
    kinds = {row[0] for row in LISTING}
    built = [
        (kind(call.operation), *windows.get(call.name, (None, None)), tuple(call.output_shapes[0][1:]))
        for call in of_kinds(model, *kinds)
    ]
    right = [listed == real for listed, real in zip(LISTING, built, strict=False)]
    rates = tuple(call.operation.rate for call in of_kinds(model, "Dropout"))
    totals, published = anatomy.trace(model).totals, traced("alexnet").totals
    normalised = len(of_kinds(outline("alexnet"), "LocalResponseNormalization"))
    padding = geometry(224, 11, 4, 2)
    return conclude(
        5,
        right_or_wrong([*right, len(built) == len(LISTING), rates == DROPOUT]),
        {
            HOLDS: f"All {sum(right)} rows of the listing, to {LISTING[9][3][0]:,} and {LISTING[-1][3][0]:,}, are "
            f"those of the built network; but it leaves out the {normalised} response normalisations, and without the "
            f"two groups has {totals.parameters / 1e6:.1f} million parameters.",
            DOES_NOT_HOLD: f"{sum(right)} of {len(LISTING)} rows are those of the built network.",
        },
        (
            f"{sum(right)} of {len(LISTING)} rows agree in kind, window, stride and output; dropout is "
            f"{spelled(rates)} behind the two hidden dense layers.",
            f"The listing as a network has {totals.parameters:,} parameters and {totals.multiply_adds:,} "
            f"multiply-adds, the published one {published.parameters:,} and {published.multiply_adds:,}.",
            f"224 with padding 2 does not divide: {padding.cells_lost} line of the padding is read by no filter.",
            f"The paper has local response normalisation behind {normalised} convolutions, and groups in 3; the "
            f"listing has 0 of both.",
        ),
        "cnnrepro's alexnet_one_tower, built at 224x224x3",
    )


# Statement 6: neurons, weights of each and their number as S2 has them; shared weights and biases.
NEURONS, WEIGHTS, UNSHARED, SHARED_WEIGHTS, BIASES = 290_400, 363, 105_705_600, 34_848, 96


def unshared_parameters() -> Verdict:
    """Statement 6: the parameters of AlexNet's first layer with weights of their own for every neuron, and shared."""
    layer = of_kinds(outline("alexnet"), "Conv2D")[0]
    shape, (kernel, bias) = layer.output_shapes[0][1:], layer.operation.trainable_weights
    neurons, weights = int(np.prod(shape)), int(np.prod(kernel.shape[:3]))
    shared = int(np.prod(kernel.shape))
    sizes = (neurons, weights, shared, bias.shape[0]) == (NEURONS, WEIGHTS, SHARED_WEIGHTS, BIASES)
    as_written, with_bias = neurons * weights, neurons * (weights + 1)
    return conclude(
        6,
        right_or_wrong([sizes, as_written == UNSHARED]),
        {
            DOES_NOT_HOLD: f"{neurons:,}·{weights} is {as_written:,}; the notes' {UNSHARED:,} is "
            + (f"{neurons:,}·{weights + 1}, with the bias. " if with_bias == UNSHARED else "another product. ")
            + f"Sharing leaves {shared:,} weights and {bias.shape[0]} biases, as they say.",
            HOLDS: f"{neurons:,}·{weights} is {as_written:,}.",
        },
        (
            f"The layer has {' · '.join(map(str, shape))} = {neurons:,} neurons of {weights} weights (the notes: "
            f"{NEURONS:,} and {WEIGHTS}).",
            f"{neurons:,}·{weights} = {as_written:,}, and {neurons:,}·{weights + 1} = {with_bias:,}; the notes equate "
            f"the first product with {UNSHARED:,}.",
            f"Shared: {shared:,} weights and {bias.shape[0]} biases (the notes: {SHARED_WEIGHTS:,} and {BIASES}), "
            f"{with_bias / (shared + bias.shape[0]):,.0f} times fewer, one set for {shape[0]}x{shape[1]} positions.",
        ),
        "the first layer of cnnrepro's alexnet, built at 227x227x3",
    )


# Statement 17: model, its name in prose, claimed parameters.
PARAMETERS = (("alexnet", "AlexNet", 60e6), ("googlenet", "Inception v1", 4e6), ("vgg16", "VGG-16", 140e6))
ROUNDING = 0.05  # "60M" and "140M" have one or two digits
VGG_LAYERS = 16


def published_parameters() -> Verdict:
    """Statement 17: the parameters that S0 gives, the layers of VGG, and the heads of GoogLeNet and ResNet."""
    built = {name: outline(name) for name in ("alexnet", "googlenet", "vgg16", "resnet50")}
    answers = {  # GoogLeNet's auxiliary heads are gone when it answers
        name: [row for row in anatomy.trace(model) if row.at_inference] for name, model in built.items()
    }
    counts = {name: sum(row.parameters for row in rows) for name, rows in answers.items()}
    right = {title: abs(counts[name] / claimed - 1) <= ROUNDING for name, title, claimed in PARAMETERS}
    weighted = len(of_kinds(built["vgg16"], "Conv2D", "Dense"))
    heads = {name: sum(row.kind == "Dense" for row in rows) for name, rows in answers.items()}
    averages = [len(of_kinds(built[name], "GlobalAveragePooling2D")) for name in ("googlenet", "resnet50")]
    last = next(row for row in answers["googlenet"] if row.name == "logits")
    no_stack = heads["googlenet"] == heads["resnet50"] == 1 and averages == [1, 1]
    millions = {title: f"{claimed / 1e6:.0f} million" for _, title, claimed in PARAMETERS}
    named = {title: f"{counts[name]:,}" for name, title, _ in PARAMETERS}
    wrong = "; ".join(f"{name} has {count}, not {millions[name]}" for name, count in named.items() if not right[name])
    kept = ", ".join(f"{title} with {count}" for title, count in named.items() if right[title])
    return conclude(
        17,
        right_or_wrong([*right.values(), weighted == VGG_LAYERS, no_stack]),
        {
            DOES_NOT_HOLD: f"{wrong or 'The counts are right'}. Right within {ROUNDING:.0%}: {kept or 'none'}; VGG-16 "
            f"has {weighted} layers; "
            + ("GoogLeNet and ResNet-50 end with an average and one dense layer." if no_stack else f"heads: {heads}."),
            HOLDS: f"All {len(right)} parameter counts are right within {ROUNDING:.0%}.",
        },
        (
            "Parameters at inference: "
            + ", ".join(f"{title} {count} (the notes: {millions[title]})" for title, count in named.items())
            + ".",
            f"GoogLeNet without its last dense layer still has "
            f"{counts['googlenet'] - last.parameters:,}; AlexNet has "
            f"{counts['alexnet'] / counts['googlenet']:.1f} times as many as the whole of it.",
            f"VGG-16 has {weighted} convolutions and dense layers (the notes: {VGG_LAYERS}).",
            "Dense layers on the way to the answer: "
            + ", ".join(f"{count} in {name}" for name, count in heads.items())
            + "; both averaging networks keep one, for the 1,000 classes.",
        ),
        "cnnrepro's alexnet, googlenet, vgg16 and resnet50, built for 1,000 classes",
    )


# Statement 19: window, stride and padding of VGG's layers; the first layers of AlexNet (and what ZFNet changed).
VGG_CONVOLUTION, VGG_POOL, ALEXNET_FIRST = (3, 1, "same"), (2, 2, "valid"), (11, 4)


def vgg_and_zfnet() -> Verdict:
    """Statement 19: VGG's filters and pools; the filter and stride that ZFNet changed."""
    seen: dict[str, list[tuple]] = {"Conv2D": [], "MaxPooling2D": []}
    names = ("vgg11", "vgg13", "vgg16", "vgg19")
    for name in names:
        for call in windowed(outline(name)):
            seen[call.kind].append((call.window, call.stride, call.padding))
    same = (set(seen["Conv2D"]), set(seen["MaxPooling2D"])) == ({VGG_CONVOLUTION}, {VGG_POOL})
    first, second = (
        [(call.window, call.stride) for call in windowed(outline(name)) if call.kind.endswith("Conv2D")]
        for name in ("alexnet", "zfnet")
    )
    changed = [number for number, (a, b) in enumerate(zip(first, second, strict=True), start=1) if a != b]
    smaller = second[0][0] < first[0][0] and second[0][1] < first[0][1]
    return conclude(
        19,
        right_or_wrong([same, first[0] == ALEXNET_FIRST, bool(changed), smaller]),
        {
            HOLDS: f"All {len(seen['Conv2D'])} convolutions of four VGGs are 3x3 with stride 1 and padding 1, their "
            f"{len(seen['MaxPooling2D'])} pools 2x2 with stride 2; ZFNet's first layer is {_spell(second[0])} where "
            f"AlexNet's is {_spell(first[0])}.",
        },
        (
            f"{' '.join(names)}: {len(seen['Conv2D'])} convolutions of {len(set(seen['Conv2D']))} kind and "
            f"{len(seen['MaxPooling2D'])} pools of {len(set(seen['MaxPooling2D']))}.",
            f"AlexNet's convolutions: {', '.join(map(_spell, first))}.",
            f"ZFNet's: {', '.join(map(_spell, second))}; changed are number {spelled(changed)}, the second in its "
            f"stride from {first[1][1]} to {second[1][1]}.",
        ),
        "the built vgg11 to vgg19, alexnet and zfnet",
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
    first = [months <= 0 for months in before.values()]
    model = outline("resnet50")
    normalised, joined = len(of_kinds(model, "BatchNormalization")), len(of_kinds(model, "Add"))
    convolutions = len(of_kinds(model, "Conv2D"))
    return conclude(
        58,
        word_of(first),
        {
            DOES_NOT_HOLD: f"ResNet uses both, in {joined} shortcuts and {normalised} batch normalisations of "
            f"ResNet-50, but batch normalisation was published {before['batch normalisation']} months before it and "
            f"gated skip connections {before['highway networks']}; new are shortcuts that are the identity.",
            HOLDS: "Neither was published before ResNet.",
        },
        (
            "arXiv: "
            + ", ".join(f"{name} {number}" for name, number in ARXIV.items())
            + " (year and month come first).",
            f"The built ResNet-50 has {joined} additions of a shortcut, and a batch normalisation behind each of its "
            f"{convolutions} convolutions ({normalised}).",
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
    right = [after < before for before, after in falls]
    return conclude(
        18,
        right_or_wrong(right),
        {
            HOLDS: f"The general pattern (N = 2, M = 2, K = 1) and the {len(right) - 1} examples build, and each "
            f"trains: after {STEPS - 1} steps of Adam on {len(images)} digits the loss has fallen in all {sum(right)}.",
            DOES_NOT_HOLD: f"The loss fell in {sum(right)} of {len(right)} networks.",
        },
        [
            f"{pattern}: {layers} layer{'s' * (layers > 1)} with weights; loss from {before:.2f} to {after:.2f}."
            for (pattern, _), layers, (before, after) in zip(PATTERNS, weighted, falls, strict=True)
        ],
        f"{len(PATTERNS)} patterns built for 28x28x1, a batch of {len(images)} embedded digits",
    )
