"""What the notebook alexnet_pipeline shows: canvas, mean, windows, colours, ten views, and what is promised of them."""

# ruff: noqa: F401 (gathered for the notebook)
from cnnrepro.data.pipelines.definition import IMAGENET_DIRECTIONS, IMAGENET_VARIANCES
from cnnrepro.layers.augmentation import colour_shifts, ten_crop
from cnnrepro.lessons.alexnet_pipeline.canvas_and_mean import (
    batch,
    canvas_maps,
    canvas_of,
    material,
    mean_maps,
    unevenness,
)
from cnnrepro.lessons.alexnet_pipeline.colour_noise import (
    TIMES,
    colour_rows,
    covariance_rows,
    first_images,
    recoloured,
    variance_rows,
)
from cnnrepro.lessons.alexnet_pipeline.cut_windows import DRAWS, digits, places, ten_views, windows
from cnnrepro.lessons.alexnet_pipeline.promises import check_promises
