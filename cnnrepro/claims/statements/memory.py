"""Statements; their checks are in ``claims/checks/memory.py``."""

from cnnrepro.claims.statement import Statement
from cnnrepro.claims.verdict import HOLDS_IF, NOT_CHECKABLE

STATEMENTS = (
    Statement(
        number=21,
        text="With small filters the activation volumes are large and take much memory.",
        source="S0, Layer Sizing Patterns",
        method="Bytes of activations against weights, both as in training, for VGG-16 and AlexNet",
        verdict=HOLDS_IF,
        function="memory:activations_dominate",
    ),
    Statement(
        number=55,
        text="AlexNet was trained for 90 epochs in 6 days on two GTX 580 with 3 GB.",
        source="S1, Training",
        method="Whether it is possible: work and memory by the built network against the cards' specification",
        verdict=NOT_CHECKABLE,
        function="memory:alexnet_training",
    ),
)
