"""What the notebook fast_mnist shows: the race against keras.io's script and PyTorch, and the tables."""

# ruff: noqa: F401 (gathered for the notebook)
from cnnrepro.experiments.fast_mnist import EXPERIMENT, target
from cnnrepro.lessons.fast_mnist.summary import (
    MEASURES,
    ablation_rows,
    accuracies,
    answer,
    answer_rows,
    lap_rows,
    missing_rows,
    race_columns,
    race_rows,
    race_seconds,
    seconds,
    target_rows,
    word,
)
from cnnrepro.lessons.fast_mnist.taking_turns import missing_sides, race
