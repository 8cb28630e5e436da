"""Plain data in, a matplotlib ``Figure`` out.

No function here opens a file or touches pyplot, so a figure drawn in a notebook shows only where ``report.show`` puts
it.
"""

# ruff: noqa: F401 - the figures, for notebooks

from cnnrepro.report.figures.alexnet_pipeline import picture_rows, principal_colours, window_places, windows_of
from cnnrepro.report.figures.charts import bubbles, line_panels
from cnnrepro.report.figures.comparisons import DifferenceRow, class_errors, comparison
from cnnrepro.report.figures.confusion_matrices import confusion
from cnnrepro.report.figures.contrasts import ContrastPanel, ContrastRow, against_published, contrasts
from cnnrepro.report.figures.convolution_by_hand import (
    connected_maps,
    filter_columns,
    impulse_answers,
    input_gradients,
    one_cell,
    shared_gradient,
    sliding_windows,
    volume_windows,
    window_variants,
)
from cnnrepro.report.figures.dense_to_convolution import borders, class_map, savings, two_ways
from cnnrepro.report.figures.learning_curves import curves
from cnnrepro.report.figures.network_costs import bar_panels, batch_lines, cost_bars, memory_columns, share_panels
from cnnrepro.report.figures.network_volumes import network_volumes
from cnnrepro.report.figures.paired_differences import paired
from cnnrepro.report.figures.photograph_maps import map_grid
from cnnrepro.report.figures.picture_sheets import captioned, examples, mistakes
from cnnrepro.report.figures.pools import (
    discarded_shares,
    pool_savings,
    pooled_gradients,
    pooled_numbers,
    shift_changes,
)
from cnnrepro.report.figures.receptive_fields import (
    dilation_lines,
    effective_fields,
    fields_on_picture,
    growth_lines,
    influence_profiles,
    path_counts,
    recursion_lines,
    sizes_down,
    windows_on_lines,
)
from cnnrepro.report.figures.shares import ShareRow, shares
from cnnrepro.report.figures.speed_ratios import product_shares, speed_ratios
from cnnrepro.report.figures.time_to_accuracy import race_seconds, run_spread
from cnnrepro.report.figures.verdict_tally import tally
from cnnrepro.report.figures.what_the_filters_see import feature_maps, filter_sheets, occlusion, patches
