"""PNG of few colours: near what was drawn, and smaller."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from cnnrepro.report.display import figure_bundle
from cnnrepro.report.embedded_pictures import decoded
from cnnrepro.report.few_colours import MOST_COLOURS, small_png


@pytest.fixture
def figure():
    made, axes = plt.subplots(figsize=(4, 3))
    yield made, axes
    plt.close(made)


def test_a_chart_looks_the_same_and_is_smaller(figure):
    drawn, axes = figure
    for seed, colour in enumerate(("#0072B2", "#D55E00", "#009E73")):
        axes.plot(np.random.default_rng(seed).random((30, 5)), color=colour, alpha=0.5)
    exact = io.BytesIO()
    drawn.savefig(exact, format="png")
    before = Image.open(exact).convert("RGB")
    small = small_png(before, colours=MOST_COLOURS)
    off = np.abs(np.asarray(Image.open(io.BytesIO(small)).convert("RGB"), int) - np.asarray(before, int))
    assert off.max() < 32
    assert len(small) < len(exact.getvalue()) / 2


def test_photographs_keep_their_colours(figure):
    drawn, axes = figure
    chart, _ = figure_bundle(drawn, "chart", alt="A frame")
    axes.imshow(np.random.default_rng(0).random((20, 20, 3)))
    photographs, _ = figure_bundle(drawn, "photographs", alt="Noise")
    pictures = [Image.open(io.BytesIO(decoded(data["image/png"]))) for data in (chart, photographs)]
    assert [picture.mode for picture in pictures] == ["P", "RGBA"]
