"""Statements; their checks are in ``claims/checks/pooling.py``."""

from cnnrepro.claims.statement import Claimed, Statement
from cnnrepro.claims.verdict import DOES_NOT_HOLD, HOLDS, HOLDS_IF

STATEMENTS = (
    Statement(
        number=9,
        text="A max pool routes its gradient to the largest input of each window alone; indices kept in the forward "
        "pass (switches) make that efficient.",
        source="S2, back propagation",
        method="Automatic differentiation of MaxPooling2D against the places of the maxima, and against routing by "
        "switches, overlaps and ties included",
        function="pooling:switches",
        parts=(
            Claimed("The gradient goes to the input that had the highest value, and to no other.", HOLDS),
            Claimed("The kept index of each maximum is enough to route it.", HOLDS),
        ),
    ),
    Statement(
        number=10,
        text="2x2 pooling with stride 2 discards 75 % of the activations.",
        source="S0, Pooling Layer; S2, layer sizing patterns",
        method="The share that MaxPooling2D discards at every size from 2 to 65",
        verdict=HOLDS_IF,
        function="pooling:discarded_share",
    ),
    Statement(
        number=50,
        text="Pooling layers have no learnable parameters.",
        source="S0, Layers in ConvNets and Pooling Layer",
        method="Trainable weights of every pool, over one network of each builder",
        verdict=HOLDS_IF,
        function="pooling:parameters_of_pools",
    ),
    Statement(
        number=51,
        text="2x2 pooling halves the dimensions of a feature map.",
        source="S1, Pooling",
        method="Output sizes of MaxPooling2D at every size from 2 to 65",
        verdict=HOLDS_IF,
        function="pooling:halved_sizes",
    ),
    Statement(
        number=53,
        text="Pooling reduces parameters and computation.",
        source="S0, Pooling Layer; S1, Pooling; S2, Pooling layer",
        method="One network with pools and without: parameters and multiply-adds of its convolutions and dense layers",
        function="pooling:savings",
        parts=(
            Claimed("Pooling reduces the number of parameters.", HOLDS_IF),
            Claimed("Pooling reduces computation.", HOLDS),
        ),
    ),
    Statement(
        number=67,
        text="Only two variations of max pooling are commonly seen in practice: 3x3 with stride 2 and, more commonly, "
        "2x2 with stride 2.",
        source="S2, Pooling layer",
        method="Windows and strides of all max pools of one network of each family that S0 lists",
        function="pooling:common_pools",
        parts=(
            Claimed("No other max pools are commonly seen.", DOES_NOT_HOLD),
            Claimed("2x2 with stride 2 is the more common of the two.", DOES_NOT_HOLD),
        ),
    ),
)
