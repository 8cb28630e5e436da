"""Statements; their checks are in ``claims/checks/data_and_colours.py``."""

from cnnrepro.claims.statement import Claimed, Statement
from cnnrepro.claims.verdict import DOES_NOT_HOLD, HOLDS, HOLDS_IF

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
        function="data_and_colours:colours",
        parts=(
            Claimed("A grey pixel has 256 shades, 0 to 255.", HOLDS),
            Claimed("Three channels make 24-bit colour with over 16 million colours.", HOLDS),
        ),
    ),
    Statement(
        number=56,
        text="ImageNet had over 10 million images in 10,000 classes; the 2012 challenge 1.2 million training "
        "images in 1,000 classes and 150,000 test images.",
        source="S1, ImageNet",
        method="The figures of the network's own paper and of the challenge's",
        function="data_and_colours:imagenet_sizes",
        parts=(
            Claimed("ImageNet had over 10 million images.", HOLDS),
            Claimed("It had 10,000 classes.", HOLDS_IF),
            Claimed("The challenge had 1.2 million training images.", HOLDS),
            Claimed("It had 1,000 classes.", HOLDS),
            Claimed("It had 150,000 test images.", HOLDS_IF),
        ),
    ),
    Statement(
        number=71,
        text="The 30,000 values of a 100x100x3 image are more than most word embeddings have, the input of large "
        "language models.",
        source="S1, introduction",
        method="The published widths of well-known embeddings against the image's values",
        verdict=HOLDS,
        function="data_and_colours:embedding_widths",
    ),
    Statement(
        number=73,
        text="ImageNet was created by Fei-Fei Li and her team at Stanford.",
        source="S1, ImageNet",
        method="Authors and place on the title page of the paper that presented it",
        function="data_and_colours:imagenet_origin",
        parts=(
            Claimed("It was created by Fei-Fei Li and her team.", HOLDS),
            Claimed("It was created at Stanford.", DOES_NOT_HOLD),
        ),
    ),
    Statement(
        number=76,
        text="AlexNet's noise along the principal colours of the training set simulates different lighting conditions.",
        source="S1, Reducing overfitting",
        method="The share of the noise along grey; and how much of a real change of light an added constant is",
        verdict=HOLDS_IF,
        function="data_and_colours:colour_noise",
    ),
)
