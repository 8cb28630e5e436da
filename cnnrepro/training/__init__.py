"""Training runs as values: the spec that names one, ``train``, and the records it leaves in the store."""

from cnnrepro.training.fit import ResolvedRun, resolve
from cnnrepro.training.loop import train
from cnnrepro.training.recipes import RECIPES, Recipe
from cnnrepro.training.record import RunRecord
from cnnrepro.training.spec import RunSpec, run_key
from cnnrepro.training.store import RunStore

__all__ = ["RECIPES", "Recipe", "ResolvedRun", "RunRecord", "RunSpec", "RunStore", "resolve", "run_key", "train"]
