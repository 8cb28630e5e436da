"""The rows of the networks that are one chain of layers: LeNet, AlexNet, ZFNet, VGG. Plain data."""

from __future__ import annotations

from cnnrepro.models.entry import ModelEntry, Option, Published
from cnnrepro.models.options import IMAGENET, TORCHVISION, dropout, initializer, normalization


def _alexnet_options(**changes: Option) -> dict[str, Option]:
    return {
        "dropout": dropout(0.5),
        "normalization": normalization("lrn"),
        "kernel_initializer": initializer("gaussian_0.01"),
        "initial_bias": Option(1.0, "first bias of convolutions 2, 4, 5 and the hidden dense layers", -10.0, 10.0),
    } | changes


def _lenets() -> tuple[ModelEntry, ...]:
    paper = "LeCun, Bottou, Bengio and Haffner 1998"
    return (
        ModelEntry(
            name="lenet5",
            builder="cnnrepro.models.lenet:lenet5",
            title="LeNet-5 (1998)",
            paper=f"{paper}, section II-B",
            input_shape=(32, 32, 1),
            classes=10,
            parameters=60_000,
            smallest=1,
            options={
                "dropout": dropout(0.0),
                "normalization": normalization("none"),
                "kernel_initializer": initializer("lecun_1998"),
            },
            published=Published(f"{paper}, section II-B", parameters=60_000, rounded=False),
        ),
        ModelEntry(
            name="lenet5_modern",
            builder="cnnrepro.models.lenet:lenet5_modern",
            title="LeNet-5 (modern)",
            paper=f"{paper}, as most write it today",
            input_shape=(28, 28, 1),
            classes=10,
            parameters=61_706,
            smallest=1,
            options={
                "dropout": dropout(0.0),
                "normalization": normalization("none"),
                "kernel_initializer": initializer("glorot_uniform"),
                "activation": Option("relu", "of all hidden layers", choices=("relu", "tanh", "sigmoid")),
                "pooling": Option("max", "kind of the two 2x2 pools", choices=("max", "average", "l2")),
                "width": Option(1, "factor on the published filter counts, 6 and 16", 1, 65),
                "padded": Option(True, "pad images below 32x32 with zeros"),
            },
        ),
    )


def _alexnets() -> tuple[ModelEntry, ...]:
    paper = "Krizhevsky, Sutskever and Hinton 2012"
    return (
        ModelEntry(
            name="alexnet",
            builder="cnnrepro.models.alexnet:alexnet",
            title="AlexNet",
            paper=f"{paper}: two groups, 227x227",
            input_shape=(227, 227, 3),
            classes=1000,
            parameters=60_965_224,
            smallest=67,
            options=_alexnet_options(),
            published=Published(f"{paper}, section 1: 60 million parameters", parameters=60_000_000, rounded=True),
        ),
        ModelEntry(
            name="alexnet_one_tower",
            builder="cnnrepro.models.alexnet:alexnet_one_tower",
            title="AlexNet (one tower)",
            paper=f"{paper}, as the lecture notes list it: one tower, 224x224 with padding 2",
            input_shape=IMAGENET,
            classes=1000,
            parameters=62_378_344,
            smallest=63,
            options=_alexnet_options(normalization=normalization("none")),
        ),
        ModelEntry(
            name="alexnet_torchvision",
            builder="cnnrepro.models.alexnet:alexnet_torchvision",
            title="AlexNet (torchvision)",
            paper="Krizhevsky 2014, “One weird trick”, as torchvision has it",
            input_shape=IMAGENET,
            classes=1000,
            parameters=61_100_840,
            smallest=63,
            options={
                "dropout": dropout(0.5),
                "normalization": normalization("none"),
                "kernel_initializer": initializer("he_uniform"),
            },
            published=Published(TORCHVISION, 61_100_840, 714_188_480, top1_error=43.48),
        ),
        ModelEntry(
            name="alexnet_small",
            builder="cnnrepro.models.alexnet:alexnet_small",
            title="AlexNet (small)",
            paper=f"{paper}, for small images",
            input_shape=(28, 28, 1),
            classes=10,
            parameters=5_824_202,
            smallest=15,
            options={
                "dropout": Option(0.5, "share of hidden dense units dropped in training", 0.0, 1.0),
                "dense_units": Option(1024, "units of each hidden dense layer", 1, 100_000),
                "kernel_initializer": initializer("glorot_uniform"),
                "normalization": normalization("none", added=True),
                "initial_bias": Option(
                    0.0, "first bias of convolutions 2, 4, 5 and the hidden dense layers", -10.0, 10.0, added=True
                ),
            },
        ),
    )


def _zfnets() -> tuple[ModelEntry, ...]:
    def one(name: str, start: str, **row: object) -> ModelEntry:
        options = _alexnet_options(kernel_initializer=initializer(start))
        del options["initial_bias"]
        return ModelEntry(name=name, builder=f"cnnrepro.models.zfnet:{name}", options=options, **row)

    paper = "Zeiler and Fergus 2013"
    return (
        one(
            "zfnet",
            "gaussian_0.01",
            title="ZFNet",
            paper=f"{paper}, figure 3",
            input_shape=IMAGENET,
            classes=1000,
            parameters=62_357_608,
            smallest=63,
        ),
        one(
            "zfnet_small",
            "glorot_uniform",  # from N(0, 0.01) a small network hardly starts
            title="ZFNet (small)",
            paper=f"{paper}, for small images",
            input_shape=(28, 28, 1),
            classes=10,
            parameters=5_822_666,
            smallest=15,
        ),
    )


def _vggs() -> tuple[ModelEntry, ...]:
    paper = "Simonyan and Zisserman 2015, table 1"
    rows = []
    for depth, letter, parameters, small, multiply_adds, error in (
        (11, "A", 132_863_336, 9_750_922, 7_609_090_048, 30.98),
        (13, "B", 133_047_848, 9_935_434, 11_308_466_176, 30.07),
        (16, "D", 138_357_544, 15_245_130, 15_470_264_320, 28.41),
        (19, "E", 143_667_240, 20_554_826, 19_632_062_464, 27.62),
    ):
        options = {
            "dropout": dropout(0.5),
            "normalization": normalization("none"),
            "kernel_initializer": initializer("glorot_uniform"),
        }
        rows += [
            ModelEntry(
                name=f"vgg{depth}",
                builder="cnnrepro.models.vgg:vgg",
                title=f"VGG-{depth}",
                paper=f"{paper}, column {letter}",
                input_shape=IMAGENET,
                classes=1000,
                parameters=parameters,
                smallest=32,
                options=options,
                arguments={"depth": depth},
                published=Published(TORCHVISION, parameters, multiply_adds, top1_error=error),
            ),
            ModelEntry(
                name=f"vgg{depth}_small",
                builder="cnnrepro.models.vgg:vgg_small",
                title=f"VGG-{depth} (small)",
                paper=f"{paper}, column {letter}, for small images",
                input_shape=(32, 32, 3),
                classes=10,
                parameters=small,
                smallest=1,
                options=options,
                arguments={"depth": depth},
            ),
        ]
    return tuple(rows)


PLAIN_ROWS = (*_lenets(), *_alexnets(), *_zfnets(), *_vggs())
