"""Plain data in, a matplotlib ``Figure`` out.

No function here opens a file or touches pyplot, so a figure drawn in a notebook shows only where ``report.show`` puts
it.
"""

from __future__ import annotations

from cnnrepro.report.figures.differences import paired
from cnnrepro.report.figures.learning import curves
from cnnrepro.report.figures.matrices import confusion
from cnnrepro.report.figures.pictures import examples, mistakes

__all__ = ["confusion", "curves", "examples", "mistakes", "paired"]
