"""What the notebook convolution_by_hand shows: windows on small numbers, filters on a photograph, counts."""

# ruff: noqa: F401 (gathered for the notebook)
from cnnrepro.lessons.convolution_by_hand.against_keras import agreement, products
from cnnrepro.lessons.convolution_by_hand.counts import column_sizes, connections, first_layer_rows, seen_channels
from cnnrepro.lessons.convolution_by_hand.photograph_filters import (
    feature_maps,
    geometries,
    mixed_colours,
    own_filter,
)
from cnnrepro.lessons.convolution_by_hand.small_numbers import (
    added,
    backward,
    columns,
    impulse,
    sliding,
    variants,
    volume,
)
from cnnrepro.lessons.photographs import grey, picture
