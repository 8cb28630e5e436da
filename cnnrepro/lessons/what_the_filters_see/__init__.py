"""What the notebook what_the_filters_see shows: filters before and after training, what excites them, occlusion."""

# ruff: noqa: F401 (gathered for the notebook)
from cnnrepro.experiments.digits_classifier import untrained
from cnnrepro.lessons.what_the_filters_see.filter_changes import change_rows, first_filters, roughness
from cnnrepro.lessons.what_the_filters_see.occlusion import occlude, occlusions, recognised
from cnnrepro.lessons.what_the_filters_see.responses import exciting, feature_maps, silence_rows
