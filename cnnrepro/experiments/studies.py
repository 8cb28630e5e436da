"""The designs of the studies, by the name of their experiment: what ``claims`` judges their statements by."""

from __future__ import annotations

from collections.abc import Mapping

from cnnrepro.experiments import depth, dropout, normalisation, pooling_in_training
from cnnrepro.experiments.study import Design

DESIGNS: Mapping[str, Design] = {
    module.EXPERIMENT.name: module.DESIGN for module in (normalisation, pooling_in_training, dropout, depth)
}
