"""Convolutions of every geometry, for the tests of the forward and the backward pass, and the same in XLA."""

import numpy as np
from hypothesis import strategies as st

from cnnrepro.anatomy.convolution import window_layout

ONE_OR_TWO = st.integers(1, 2)
PAIRS = st.tuples(st.integers(1, 3), st.integers(1, 3))
SIDES = st.tuples(st.integers(0, 3), st.integers(0, 3))
PADDINGS = st.one_of(st.sampled_from(["valid", "same"]), st.integers(0, 3), st.tuples(SIDES, SIDES))
TWICE = st.tuples(ONE_OR_TWO, ONE_OR_TWO)


@st.composite
def convolutions(draw, groups=ONE_OR_TWO, dilations=TWICE):
    """Images, filters, biases and the geometry of a convolution in which at least one window fits."""
    window, dilation, count = draw(PAIRS), draw(dilations), draw(groups)
    extent = [(cells - 1) * holes + 1 for cells, holes in zip(window, dilation, strict=True)]
    size = [cells + draw(st.integers(0, 3)) for cells in extent]
    channels, filters = count * draw(st.integers(1, 2)), count * draw(st.integers(1, 2))
    random = np.random.default_rng(draw(st.integers(0, 99)))
    where = {"stride": draw(PAIRS), "padding": draw(PADDINGS), "dilation": dilation, "groups": count}
    x = random.normal(size=(draw(st.integers(1, 2)), *size, channels))
    return x, random.normal(size=(*window, channels // count, filters)), random.normal(size=filters), where


def layout_of(x, filters, where):
    """Where the windows of a convolution lie."""
    return window_layout(x.shape[1:3], filters.shape[:2], where["stride"], where["padding"], where["dilation"])


def in_xla(x, filters, where):
    """XLA's convolution, which takes stride and dilation together and groups on a processor; call it with x64 on."""
    import jax

    layout = layout_of(x, filters, where)
    return jax.lax.conv_general_dilated(
        x,
        filters,
        layout.stride,
        layout.sides,
        rhs_dilation=layout.dilation,
        feature_group_count=where["groups"],
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )
