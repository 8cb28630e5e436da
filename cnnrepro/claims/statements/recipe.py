"""Statements; their checks are in ``claims/checks/recipe.py``."""

from cnnrepro.claims.statement import Statement
from cnnrepro.claims.verdict import DOES_NOT_HOLD, HOLDS

STATEMENTS = (
    Statement(
        number=23,
        text="AlexNet: SGD at 0.01, momentum 0.9, weight decay 0.0005, first weights N(0, 0.01), biases of 1 in "
        "convolutions 2, 4, 5 and the dense layers; and no regularisation layers (L1, L2).",
        source="S1, Training and Reducing overfitting",
        method="The paper's update against descent with an L2 penalty; first weights of the built network",
        verdict=DOES_NOT_HOLD,
        function="recipe:recipe",
    ),
    Statement(
        number=24,
        text="AlexNet trains on random 224x224 patches of 256x256 images and their mirrors, and at test "
        "averages the predictions of five patches and their mirrors.",
        source="S1, Reducing overfitting",
        method="Places, overlaps and number of the patches; whether the mean of softmaxes is a distribution",
        verdict=HOLDS,
        function="recipe:patches",
    ),
    Statement(
        number=61,
        text="Dividing the learning rate by 10 when the loss stalls is what Keras's ReduceLROnPlateau does.",
        source="S1, Training",
        method="The callback with its defaults is shown a loss that never improves",
        verdict=HOLDS,
        function="recipe:plateau",
    ),
)
