"""Costs of networks beside the published ones: parameters, multiply-adds, memory, receptive field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cnnrepro import anatomy, models
from cnnrepro.anatomy.trace_rows import Trace
from cnnrepro.claims.checks.memory import PER_PARAMETER
from cnnrepro.lessons.architectures.drawn_boxes import CONVOLUTIONS, DENSE, Box, boxes
from cnnrepro.models import MODELS, Published
from cnnrepro.models.layer_pattern import is_pattern


def traces(names: Sequence[str]) -> dict[str, Trace]:
    """The rows of each model of the table, or of each pattern, at its default size.

    Raises:
        UsageError: no such model, or a pattern that cannot be read.
    """
    return {name: anatomy.trace(models.outline(name)) for name in names}


def imagenet_models() -> list[str]:
    """The models of the table for 1,000 classes."""
    return [name for name, row in MODELS.items() if row.classes == 1000]


def title(name: str) -> str:
    """What to call a model in prose; a pattern is its own name."""
    return name if is_pattern(name) else models.entry(name).title


@dataclass(frozen=True)
class NetworkCost:
    """What a model costs on one image when it answers, and what others say of it."""

    title: str  # its name in prose
    parameters: int  # trainable ones on the way to the answer; auxiliary heads are not
    multiply_adds: int  # on the way to the answer
    activation_bytes: int  # outputs, without their gradients; ReLU and dropout in place
    training_bytes: int  # with their gradients, and with heads that are there in training alone
    field: int  # the receptive field of the last feature map
    published: Published | None


def costs(traces: Mapping[str, Trace]) -> dict[str, NetworkCost]:
    """The costs of each model."""
    return {name: _cost(name, rows) for name, rows in traces.items()}


def _cost(name: str, rows: Trace) -> NetworkCost:
    totals = rows.totals
    maps = [row for row in rows if row.at_inference and len(row.output_shape) == 3]
    return NetworkCost(
        title=title(name),
        parameters=totals.answering_parameters,
        multiply_adds=totals.multiply_adds,
        activation_bytes=totals.activation_bytes,
        training_bytes=totals.training_bytes,
        field=maps[-1].receptive_field,
        published=None if is_pattern(name) else models.entry(name).published,
    )


def drawing(traces: Mapping[str, Trace]) -> list[tuple[str, str, list[Box]]]:
    """For each model its title, its costs in words, and its boxes."""
    return [
        (cost.title, f"{_short(cost.parameters)} parameters, {_short(cost.multiply_adds)} multiply-adds", boxes(rows))
        for cost, rows in zip(costs(traces).values(), traces.values(), strict=True)
    ]


def _short(number: float) -> str:
    for unit, size in (("billion", 1e9), ("million", 1e6), ("thousand", 1e3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return str(number)


def cost_rows(costs: Iterable[NetworkCost]) -> list[tuple]:
    """Rows of a table: title, parameters ours, published, difference; the same for multiply-adds; the field."""
    rows = []
    for cost in costs:
        published = cost.published or Published("")
        about = "about " if published.rounded else ""
        cells = []
        for ours, theirs in ((cost.parameters, published.parameters), (cost.multiply_adds, published.multiply_adds)):
            cells += [ours, f"{about}{theirs:,}" if theirs else "–", _difference(ours, theirs)]
        rows.append((cost.title, *cells, cost.field))
    return rows


def _difference(ours: int, theirs: int | None) -> str:
    if theirs is None:
        return ""
    return "0" if ours == theirs else f"{ours / theirs - 1:+.1%}".replace("%", " %").replace("-", "−")


def with_error(costs: Iterable[NetworkCost]) -> list[tuple[str, float, float, float]]:
    """Title, billions of multiply-adds, top-1 error in percent, millions of parameters, where an error is published."""
    return [
        (cost.title, cost.multiply_adds / 1e9, cost.published.top1_error, cost.parameters / 1e6)
        for cost in costs
        if cost.published and cost.published.top1_error is not None
    ]


def shares(traces: Mapping[str, Trace]) -> dict[str, dict[str, list[int]]]:
    """Parameters and multiply-adds of each model by the kind of layer that has them."""
    parts = {"convolutions": CONVOLUTIONS, "dense layers": DENSE}
    amounts = {"Parameters": "trainable_parameters", "Multiply-adds": "multiply_adds"}
    return {
        heading: {
            part: [
                sum(getattr(row, amount) for row in rows if row.at_inference and row.kind in kinds)
                for rows in traces.values()
            ]
            for part, kinds in parts.items()
        }
        for heading, amount in amounts.items()
    }


def layer_memory(rows: Trace) -> list[tuple[str, float, float, float]]:
    """For each layer with an output of its own: name; megabytes of that for one image, of its gradient, of weights."""
    return [
        (
            row.name,
            row.activation_bytes / 1e6,
            (row.training_bytes - row.activation_bytes) / 1e6,
            row.trainable_parameters * 4 / 1e6,
        )
        for row in rows
        if row.at_inference and row.activation_bytes
    ]


def memory_by_batch(costs: Iterable[NetworkCost], batches: Sequence[int]) -> dict[str, tuple[list[int], list[float]]]:
    """Gigabytes that training takes at each batch size: activations with gradients; weights, gradients and momentum."""
    lines = {}
    for cost in costs:
        images = [batch * cost.training_bytes / 1e9 for batch in batches]
        weights = [PER_PARAMETER * cost.parameters / 1e9] * len(batches)
        lines[f"{cost.title}: activations"] = (list(batches), images)
        lines[f"{cost.title}: weights"] = (list(batches), weights)
    return lines
