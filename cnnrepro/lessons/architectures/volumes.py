"""A network as the boxes of a drawing: layers alike in one, modules and blocks by stage."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import takewhile

from cnnrepro.anatomy.rows import Row, Trace

CONVOLUTIONS = ("Conv2D", "GroupedConv2D", "TableConv2D")
DENSE = ("Dense", "RadialBasis")
KINDS = {
    "InputLayer": "input",
    **dict.fromkeys(CONVOLUTIONS, "convolution"),
    **dict.fromkeys(("MaxPooling2D", "AveragePooling2D", "TrainableSubsampling2D", "L2Pooling2D"), "pooling"),
    "GlobalAveragePooling2D": "pooling",
    **dict.fromkeys(DENSE, "dense"),
}
_MODULE = re.compile(r"inception_(\d)(\w)(?:_|$)")
_BLOCK = re.compile(r"stage(\d+)_block(\d+)_")


@dataclass(frozen=True)
class Volume:
    """A box of a drawing: the output of a layer, or of several alike.

    Args:
        label: names of the layers.
        kind: what they are; the colour.
        size: height and width of the map, 1 for a vector.
        channels: of the map, or the length of the vector.
        count: layers, modules or blocks that the box stands for.
    """

    label: str
    kind: str
    size: int
    channels: int
    count: int = 1


def volumes(rows: Trace) -> list[Volume]:
    """The boxes of a network: layers alike behind each other are one, modules and blocks are counted by stage."""
    found: list[tuple[str, str, Volume]] = []  # the group and its last member, and the box
    for row in rows:
        if not row.at_inference:
            continue
        group, member, box = _boxed(row)
        if box is None:
            continue
        if found and group and found[-1][0] == group:
            _, last, before = found[-1]
            count = before.count + (member != last)
            kind = before.kind if row.kind != "Add" else "residual blocks"
            found[-1] = group, member, replace(box, count=count, kind=kind)
        elif found and _alike(found[-1][2], box):
            before = found[-1][2]
            found[-1] = group, member, replace(before, count=before.count + 1, label=_joined(before.label, box.label))
        else:
            found.append((group, member, box))
    return [box for _, _, box in found]


def _boxed(row: Row) -> tuple[str, str, Volume | None]:
    """The group that a row belongs to, which member of it, and its own box; no box for what is not drawn."""
    shape = row.output_shape
    size, channels = (shape[0], shape[-1]) if len(shape) == 3 else (1, shape[-1])
    if module := _MODULE.match(row.name):
        first = f"inception {module[1]}"
        return first, module[2], Volume(f"{first}a–{module[2]}", "inception modules", size, channels)
    if block := _BLOCK.match(row.name):
        return f"stage {block[1]}", block[2], Volume(f"stage {block[1]}", "plain blocks", size, channels)
    if row.kind not in KINDS:
        return "", row.name, None
    return "", row.name, Volume(row.name, KINDS[row.kind], size, channels)


def _alike(one: Volume, other: Volume) -> bool:
    return one.kind in ("convolution", "dense") and replace(one, label="", count=1) == replace(other, label="")


def _joined(first: str, last: str) -> str:
    """conv1_1 and conv1_2 as conv1_1–2."""
    start = first.partition("–")[0]
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(start, last, strict=False)))
    return f"{start}–{last[shared:]}"
