"""Plain data in, a matplotlib ``Figure`` out.

No function here opens a file or touches pyplot, so a figure drawn in a notebook shows only where ``report.show`` puts
it.
"""

from __future__ import annotations

from cnnrepro.report.figures.differences import paired
from cnnrepro.report.figures.heat import borders, class_map, occlusion, two_ways
from cnnrepro.report.figures.learning import curves
from cnnrepro.report.figures.matrices import confusion
from cnnrepro.report.figures.pictures import examples, mistakes
from cnnrepro.report.figures.responses import feature_maps, filter_sheets, patches
from cnnrepro.report.figures.savings import savings
from cnnrepro.report.figures.tally import tally

__all__ = [
    "borders",
    "class_map",
    "confusion",
    "curves",
    "examples",
    "feature_maps",
    "filter_sheets",
    "mistakes",
    "occlusion",
    "paired",
    "patches",
    "savings",
    "tally",
    "two_ways",
]
