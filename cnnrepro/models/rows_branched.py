"""The rows of the networks with branches: GoogLeNet, and the residual networks with their plain twins. Plain data."""

from __future__ import annotations

from cnnrepro.models.entry import ModelEntry, Option, Published
from cnnrepro.models.options import IMAGENET, TORCHVISION, dropout, initializer, normalization

HE = "He, Zhang, Ren and Sun 2016"
HE_TABLE_1 = f"{HE}, table 1"
HE_AND_TORCHVISION = f"{HE}, table 1; the error is torchvision's, with the stride in the 3x3"


def _googlenets() -> tuple[ModelEntry, ...]:
    paper = "Szegedy, Liu, Jia and others 2015"
    options = {
        "dropout": dropout(0.4),
        "kernel_initializer": initializer("glorot_uniform"),
        "auxiliary_heads": Option(True, "two more classifiers that train the trunk, with weight 0.3"),
    }
    return (
        ModelEntry(
            name="googlenet",
            builder="cnnrepro.models.googlenet:googlenet",
            title="GoogLeNet",
            paper=f"{paper}, table 1",
            input_shape=IMAGENET,
            classes=1000,
            parameters=13_378_280,  # 6,998,552 on the way to the answer, 3,188,840 and 3,190,888 in the heads
            smallest=32,
            options={"normalization": normalization("lrn"), **options},
            published=Published(
                f"{paper}, table 1: 1500 M on the way to the answer", multiply_adds=1_500_000_000, rounded=True
            ),
        ),
        ModelEntry(
            name="googlenet_small",
            builder="cnnrepro.models.googlenet:googlenet_small",
            title="GoogLeNet (small)",
            paper=f"{paper}, for small images",
            input_shape=(32, 32, 3),
            classes=10,
            parameters=7_180_622,  # 5,976,122 on the way to the answer, 601,226 and 603,274 in the heads
            smallest=8,
            options={"normalization": normalization("none"), **options},
        ),
    )


def _batchnorm_options() -> dict[str, Option]:
    return {
        "batchnorm_momentum": Option(0.9, "weight of the old value in the moving averages", 0.0, 1.0),
        "batchnorm_epsilon": Option(1e-5, "added to the variance", 0.0, 1.0),
        "kernel_initializer": initializer("he_normal"),
    }


def _residual_options(depth: int, *, shortcuts: bool) -> dict[str, Option]:
    options = {
        **_batchnorm_options(),
        "dropout": dropout(0.0),
        "normalization": Option("batch", "after each convolution", choices=("none", "batch")),
    }
    if shortcuts:
        options["shortcut"] = Option(
            "B", "A: zeros for new channels; B: projections where sizes change; C: everywhere", choices=("A", "B", "C")
        )
        bottlenecks = depth >= 50  # basic blocks, two 3x3 convolutions, have no 1x1 to put the stride in
        options["stride_in"] = Option(
            "1x1" if bottlenecks else "3x3",
            "the convolution of a block that takes the stride; the paper's is the first 1x1, torchvision's the 3x3",
            choices=("1x1", "3x3") if bottlenecks else ("3x3",),
        )
    return options


def _imagenet_residuals() -> tuple[ModelEntry, ...]:
    rows = []
    for depth, shortcuts, parameters, small, published in (
        (18, True, 11_689_512, 11_173_962, Published(TORCHVISION, 11_689_512, 1_814_073_344, top1_error=30.24)),
        (34, True, 21_797_672, 21_282_122, Published(TORCHVISION, 21_797_672, 3_663_761_408, top1_error=26.69)),
        (
            50,
            True,
            25_557_032,
            23_520_842,
            Published(HE_AND_TORCHVISION, None, 3_800_000_000, rounded=True, top1_error=23.87),
        ),
        (
            101,
            True,
            44_549_160,
            42_512_970,
            Published(HE_AND_TORCHVISION, None, 7_600_000_000, rounded=True, top1_error=22.63),
        ),
        (
            152,
            True,
            60_192_808,
            58_156_618,
            Published(HE_AND_TORCHVISION, None, 11_300_000_000, rounded=True, top1_error=21.69),
        ),
        (18, False, 11_515_688, 11_000_138, Published(HE_TABLE_1, None, 1_800_000_000, rounded=True)),
        (34, False, 21_623_848, 21_108_298, Published(HE_TABLE_1, None, 3_600_000_000, rounded=True)),
    ):
        family = "resnet" if shortcuts else "plain"
        title = f"ResNet-{depth}" if shortcuts else f"Plain-{depth}"
        common = {
            "builder": "cnnrepro.models.resnet_imagenet:resnet",
            "options": _residual_options(depth, shortcuts=shortcuts),
        }
        arguments = {"depth": depth, "shortcuts": shortcuts}
        rows += [
            ModelEntry(
                name=f"{family}{depth}",
                title=title,
                paper=HE_TABLE_1,
                input_shape=IMAGENET,
                classes=1000,
                parameters=parameters,
                smallest=32,
                arguments=arguments | {"small": False},
                published=published,
                **common,
            ),
            ModelEntry(
                name=f"{family}{depth}_small",
                title=f"{title} (small)",
                paper=f"{HE_TABLE_1}, for small images",
                input_shape=(32, 32, 3),
                classes=10,
                parameters=small,
                smallest=8,
                arguments=arguments | {"small": True},
                **common,
            ),
        ]
    return tuple(rows)


def _cifar_residuals() -> tuple[ModelEntry, ...]:
    options = {
        **_batchnorm_options(),
        "shortcut": Option(
            "A",
            "A: zeros for new channels; B: projections; none: plain",
            choices=("A", "B", "none"),
            added=True,
        ),
        "dropout": dropout(0.0, added=True),
        "normalization": Option("batch", "after each convolution", choices=("none", "batch"), added=True),
    }
    return tuple(
        ModelEntry(
            name=f"resnet{depth}",
            builder="cnnrepro.models.resnet:resnet",
            title=f"ResNet-{depth}",
            paper=f"{HE}, section 4.2",
            input_shape=(32, 32, 3),
            classes=10,
            parameters=parameters,
            smallest=4,
            options=options,
            arguments={"depth": depth},
            published=Published(f"{HE}, table 6", parameters=rounded, rounded=True),
        )
        for depth, parameters, rounded in (
            (20, 269_722, 270_000),
            (32, 464_154, 460_000),
            (44, 658_586, 660_000),
            (56, 853_018, 850_000),
            (110, 1_727_962, 1_700_000),
        )
    )


BRANCHED_ROWS = (*_googlenets(), *_imagenet_residuals(), *_cifar_residuals())
