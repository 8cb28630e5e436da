"""Statements; their checks are in ``claims/checks/dense_layers.py``."""

from cnnrepro.claims.statement import Claimed, Statement
from cnnrepro.claims.verdict import HOLDS, HOLDS_IF

STATEMENTS = (
    Statement(
        number=16,
        text="Dense and convolutional layers can be converted into one another: both compute dot products, and only "
        "local connections and shared weights set them apart.",
        source="S0, Other Notes; S2, Converting FC layers to CONV layers",
        method="A trained classifier, converted and run once over a larger image, against its scores of the crops; a "
        "convolution as a dense layer, weight by weight",
        function="dense_layers:dense_as_convolution",
        parts=(
            Claimed("A dense layer can be converted into a convolution.", HOLDS),
            Claimed("A convolution can be converted into a dense layer.", HOLDS),
            Claimed("What sets a convolution apart is local connections and shared weights.", HOLDS),
        ),
    ),
    Statement(
        number=62,
        text="The output of the pooling layers must be flattened before it is passed to a dense layer.",
        source="S1, Receptive Field",
        method="A dense layer on a flattened and on an unflattened map; networks that flatten, and those that average",
        verdict=HOLDS_IF,
        function="dense_layers:without_flattening",
    ),
)
