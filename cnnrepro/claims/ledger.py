"""The ledger: each checkable statement of the lecture notes, in our own words, and how it is checked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Statement:
    """One statement.

    Args:
        number: its number in the ledger.
        statement: what is claimed, in our own words.
        source: where it is claimed.
        check: how it is checked here.
        experiment: the experiment that checks it.
        dataset: the data set it speaks of.
        epochs: the number of epochs it speaks of.
    """

    number: int
    statement: str
    source: str
    check: str
    experiment: str
    dataset: str
    epochs: int


LEDGER: dict[int, Statement] = {
    one.number: one
    for one in (
        Statement(
            number=30,
            statement="On MNIST, over 5 epochs, AlexNet is consistently ahead of ResNet: higher validation accuracy "
            "and lower validation loss.",
            source="lecture notes on convolutional networks (after Stanford's CS231n), closing remark",
            check="AlexNet and ResNet-20 trained with the same data, order, budget and recipe; compared after every "
            "epoch and for every seed; and again with another batch-norm momentum, the condition under which it may "
            "turn round",
            experiment="alexnet_vs_resnet",
            dataset="mnist",
            epochs=5,
        ),
    )
}
