"""A spec with all that this machine adds to it: data, number format, and with them the key."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cnnrepro import data, machine, models, paths
from cnnrepro.errors import unknown
from cnnrepro.runs.keys import run_key
from cnnrepro.runs.spec import RunSpec

PLACEMENTS = ("auto", *data.PLACEMENTS)


@dataclass(frozen=True)
class ResolvedRun:
    """A spec with all that this machine adds to it: its data, number format and key.

    ``feed`` says what becomes of an image on its way into the network, and where that is computed.
    """

    spec: RunSpec
    splits: data.Splits
    feed: data.Feed
    precision: str
    backend: str
    key: str

    @property
    def classes(self) -> int:
        """Outputs of the network."""
        return len(self.splits.info.classes)

    @property
    def steps(self) -> int:
        """Steps an epoch."""
        return -(-self.splits.sizes["train"] // self.spec.batch_size)


def resolve_precision(precision: str) -> str:
    """What "auto" comes to here: mixed bfloat16 where it is native, float32 elsewhere; other names as they are."""
    if precision != "auto":
        return precision
    here = machine.describe()
    computes = here.computes_bfloat16(on_gpu=bool(here.gpus) and on_gpu())
    return "mixed_bfloat16" if computes else "float32"


def on_gpu() -> bool:
    """Whether Keras's backend sees a GPU; that the driver lists one is not enough."""
    from cnnrepro import engine

    return bool(engine.gpus())


def backend_name() -> str:
    """The Keras backend in use; where Keras is not loaded yet, which takes seconds, the one that it will choose."""
    if "cnnrepro.engine" in sys.modules:
        from cnnrepro import engine

        return engine.backend()
    if chosen := os.environ.get("KERAS_BACKEND"):
        return chosen
    settings = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "keras.json"
    try:
        return str(json.loads(settings.read_text(encoding="utf-8"))["backend"])
    except (OSError, ValueError, KeyError, TypeError):  # Keras goes on with its own default then
        return "tensorflow"


def find_key(spec: RunSpec, splits: data.Splits) -> str:
    """The key of a run on this machine; where it has no GPU, Keras need not be loaded."""
    precision = resolve_precision(spec.precision)
    return run_key(spec, fingerprint=splits.fingerprint, precision=precision, backend=backend_name())


def load(spec: RunSpec, *, runs: Path | None = None, cache: str = "auto") -> data.Splits:
    """The data of a spec."""
    return data.load(
        spec.dataset,
        train_images=spec.train_images,
        canvas=spec.canvas,
        on_error=spec.on_error,
        cache=cache,
        pictures=paths.pictures_dir(runs),
    )


def resolve(
    spec: RunSpec,
    splits: data.Splits | None = None,
    *,
    runs: Path | None = None,
    placement: str = "auto",
    cache: str = "auto",
) -> ResolvedRun:
    """Load the data of a spec, unless they are given, and find its key.

    Args:
        spec: the run.
        splits: its data, where they are loaded already.
        runs: folder of the run store; the cached form of photographs lies in it.
        placement: where augmentation is computed: "cpu" (in tf.data), "step" (at the head of the training step, on the
            GPU where there is one), or "auto": in the step on a GPU, else on the CPU. The pictures are the same.
        cache: as for ``data.load``.
    """
    from cnnrepro import engine

    if placement not in PLACEMENTS:
        raise unknown("placement of the augmentation", placement, PLACEMENTS)
    models.check_initializer(spec.model, dict(spec.options))
    splits = splits or load(spec, runs=runs, cache=cache)
    if placement == "auto":
        placement = "step" if on_gpu() else "cpu"
    feed = data.Feed(splits, data.pipeline(spec.pipeline), placement, spec.deterministic)
    precision = resolve_precision(spec.precision)
    return ResolvedRun(spec, splits, feed, precision, engine.backend(), find_key(spec, splits))


def require_buildable(run: ResolvedRun) -> None:
    """Build the network of a run without its weights, before anything is written; raises UsageError if that fails."""
    if run.spec.network:
        spec, own = run.spec, run.spec.own_network()
        models.own_network.require_same(spec.model, own, spec.network)
        models.own_network.require_logits(spec.model, own, run.feed.input_shape, run.classes, dict(spec.options))
        return
    _build_once(run.spec.model, (run.feed.size, run.feed.size, run.splits.canvas[2]), run.classes, run.spec.options)


@lru_cache(maxsize=256)
def _build_once(model: str, shape: tuple[int, int, int], classes: int, options: tuple) -> None:
    models.outline(model, shape, classes, **dict(options))
