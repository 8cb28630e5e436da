"""Statements; their checks are in ``claims/checks/recipe.py``."""

from cnnrepro.claims.statement import Claimed, Statement
from cnnrepro.claims.verdict import DOES_NOT_HOLD, HOLDS, HOLDS_IF

STATEMENTS = (
    Statement(
        number=23,
        text="AlexNet: SGD at 0.01, divided by 10 three times, momentum 0.9, weight decay 0.0005, first weights "
        "N(0, 0.01), biases of 1 in convolutions 2, 4, 5 and both dense layers; and no regularisation layers (L1, L2) "
        "at all.",
        source="S1, Training and Reducing overfitting",
        method="The recipe alexnet-2012 and the network it starts; the paper's update against an L2 penalty",
        function="recipe:recipe",
        parts=(
            Claimed("It was trained by SGD with momentum 0.9.", HOLDS),
            Claimed("With weight decay 0.0005.", HOLDS),
            Claimed("Weights started from a Gaussian with mean 0 and standard deviation 0.01.", HOLDS),
            Claimed("Biases of convolutions 2, 4, 5 and both dense layers started at 1, all others at 0.", HOLDS),
            Claimed("The learning rate began at 0.01 and was divided by 10 three times.", HOLDS),
            Claimed("No regularisation layers (such as L1, L2) were used at all.", DOES_NOT_HOLD),
        ),
    ),
    Statement(
        number=24,
        text="AlexNet trains on random 224x224 patches of 256x256 images and their mirrors, and at test "
        "averages the predictions of five patches and their mirrors.",
        source="S1, Reducing overfitting",
        method="The patches that the recipe alexnet-2012 draws; places, overlaps and number of those at test; whether "
        "the mean of softmaxes is a distribution",
        function="recipe:patches",
        parts=(
            Claimed("It was trained on random 224x224 patches of 256x256 images.", HOLDS),
            Claimed("And on their mirrors.", HOLDS),
            Claimed("At test five patches and their mirrors are taken.", HOLDS),
            Claimed("The predictions on these are averaged.", HOLDS),
        ),
    ),
    Statement(
        number=61,
        text="AlexNet's learning rate was divided by 10 when the loss did not improve, which is what Keras's "
        "ReduceLROnPlateau does.",
        source="S1, Training",
        method="The paper's rule as the recipe alexnet-2012 has it; the callback with its defaults is shown a loss "
        "that never improves",
        function="recipe:plateau",
        parts=(
            Claimed("The authors divided it by 10 when the loss did not improve.", HOLDS_IF),
            Claimed("Keras's ReduceLROnPlateau does that.", HOLDS),
        ),
    ),
    Statement(
        number=78,
        text="AlexNet was trained with batches of 128 for 90 epochs.",
        source="S1, Training",
        method="The recipe alexnet-2012, whose figures are the paper's; steps and epochs of Caffe's reproduction",
        function="recipe:batch_and_epochs",
        parts=(Claimed("The batch size was 128.", HOLDS), Claimed("It was trained for 90 epochs.", HOLDS)),
    ),
)
