"""Statements; their checks are in ``claims/checks/architectures.py``."""

from cnnrepro.claims.statement import Claimed, Statement
from cnnrepro.claims.verdict import DOES_NOT_HOLD, HOLDS, HOLDS_IF

STATEMENTS = (
    Statement(
        number=5,
        text="AlexNet goes from 224x224x3 over 55, 27, 13 and 6 cells to 9,216 values and 1,000 classes, by a list of "
        "layers with ReLU and dropout.",
        source="S1, Model architecture",
        method="The listing row by row against the network built from it (kind, window, stride, output), and against "
        "the network built after the paper",
        function="architectures:alexnet_listing",
        parts=(
            Claimed(
                "From 55x55x96 (statement 4) convolutions and pools go to 27x27x96, 27x27x256, 13x13x256, 13x13x384 "
                "twice, 13x13x256 and 6x6x256.",
                HOLDS,
            ),
            Claimed("Flattened these are 9,216 values, for dense layers of 4,096, 4,096 and 1,000.", HOLDS),
            Claimed("ReLU is behind every layer but the last, and 50 % dropout on both hidden dense layers.", HOLDS),
            Claimed("These layers are AlexNet's architecture.", HOLDS_IF),
        ),
    ),
    Statement(
        number=6,
        text="AlexNet's first layer: 290400·363 = 105,705,600 parameters unshared; 34,848 + 96 if shared.",
        source="S2, parameter sharing",
        method="Both products from the shapes of the built layer",
        function="architectures:unshared_parameters",
        parts=(
            Claimed("The layer has 290,400 neurons of 363 weights and a bias.", HOLDS),
            Claimed("Together that is 290400·363 = 105,705,600 parameters.", DOES_NOT_HOLD),
            Claimed("With shared weights there are 34,848 weights and 96 biases.", HOLDS),
        ),
    ),
    Statement(
        number=17,
        text="AlexNet has 60 million parameters, Inception v1 4 million, VGG 140 million in 16 layers; GoogLeNet has "
        "an average pool instead of dense layers at the top, and ResNet omits dense layers at the end.",
        source="S0, Modern Architectures",
        method="Parameters, layers and dense layers of the built networks",
        function="architectures:published_parameters",
        parts=(
            Claimed("AlexNet has 60 million parameters.", HOLDS),
            Claimed("Inception v1 has 4 million parameters.", DOES_NOT_HOLD),
            Claimed("VGG has 140 million parameters.", HOLDS),
            Claimed("VGG has 16 layers.", HOLDS),
            Claimed("GoogLeNet uses average pooling instead of dense layers at the top.", DOES_NOT_HOLD),
            Claimed("ResNet omits dense layers at the end.", DOES_NOT_HOLD),
        ),
    ),
    Statement(
        number=18,
        text="Networks follow INPUT → [[CONV → RELU]*N → POOL?]*M → [FC → RELU]*K → FC, as four examples show.",
        source="S0, Typical CNN Architecture Patterns",
        method="Each pattern is built and trained for a few steps on a batch of digits; the loss must fall",
        function="architectures:patterns",
        parts=(
            Claimed("The general pattern is a network.", HOLDS),
            Claimed("INPUT → FC is one, a linear classifier.", HOLDS),
            Claimed("INPUT → CONV → RELU → FC is one.", HOLDS),
            Claimed("INPUT → [CONV → RELU → POOL]*2 → FC → RELU → FC is one.", HOLDS),
            Claimed("INPUT → [CONV → RELU → CONV → RELU → POOL]*3 → [FC → RELU]*2 → FC is one.", HOLDS),
        ),
    ),
    Statement(
        number=19,
        text="VGG has only 3x3 convolutions (stride 1, pad 1) and 2x2 pools; AlexNet has 11x11 filters with stride 4; "
        "ZFNet is an improved AlexNet with other filters and strides.",
        source="S0, Modern Architectures",
        method="Windows, strides and paddings of the built networks; errors of the papers",
        function="architectures:vgg_and_zfnet",
        parts=(
            Claimed("VGG's convolutions are all 3x3 with stride 1 and padding 1.", HOLDS),
            Claimed("VGG's pools are all 2x2 with stride 2.", HOLDS),
            Claimed("AlexNet has 11x11 filters with stride 4.", HOLDS_IF),
            Claimed("ZFNet has other filters and strides than AlexNet.", HOLDS),
            Claimed("ZFNet is better than AlexNet.", HOLDS),
        ),
    ),
    Statement(
        number=58,
        text="ResNet introduced skip connections and batch normalisation.",
        source="S0, Modern Architectures",
        method="Dates of the papers by their arXiv numbers; both counted in the built ResNet-50",
        function="architectures:what_resnet_introduced",
        parts=(
            Claimed("ResNet introduced skip connections.", DOES_NOT_HOLD),
            Claimed("ResNet introduced batch normalisation.", DOES_NOT_HOLD),
        ),
    ),
    Statement(
        number=72,
        text="AlexNet was the winning entry of the ImageNet challenge of 2012.",
        source="S1, AlexNet",
        method="How many networks the entry averaged; published errors of it, of one network and of the second entry",
        verdict=HOLDS_IF,
        function="architectures:winning_entry",
    ),
    Statement(
        number=74,
        text="ResNet was the state of the art as of 2016.",
        source="S0, Modern Architectures",
        method="The lowest published error on ImageNet's test images, month by month",
        verdict=HOLDS_IF,
        function="architectures:state_of_the_art",
    ),
    Statement(
        number=77,
        text="Inception and ResNet leave the strictly sequential order of layers.",
        source="S0, Other Notes",
        method="Outputs that several layers read, and layers that join branches, in the graphs of built networks",
        function="architectures:beyond_sequences",
        parts=(
            Claimed("Inception leaves it.", HOLDS),
            Claimed("ResNet leaves it.", HOLDS),
        ),
    ),
)
