"""What the notebook pooling shows: pools on small numbers, on a photograph and in networks."""

# ruff: noqa: F401 (gathered for the notebook)
from cnnrepro.lessons.photographs import grey, picture
from cnnrepro.lessons.pooling.on_photographs import changes_of_shifts, discarded, edge_map, repeated, side_by_side
from cnnrepro.lessons.pooling.savings import cost_rows, costs, pool_parameters
from cnnrepro.lessons.pooling.small_windows import overlapping, small
