"""Statements; their checks are in ``claims/checks/losses_and_derivatives.py``."""

from cnnrepro.claims.statement import Statement
from cnnrepro.claims.verdict import HOLDS, HOLDS_IF

STATEMENTS = (
    Statement(
        number=22,
        text="Exclusive classes take a softmax, several labels sigmoids; the loss is SVM's or softmax.",
        source="S0, Key Characteristics; S1, Output Layer; S3, introduction",
        method="Sums of both outputs over random scores, and a few training steps with either loss",
        verdict=HOLDS,
        function="losses_and_derivatives:output_layers",
    ),
    Statement(
        number=57,
        text="Every layer, and so the whole network from pixels to scores, is a differentiable function.",
        source="S0, Key Characteristics; S2, Architecture; S3, Architecture Overview",
        method="Slopes to both sides of the kinks of ReLU and maximum, and how often values meet them",
        verdict=HOLDS_IF,
        function="losses_and_derivatives:differentiable",
    ),
)
