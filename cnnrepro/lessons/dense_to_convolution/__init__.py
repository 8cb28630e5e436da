"""What the notebook dense_to_convolution shows: a classifier slid over scattered images, and what that costs."""

# ruff: noqa: F401 (gathered for the notebook)
from cnnrepro.lessons.dense_to_convolution.scattered_images import scatter
from cnnrepro.lessons.dense_to_convolution.sliding import (
    agreement,
    answers,
    away,
    head,
    padded_twin,
    readings,
    slide,
    trunk_differences,
)
from cnnrepro.lessons.dense_to_convolution.sliding_costs import costs, limit
