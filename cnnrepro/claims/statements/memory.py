"""Statements; their checks are in ``claims/checks/memory.py``."""

from cnnrepro.claims.statement import Claimed, Statement
from cnnrepro.claims.verdict import HOLDS, HOLDS_IF, NOT_CHECKABLE

STATEMENTS = (
    Statement(
        number=21,
        text="With small filters the activation volumes are large and take much memory.",
        source="S0, Layer Sizing Patterns",
        method="Bytes of activations against weights, both as in training, for VGG-16 and AlexNet",
        function="memory:activations_dominate",
        parts=(
            Claimed("With small filters the activation volumes are large.", HOLDS),
            Claimed("They take much memory.", HOLDS_IF),
        ),
    ),
    Statement(
        number=55,
        text="AlexNet was trained for 90 epochs in 6 days on two GTX 580 with 3 GB.",
        source="S1, Training",
        method="The paper's own words; and whether it is possible: work and memory by the built network against the "
        "cards' specification",
        function="memory:alexnet_training",
        parts=(
            Claimed("It was trained on two GTX 580 with 3 GB.", HOLDS),
            Claimed("That took 6 days.", HOLDS_IF),
            Claimed("In that time these cards went through 90 epochs.", NOT_CHECKABLE),
        ),
    ),
)
