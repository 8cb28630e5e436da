"""What the notebook on architectures computes: costs beside the published ones, memory a layer, listings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cnnrepro import anatomy, models
from cnnrepro.anatomy.rows import Trace, spell, spell_shape
from cnnrepro.lessons.architectures.volumes import CONVOLUTIONS, DENSE, Volume, volumes
from cnnrepro.lessons.geometry_and_receptive_fields.sizes import chain
from cnnrepro.models import MODELS, Published
from cnnrepro.models.pattern import expand, is_pattern

IN_PLACE = ("ReLU", "Activation", "Dropout")  # written over their input: no memory of their own
PER_PARAMETER = 3 * 4  # weight, gradient and momentum in float32


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


def drawing(found: Mapping[str, Trace]) -> list[tuple[str, str, list[Volume]]]:
    """For each model its title, its costs in words, and its boxes."""
    return [(title(name), _costs_in_words(cost), volumes(found[name])) for name, cost in costs(found).items()]


def _costs_in_words(cost: Cost) -> str:
    return f"{_short(cost.parameters)} parameters, {_short(cost.multiply_adds)} multiply-adds"


def _short(number: float) -> str:
    for unit, size in (("billion", 1e9), ("million", 1e6), ("thousand", 1e3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return str(number)


@dataclass(frozen=True)
class Cost:
    """What a model costs on one image when it answers, and what others say of it.

    Args:
        title: its name in prose.
        parameters: trainable ones on the way to the answer; auxiliary heads are not.
        multiply_adds: on the way to the answer.
        activation_bytes, training_bytes: outputs, without and with their gradients; ReLU and dropout in place.
        field: the receptive field of the last feature map.
        published: figures of others, if there are any.
    """

    title: str
    parameters: int
    multiply_adds: int
    activation_bytes: int
    training_bytes: int
    field: int
    published: Published | None


def costs(found: Mapping[str, Trace]) -> dict[str, Cost]:
    """The costs of each model."""
    return {name: _cost(name, rows) for name, rows in found.items()}


def _cost(name: str, rows: Trace) -> Cost:
    answering = [row for row in rows if row.at_inference]
    kept = [row for row in answering if row.kind not in IN_PLACE]
    maps = [row for row in answering if len(row.output_shape) == 3]
    return Cost(
        title=title(name),
        parameters=sum(row.trainable_parameters for row in answering),
        multiply_adds=rows.totals.multiply_adds,
        activation_bytes=sum(row.activation_bytes for row in kept),
        training_bytes=sum(row.training_bytes for row in kept),
        field=maps[-1].receptive_field,
        published=None if is_pattern(name) else models.entry(name).published,
    )


def cost_rows(found: Iterable[Cost]) -> list[tuple]:
    """Rows of a table: title, parameters ours, published, difference; the same for multiply-adds; the field."""
    rows = []
    for one in found:
        said = one.published
        cells = []
        for ours, theirs in (
            (one.parameters, said and said.parameters),
            (one.multiply_adds, said and said.multiply_adds),
        ):
            about = "about " if said and said.rounded else ""
            cells += [ours, f"{about}{theirs:,}" if theirs else "–", _difference(ours, theirs)]
        rows.append((one.title, *cells, one.field))
    return rows


def _difference(ours: int, theirs: int | None) -> str:
    if theirs is None:
        return ""
    return "0" if ours == theirs else f"{ours / theirs - 1:+.1%}".replace("%", " %").replace("-", "−")


def with_error(found: Iterable[Cost]) -> list[tuple[str, float, float, float]]:
    """Title, billions of multiply-adds, top-1 error in percent, millions of parameters, where an error is published."""
    return [
        (one.title, one.multiply_adds / 1e9, one.published.top1_error, one.parameters / 1e6)
        for one in found
        if one.published and one.published.top1_error is not None
    ]


def shares(found: Mapping[str, Trace]) -> dict[str, dict[str, list[int]]]:
    """Parameters and multiply-adds of each model by the kind of layer that has them."""
    parts = {"convolutions": CONVOLUTIONS, "dense layers": DENSE}
    amounts = {"Parameters": "trainable_parameters", "Multiply-adds": "multiply_adds"}
    return {
        heading: {
            part: [
                sum(getattr(row, amount) for row in rows if row.at_inference and row.kind in kinds)
                for rows in found.values()
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
        if row.at_inference and row.activation_bytes and row.kind not in IN_PLACE
    ]


def memory_by_batch(found: Iterable[Cost], batches: Sequence[int]) -> dict[str, tuple[list[int], list[float]]]:
    """Gigabytes that training takes at each batch size: activations with gradients; weights, gradients and momentum."""
    lines = {}
    for one in found:
        images = [batch * one.training_bytes / 1e9 for batch in batches]
        weights = [PER_PARAMETER * one.parameters / 1e9] * len(batches)
        lines[f"{one.title}: activations"] = (list(batches), images)
        lines[f"{one.title}: weights"] = (list(batches), weights)
    return lines


def listing_rows(listing: Sequence[tuple]) -> list[tuple]:
    """AlexNet as the notes list it beside the network that is built from it.

    Args:
        listing: kind, window, stride and output shape of each row of the notes.

    Returns:
        Rows: layer, kind, window and stride, output in the notes, output here, whether they agree, parameters,
        multiply-adds.
    """
    steps = {step.name: step for step in chain("alexnet_one_tower")}
    kinds = {kind for kind, *_ in listing}
    built = [row for row in anatomy.trace(models.outline("alexnet_one_tower")) if row.kind in kinds]
    rows = []
    for (kind, window, stride, shape), row in zip(listing, built, strict=True):
        step = steps.get(row.name)
        same = (row.kind, row.output_shape) == (kind, shape)
        same = same and (step.window, step.stride) == (window, stride) if step else same
        how = f"{window}×{window}, stride {stride}" if window else ""
        cells = (spell_shape(shape), spell_shape(row.output_shape), "yes" if same else "no")
        rows.append((row.name, kind, how, *cells, row.parameters, spell(row.multiply_adds)))
    return rows


def pattern_rows(found: Mapping[str, Trace]) -> list[tuple]:
    """Patterns written out: the pattern, its layers one by one, those with weights, parameters, multiply-adds."""
    rows = []
    for pattern, own in found.items():
        words = [element.word for element in expand(pattern)]
        weighted = sum(word in ("CONV", "FC") for word in words)
        rows.append((pattern, " → ".join(words), weighted, own.totals.parameters, own.totals.multiply_adds))
    return rows
