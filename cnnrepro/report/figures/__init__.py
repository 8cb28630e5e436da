"""Plain data in, a matplotlib ``Figure`` out.

No function here opens a file or touches pyplot, so a figure drawn in a notebook shows only where ``report.show`` puts
it.
"""

from __future__ import annotations

from cnnrepro.report.figures.charts import bubbles, line_panels
from cnnrepro.report.figures.costs import bar_panels, batch_lines, cost_bars, memory_columns, share_panels
from cnnrepro.report.figures.differences import paired
from cnnrepro.report.figures.drawing import network_volumes
from cnnrepro.report.figures.field_lines import dilation_lines, growth_lines, influence_profiles, recursion_lines
from cnnrepro.report.figures.fields import (
    effective_fields,
    fields_on_picture,
    path_counts,
    sizes_down,
    windows_on_lines,
)
from cnnrepro.report.figures.filter_products import (
    connected_maps,
    filter_columns,
    impulse_answers,
    input_gradients,
    shared_gradient,
)
from cnnrepro.report.figures.heat import borders, class_map, occlusion, two_ways
from cnnrepro.report.figures.learning import curves
from cnnrepro.report.figures.matrices import confusion
from cnnrepro.report.figures.photo_maps import map_grid
from cnnrepro.report.figures.pictures import captioned, examples, mistakes
from cnnrepro.report.figures.pools import (
    discarded_shares,
    pool_savings,
    pooled_gradients,
    pooled_numbers,
    shift_changes,
)
from cnnrepro.report.figures.responses import feature_maps, filter_sheets, patches
from cnnrepro.report.figures.savings import savings
from cnnrepro.report.figures.stages import picture_rows, principal_colours, window_places, windows_of
from cnnrepro.report.figures.tally import tally
from cnnrepro.report.figures.windows import one_cell, sliding_windows, volume_windows, window_variants

__all__ = [
    "bar_panels",
    "batch_lines",
    "borders",
    "bubbles",
    "captioned",
    "class_map",
    "confusion",
    "connected_maps",
    "cost_bars",
    "curves",
    "dilation_lines",
    "discarded_shares",
    "effective_fields",
    "examples",
    "feature_maps",
    "fields_on_picture",
    "filter_columns",
    "filter_sheets",
    "growth_lines",
    "impulse_answers",
    "influence_profiles",
    "input_gradients",
    "line_panels",
    "map_grid",
    "memory_columns",
    "mistakes",
    "network_volumes",
    "occlusion",
    "one_cell",
    "paired",
    "patches",
    "path_counts",
    "picture_rows",
    "pool_savings",
    "pooled_gradients",
    "pooled_numbers",
    "principal_colours",
    "recursion_lines",
    "savings",
    "share_panels",
    "shared_gradient",
    "shift_changes",
    "sizes_down",
    "sliding_windows",
    "tally",
    "two_ways",
    "volume_windows",
    "window_places",
    "window_variants",
    "windows_of",
    "windows_on_lines",
]
