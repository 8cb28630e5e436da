"""Statements; their checks are in ``claims/checks/data_and_colours.py``."""

from cnnrepro.claims.statement import Statement
from cnnrepro.claims.verdict import HOLDS, NOT_CHECKABLE

STATEMENTS = (
    Statement(
        number=25,
        text="PCA of the RGB values gives the directions of largest variance, and eigenvalues as its size.",
        source="S1, Reducing overfitting",
        method="Of two photographs: variance along each direction against its eigenvalue and other directions",
        verdict=HOLDS,
        function="data_and_colours:principal_colours",
    ),
    Statement(
        number=26,
        text="A grey pixel has 256 shades; three channels make 24-bit colour with over 16 million colours.",
        source="S1, Image Data",
        method="The range of the numbers that a photograph is read as",
        verdict=HOLDS,
        function="data_and_colours:colours",
    ),
    Statement(
        number=56,
        text="ImageNet had over 10 million images in 10,000 classes; the 2012 challenge 1.2 million training "
        "images in 1,000 classes and 150,000 test images.",
        source="S1, ImageNet",
        method="Counted where the data set is prepared; beside it the figures of the challenge's paper",
        verdict=NOT_CHECKABLE,
        function="data_and_colours:imagenet_sizes",
    ),
)
