"""Statements; their checks are in ``claims/checks/architectures.py``."""

from cnnrepro.claims.statement import Statement
from cnnrepro.claims.verdict import DOES_NOT_HOLD, HOLDS

STATEMENTS = (
    Statement(
        number=5,
        text="AlexNet goes from 224x224x3 over 55, 27, 13 and 6 cells to 9,216 values and 1,000 classes.",
        source="S1, Model architecture",
        method="The listing row by row against the built network: kind, window, stride, output",
        verdict=HOLDS,
        function="architectures:alexnet_listing",
    ),
    Statement(
        number=6,
        text="AlexNet's first layer: 290400·363 = 105,705,600 parameters unshared; 34,848 + 96 if shared.",
        source="S2, parameter sharing",
        method="Both products from the shapes of the built layer",
        verdict=DOES_NOT_HOLD,
        function="architectures:unshared_parameters",
    ),
    Statement(
        number=17,
        text="AlexNet has 60 million parameters, Inception v1 4 million, VGG 140 million in 16 layers; "
        "GoogLeNet and ResNet end without a stack of dense layers.",
        source="S0, Modern Architectures",
        method="Parameters, layers and dense layers of the built networks",
        verdict=DOES_NOT_HOLD,
        function="architectures:published_parameters",
    ),
    Statement(
        number=18,
        text="Networks follow INPUT → [[CONV → RELU]*N → POOL?]*M → [FC → RELU]*K → FC, as four examples show.",
        source="S0, Typical CNN Architecture Patterns",
        method="Each pattern is built and trained for a few steps on a batch of digits; the loss must fall",
        verdict=HOLDS,
        function="architectures:patterns",
    ),
    Statement(
        number=19,
        text="VGG has only 3x3 convolutions (stride 1, pad 1) and 2x2 pools; ZFNet changed AlexNet's 11x11/4.",
        source="S0, Modern Architectures",
        method="Windows, strides and paddings of the built networks",
        verdict=HOLDS,
        function="architectures:vgg_and_zfnet",
    ),
    Statement(
        number=58,
        text="ResNet introduced skip connections and batch normalisation.",
        source="S0, Modern Architectures",
        method="Dates of the papers by their arXiv numbers; both counted in the built ResNet-50",
        verdict=DOES_NOT_HOLD,
        function="architectures:what_resnet_introduced",
    ),
)
