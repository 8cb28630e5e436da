"""Networks as the notes write them down: AlexNet row by row, and patterns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnnrepro import anatomy, models
from cnnrepro.anatomy.trace_rows import Trace, spell, spell_shape
from cnnrepro.claims.check_helpers.networks import windowed
from cnnrepro.claims.checks.architectures import LISTING
from cnnrepro.models.layer_pattern import expand


def listing_rows(listing: Sequence[tuple] = LISTING) -> list[tuple]:
    """AlexNet as the notes list it beside the network that is built from it.

    Rows: layer, kind, window and stride, output in the notes, output here, do they agree, parameters, multiply-adds.
    """
    model = models.outline("alexnet_one_tower")
    windows = {call.name: (call.window, call.stride) for call in windowed(model)}
    kinds = {kind for kind, *_ in listing}
    built = [row for row in anatomy.trace(model) if row.kind in kinds]
    rows = []
    for (kind, window, stride, shape), row in zip(listing, built, strict=True):
        agrees = (row.kind, row.output_shape) == (kind, shape)
        agrees = agrees and windows.get(row.name, (window, stride)) == (window, stride)
        how = f"{window}×{window}, stride {stride}" if window else ""
        compared = spell_shape(shape), spell_shape(row.output_shape), "yes" if agrees else "no"
        rows.append((row.name, kind, how, *compared, row.parameters, spell(row.multiply_adds)))
    return rows


def pattern_rows(traces: Mapping[str, Trace]) -> list[tuple]:
    """Patterns written out: the pattern, its layers one by one, those with weights, parameters, multiply-adds."""
    rows = []
    for pattern, trace in traces.items():
        words = [element.word for element in expand(pattern)]
        weighted = sum(word in ("CONV", "FC") for word in words)
        rows.append((pattern, " → ".join(words), weighted, trace.totals.parameters, trace.totals.multiply_adds))
    return rows
