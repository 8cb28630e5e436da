"""Statements; their checks are in ``claims/checks/dense_layers.py``."""

from cnnrepro.claims.statement import Statement
from cnnrepro.claims.verdict import HOLDS, HOLDS_IF

STATEMENTS = (
    Statement(
        number=16,
        text="Dense and convolutional layers have one form, so that one can be converted into the other.",
        source="S0, Other Notes; S2, Converting FC layers to CONV layers",
        method="A trained classifier, converted and run once over a larger image, against its scores of the crops",
        verdict=HOLDS,
        function="dense_layers:dense_as_convolution",
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
