"""Statements that training runs decide; their checks are in ``claims/checks/training_comparisons.py``."""

from cnnrepro.claims.statement import Statement
from cnnrepro.claims.verdict import UNDECIDED

STATEMENTS = (
    Statement(
        number=30,
        text="On MNIST, over 5 epochs, AlexNet is consistently ahead of ResNet: higher validation accuracy "
        "and lower validation loss.",
        source="S0, closing remark",
        method="two pairs of an AlexNet and a ResNet, each trained with the same data, order, budget and recipe; "
        "compared after every epoch, by the share of seeds in which AlexNet is ahead throughout; and again, on the "
        "same weights, with batch norm's statistics re-estimated, the condition under which it may turn round",
        verdict=UNDECIDED,
        function="training_comparisons:consistently_ahead",
        experiment="alexnet_vs_resnet",
        dataset="mnist",
        epochs=5,
    ),
)
