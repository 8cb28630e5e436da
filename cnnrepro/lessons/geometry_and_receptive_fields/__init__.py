"""What the notebook geometry_and_receptive_fields shows: sizes of outputs, and what one unit sees."""

# ruff: noqa: F401 (gathered for the notebook)
from cnnrepro.claims.checks.sizes import halvings
from cnnrepro.lessons.geometry_and_receptive_fields.effective_field import influences
from cnnrepro.lessons.geometry_and_receptive_fields.what_a_unit_sees import (
    crop,
    frames,
    growth,
    growth_by_dilation,
    path_counts,
    recursion,
)
from cnnrepro.lessons.geometry_and_receptive_fields.windows_and_sizes import (
    alexnet_lines,
    descend,
    line_rows,
    lines,
    same_rows,
)
