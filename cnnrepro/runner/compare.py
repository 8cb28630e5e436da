"""``cnnrepro compare``: the runs of a comparison, look by look, and its page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from string import ascii_uppercase
from typing import TYPE_CHECKING

from cnnrepro import models as networks_of
from cnnrepro import paths
from cnnrepro.errors import UsageError
from cnnrepro.experiments import compare as arms_of
from cnnrepro.experiments.results import Arm, Results, collect, runs_of
from cnnrepro.lessons.compare import Comparison
from cnnrepro.lessons.compare import compare as decide
from cnnrepro.runner.batch_options import BatchOptions
from cnnrepro.runner.make_pages import make_pages
from cnnrepro.runner.request import page_request
from cnnrepro.runs.record import DONE
from cnnrepro.runs.store import RunStore
from cnnrepro.training.stop import StopRequest

if TYPE_CHECKING:
    from cnnrepro.runs.record import RunRecord

SEEDS = tuple(range(5))


def compare(
    models: Sequence[str],
    *,
    dataset: str,
    seeds: Sequence[int] | None = None,
    options: Sequence[str] = (),
    metric: str = "accuracy",
    margin: float | None = None,
    looks: Sequence[int] = (),
    tune: bool = False,
    jobs: int = 1,
    runs: Path | str | None = None,
    reports: Path | str | None = None,
    page: bool = True,
    stop: StopRequest | None = None,
    **fields: object,
) -> Comparison:
    """Which of some networks is better on a data set, by how much, and is it sure.

    Args:
        models: two or more networks, as ``RunSpec.model``; A, B, C … in ``options``.
        dataset: a name of ``cnnrepro.data.DATASETS``, or "folder:PATH".
        seeds: of all networks, so that they are compared in pairs; by default as many as the last look, or 5.
        options: "NAME=VALUE" for all networks that have the option, "B:NAME=VALUE" for the second alone; of a network,
            or one of ``experiments.compare.FIELDS``, such as "B:recipe=sgd".
        metric: "accuracy", "error" or "loss", on the test images.
        margin: the smallest difference that matters, in points (or nats); None for the one of the data set.
        looks: numbers of seeds, such as (5, 10, 20), after which it ends where all pairs are decided.
        tune: choose each network's learning rate first, by the same search on validation images and other seeds.
        jobs: trainings side by side.
        runs, reports: folders of the run store and the pages; by default as ``cnnrepro.paths`` says.
        page: draw its page too.
        stop: a request to stop.
        **fields: of all runs, as in ``RunSpec``: recipe, epochs, batch_size, learning_rate, precision, train_images,
            pipeline, canvas.

    Raises:
        UsageError: fewer than two networks, two arms that are the same run, a value that is not allowed.
        RunFailed, WorkFailed: a run failed, or the page could not be drawn.

    Example:
        >>> made = cnnrepro.compare(["lenet5", "nets.py:small"], dataset="mnist_5k", seeds=range(10))
        >>> made.pairs[0].decision.verdict
        'worse'
    """
    if margin is not None and not margin > 0:
        raise UsageError(f"margin must be above 0: the smallest difference that matters. Received: {margin!r}")
    seeds = list(seeds) if seeds is not None else list(range(looks[-1])) if looks else list(SEEDS)
    for name in fields:
        if name not in arms_of.FIELDS:
            raise UsageError(f"{name!r} is no field of a comparison; those are {', '.join(arms_of.FIELDS)}.")
    store = Path(runs) if runs else paths.runs_dir()
    parameters = {
        "networks": [networks_of.own_network.located(one) if networks_of.is_own(one) else one for one in models],
        **{"dataset": dataset, "seeds": seeds, "options": " ".join(options), "metric": metric, "margin": margin or 0.0},
        **{"looks": list(looks) or [0], "tune": tune},
        **{name: value for name, value in fields.items() if value is not None},
    }
    with paths.runs_at(store):
        request = page_request(arms_of.NAME, parameters)
    have = _Having(BatchOptions(jobs=jobs), store, stop or StopRequest())
    made = decide(have, **request.parameters)
    if not page:
        return made
    (drawn,) = make_pages([request], runs=store, reports=Path(reports) if reports else paths.reports_dir(), stop=stop)
    return replace(made, page=drawn)


class _Having:
    """Has the records of arms: side by side where that is asked for."""

    def __init__(self, options: BatchOptions, runs: Path, stop: StopRequest):
        self._options, self._runs, self._stop = options, runs, stop

    def __call__(self, arms: Sequence[Arm]) -> Results:
        if self._options.side_by_side:
            from cnnrepro.runner.fan_out import fan_out

            fan_out(runs_of(arms), self._options, runs=self._runs, stop=self._stop)
        return collect(arms, self._runs, stop=self._stop)  # what failed there is told from here


def keys_of(folder: Path, names: Sequence[str]) -> list[str]:
    """The keys of runs that the names are, or the beginnings of; none where they are networks.

    Raises:
        UsageError: some are keys and others are not.
    """
    keyed = [bool(re.fullmatch(r"[0-9a-f]{4,16}", name)) and name not in networks_of.MODELS for name in names]
    if not any(keyed):
        return []
    if not all(keyed):
        raise UsageError(f"Name networks or keys of runs, not both. Received: {', '.join(names)}")
    store = RunStore(folder)
    return [store.key_of(name) for name in names]


def of_records(folder: Path, keys: Sequence[str]) -> dict[str, object]:
    """The arguments of ``compare`` for runs that are there: of each the network, and the seeds that all have.

    Args:
        folder: of the store.
        keys: of a run of each side; its other seeds are those that the store has.

    Raises:
        UsageError: the sides share no seeds, or differ in their data.
    """
    records = [record for record in RunStore(folder).records() if record.status == DONE]
    sides = [next(record for record in records if record.key == key) for key in keys]
    for side in sides:
        if networks_of.is_own(side.spec.model) and networks_of.own_network.runs_code(side.spec.model):
            raise UsageError(
                f"{side.spec.model_name()} is code, which runs only where you name it: compare "
                f"{side.spec.model_name()} … --dataset NAME. Its runs are found in the store."
            )
    if len({(one.spec.dataset, one.data.get("fingerprint")) for one in sides}) > 1:
        raise UsageError("Runs on different data cannot be compared; name runs on the same.")
    seeds = [{one.spec.seed for one in records if one.spec.with_seed(0) == side.spec.with_seed(0)} for side in sides]
    shared = sorted(set.intersection(*seeds))
    if not shared:
        raise UsageError("The runs have no seed in common; train the same seeds of each.")
    return {
        "models": [side.spec.model for side in sides],
        "dataset": sides[0].spec.dataset,
        "seeds": shared,
        "options": [text for place, side in enumerate(sides) for text in _said_of(side, place)],
    }


def _said_of(record: RunRecord, place: int) -> list[str]:
    """All that names a run, as options of its arm."""
    spec = record.spec
    letter = ascii_uppercase[place]
    values: Mapping[str, object] = {name: getattr(spec, name) for name in arms_of.FIELDS} | dict(spec.options)
    return [f"{letter}:{name}={arms_of.as_text(value)}" for name, value in values.items() if value is not None]
