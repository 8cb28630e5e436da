"""Statements; their checks are in ``claims/checks/receptive_fields.py``."""

from cnnrepro.claims.statement import Claimed, Statement
from cnnrepro.claims.verdict import HOLDS, HOLDS_IF

STATEMENTS = (
    Statement(
        number=11,
        text="The first layer sees filter size times stride, each further one (F − 1)·S more; three 3x3 with stride 1 "
        "see 7x7.",
        source="S1, Receptive Field",
        method="The recursion against products of strides, on all short chains and on built networks",
        function="receptive_fields:field_formula",
        parts=(
            Claimed("The receptive field of the first layer is the filter size times the stride.", HOLDS_IF),
            Claimed("That of a further layer is R(n − 1) + (F − 1)·S.", HOLDS_IF),
            Claimed("With 3x3 filters and stride 1 the third layer sees 7x7 pixels.", HOLDS),
        ),
    ),
    Statement(
        number=15,
        text="Dilation puts gaps between the cells of a filter, and merges space with fewer layers.",
        source="S0, Advanced Conv Layer Concepts; S2, Dilated convolutions",
        method="Layers needed with and without dilation; a dilated filter against one with zeros in its gaps",
        function="receptive_fields:dilation",
        parts=(
            Claimed("Dilation puts gaps between the cells of a filter.", HOLDS),
            Claimed("It merges spatial information with fewer layers.", HOLDS),
        ),
    ),
    Statement(
        number=66,
        text="The receptive field of a neuron is, equivalently, the filter size.",
        source="S0, Convolutional Layer; S2, local connectivity",
        method="Window against receptive field on the layer's own input and on the image, along built networks",
        verdict=HOLDS_IF,
        function="receptive_fields:field_is_filter_size",
    ),
    Statement(
        number=75,
        text="As the network gets deeper the receptive field grows to a larger part of the input image.",
        source="S1, Receptive Field",
        method="Receptive fields layer by layer along built networks, against the size of the image",
        verdict=HOLDS,
        function="receptive_fields:growing_fields",
    ),
)
