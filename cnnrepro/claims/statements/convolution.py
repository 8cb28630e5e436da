"""Statements; their checks are in ``claims/checks/convolution.py``."""

from cnnrepro.claims.statement import Claimed, Statement
from cnnrepro.claims.verdict import DOES_NOT_HOLD, HOLDS, HOLDS_IF

STATEMENTS = (
    Statement(
        number=3,
        text="A 3x3 neuron on 16x16x20 has 180 connections; a 5x5 one on 32x32x3 has 75 weights and a bias.",
        source="S0, Convolutional Layer; S2, local connectivity",
        method="Weights of Keras's Conv2D, and inputs that have an influence by automatic differentiation",
        function="convolution:connections",
        parts=(
            Claimed("A 3x3 neuron on 16x16x20 has 180 connections.", HOLDS),
            Claimed("A 5x5 neuron on 32x32x3 has 75 weights and a bias.", HOLDS),
        ),
    ),
    Statement(
        number=7,
        text="As one matrix product AlexNet's first layer is W_row of 96x3015 times X_col of 363x3025, reshaped "
        "to 55x55x96; X_col takes much memory.",
        source="S2, implementation as matrix multiplication",
        method="im2col, the filters as rows, their product against Keras's Conv2D, and the bytes of both",
        function="convolution:matrix_product",
        parts=(
            Claimed("X_col, the stretched blocks, is 363x3025.", HOLDS),
            Claimed("W_row, the stretched filters, is 96x3015.", DOES_NOT_HOLD),
            Claimed("Their product, reshaped to 55x55x96, is the convolution.", HOLDS),
            Claimed("X_col can take a lot of memory, as it holds values of the input several times.", HOLDS),
        ),
    ),
    Statement(
        number=8,
        text="The backward pass of a convolution is a convolution too.",
        source="S2, backpropagation",
        method="The output's gradient under flipped filters against automatic differentiation and im2col",
        verdict=HOLDS,
        function="convolution:backward_pass",
    ),
    Statement(
        number=14,
        text="A 1x1 convolution on 32x32x3 is a 3-dimensional dot product at each pixel, which mixes channels.",
        source="S0, Advanced Conv Layer Concepts; S2, 1x1 convolution",
        method="Keras's layer against a matrix product a pixel, and with the pixels shuffled",
        verdict=HOLDS,
        function="convolution:one_by_one",
    ),
    Statement(
        number=48,
        text="The operation of a convolutional layer is a convolution.",
        source="S0, Convolutional Layer; S1, Convolutions; S2, parameter sharing",
        method="Keras's convolution against SciPy's convolution and cross-correlation of the same filter",
        verdict=HOLDS_IF,
        function="convolution:cross_correlation",
    ),
    Statement(
        number=49,
        text="Every filter extends through the full depth of its input.",
        source="S0, Convolutional Layer; S1, Filters; S2, Conv layer",
        method="Depth of the filters against the channels they are put on, over one network of each builder",
        verdict=HOLDS_IF,
        function="convolution:full_depth",
    ),
    Statement(
        number=54,
        text="In training the gradients of the neurons of a depth slice are added up for the one set of weights "
        "they share.",
        source="S2, parameter sharing",
        method="Gradients of each neuron by itself, added up, against automatic differentiation of the layer",
        verdict=HOLDS,
        function="convolution:shared_gradients",
    ),
    Statement(
        number=63,
        text="1x1 convolutions reduce the dimension.",
        source="S0, Advanced Conv Layer Concepts",
        method="Channels before and after each reduction of GoogLeNet, and the multiply-adds with and without them",
        verdict=HOLDS,
        function="convolution:reduction",
    ),
    Statement(
        number=65,
        text="Each of the neurons of AlexNet's first volume is connected to the same 11x11x3 region of the input, but "
        "with different weights.",
        source="S2, parameter sharing",
        method="The regions that the neurons of the layer read, counted; and their sets of weights",
        function="convolution:connected_regions",
        parts=(
            Claimed("All of its neurons are connected to the same region.", DOES_NOT_HOLD),
            Claimed("They have different weights.", HOLDS_IF),
        ),
    ),
    Statement(
        number=68,
        text="All neurons of a depth slice use the same weights, so that the layer slides one filter over its input: "
        "what is elsewhere in the picture is found elsewhere in the map.",
        source="S0, Convolutional Layer; S2, parameter sharing",
        method="Maps of a scene and of the scene some columns further on, over strides, paddings and shifts",
        verdict=HOLDS_IF,
        function="convolution:shifted_maps",
    ),
    Statement(
        number=69,
        text="The one large matrix multiply can be very efficient.",
        source="S2, implementation as matrix multiplication",
        method="Timed side by side: one product, a product a block, making X_col, and Keras's layer",
        verdict=HOLDS,
        function="convolution:fast_product",
    ),
    Statement(
        number=70,
        text="To assume that inputs are images makes the forward function more efficient and vastly reduces the "
        "parameters.",
        source="S0, Key Characteristics; S3, introduction",
        method="Multiply-adds and parameters of AlexNet's first layer and of a dense layer with the same output",
        function="convolution:assumption_of_images",
        parts=(
            Claimed("The forward function is more efficient.", HOLDS),
            Claimed("There are vastly fewer parameters.", HOLDS),
        ),
    ),
)
