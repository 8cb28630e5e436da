"""What the notebook architectures shows: drawings, costs beside the published ones, memory, listings."""

# ruff: noqa: F401 (gathered for the notebook)
from cnnrepro.lessons.architectures.listings import listing_rows, pattern_rows
from cnnrepro.lessons.architectures.network_costs import (
    cost_rows,
    costs,
    drawing,
    imagenet_models,
    layer_memory,
    memory_by_batch,
    shares,
    title,
    traces,
    with_error,
)
from cnnrepro.models.blocks import ResidualLayers
