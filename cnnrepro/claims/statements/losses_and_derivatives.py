"""Statements; their checks are in ``claims/checks/losses_and_derivatives.py``."""

from cnnrepro.claims.statement import Claimed, Statement
from cnnrepro.claims.verdict import HOLDS, HOLDS_IF

STATEMENTS = (
    Statement(
        number=22,
        text="One class of ten takes a softmax, two classes or several labels sigmoids; the loss is SVM's or softmax.",
        source="S0, Key Characteristics; S1, Output Layer; S3, introduction",
        method="Sums of both outputs over random scores, and a few training steps with either loss",
        function="losses_and_derivatives:output_layers",
        parts=(
            Claimed("For one of ten classes the output is a softmax.", HOLDS),
            Claimed("For two classes, or several labels at once, it is sigmoids.", HOLDS),
            Claimed("The loss at the end is SVM's or softmax.", HOLDS),
        ),
    ),
    Statement(
        number=57,
        text="Every layer, and so the whole network from pixels to scores, is a differentiable function.",
        source="S0, Key Characteristics; S2, Architecture; S3, Architecture Overview",
        method="Slopes to both sides of the kinks of ReLU and maximum, and how often digits meet them",
        verdict=HOLDS_IF,
        function="losses_and_derivatives:differentiable",
    ),
)
