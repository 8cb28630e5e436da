"""Statements; their checks are in ``claims/checks/sizes.py``."""

from cnnrepro.claims.statement import Claimed, Statement
from cnnrepro.claims.verdict import HOLDS, HOLDS_IF

STATEMENTS = (
    Statement(
        number=1,
        text="A convolution's output has (W − F + 2P)/S + 1 cells a direction; one note rounds it down.",
        source="S0, Convolutional Layer; S1, Filters and Padding; S2, spatial arrangement",
        method="Both formulas against Keras's Conv2D over many sizes, windows, strides and paddings",
        function="sizes:convolution_size",
        parts=(
            Claimed("It has (W − F + 2P)/S + 1 cells a direction.", HOLDS_IF),
            Claimed("It has that number rounded down.", HOLDS),
        ),
    ),
    Statement(
        number=2,
        text="A pool's output has (W − F)/S + 1 cells a direction; one note rounds it down.",
        source="S0, Pooling Layer; S1, Filters",
        method="The formula against Keras's MaxPooling2D, and against the pools of GoogLeNet, which round up",
        function="sizes:pooling_size",
        parts=(
            Claimed("It has (W − F)/S + 1 cells a direction.", HOLDS_IF),
            Claimed("It has that number rounded down.", HOLDS_IF),
        ),
    ),
    Statement(
        number=4,
        text="AlexNet's first layer, 11x11/4, makes 55x55x96 of 227x227x3, and of 224x224x3 with padding 2.",
        source="S0, Convolutional Layer; S1, Model architecture; S2, parameter sharing",
        method="The formula as an exact fraction, and the first layers of the built networks",
        function="sizes:alexnet_first_layer",
        parts=(
            Claimed("227x227x3 without padding gives 55x55x96.", HOLDS),
            Claimed("224x224x3 with padding 2 gives 55x55x96.", HOLDS_IF),
        ),
    ),
    Statement(
        number=12,
        text="A 100x100x3 image has 30,000 values; 3x3 filters make 98x98 of it, 32 of them 98x98x32; a dense "
        "neuron has 3,072 weights on 32x32x3, 120,000 on 200x200x3.",
        source="S1, introduction and Filters; S3, Architecture Overview",
        method="Output shapes and weights of Keras's Flatten, Conv2D and Dense",
        function="sizes:plain_sizes",
        parts=(
            Claimed("A 100x100x3 image has 30,000 values.", HOLDS),
            Claimed("A 3x3 filter with stride 1 makes 98x98 of 100x100.", HOLDS),
            Claimed("32 such filters make 98x98x32.", HOLDS),
            Claimed("A dense neuron on 32x32x3 has 3,072 weights.", HOLDS),
            Claimed("A dense neuron on 200x200x3 has 120,000 weights.", HOLDS),
        ),
    ),
    Statement(
        number=13,
        text="In Keras, padding “same” with stride 1 keeps the size.",
        source="S1, Padding",
        method="Output sizes of Conv2D over sizes, windows and dilations, and with larger strides",
        verdict=HOLDS,
        function="sizes:same_padding",
    ),
    Statement(
        number=20,
        text="Input sizes should be divisible by 2 many times, as 32, 64, 96, 224, 384 and 512 are.",
        source="S0, Layer Sizing Patterns; S2, layer sizing patterns",
        method="Lines that no window reads, through VGG-16 and AlexNet, at these sizes and at 28 and 227",
        function="sizes:layer_sizing",
        parts=(
            Claimed("32, 64, 96, 224, 384 and 512 are divisible by 2 many times.", HOLDS),
            Claimed("Input sizes should be.", HOLDS_IF),
        ),
    ),
    Statement(
        number=52,
        text="Keras has two options for padding, valid and same.",
        source="S1, Padding",
        method="Keras's convolutions are given these words and others",
        verdict=HOLDS_IF,
        function="sizes:padding_words",
    ),
    Statement(
        number=59,
        text="Without padding the edges are not fully captured by the filter; padding lets it fully cover the image.",
        source="S1, Padding",
        method="Under how many windows each pixel lies, without padding, with “same” and with more",
        function="sizes:border_coverage",
        parts=(
            Claimed("Without padding the edges are not fully captured by the filter.", HOLDS),
            Claimed("Padding to the size of the input lets the filter fully cover the image.", HOLDS_IF),
        ),
    ),
    Statement(
        number=60,
        text="The number of neurons of a layer is (W − F + 2P)/S + 1.",
        source="S2, spatial arrangement",
        method="The formula against the outputs of AlexNet's first layer",
        verdict=HOLDS_IF,
        function="sizes:neurons_formula",
    ),
)
