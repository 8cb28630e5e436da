"""What the notebook train_on_your_images shows: pictures, and tables of the classes, the scores and the recipe."""

# ruff: noqa: F401 (gathered for the notebook)
from cnnrepro.lessons.train_on_your_images.example_pictures import least_sure, sample, seen
from cnnrepro.lessons.train_on_your_images.tables import (
    class_rows,
    finding_rows,
    recipe_rows,
    score_rows,
    skipped_rows,
)
