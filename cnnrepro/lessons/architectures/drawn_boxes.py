"""A network as the boxes of a drawing: layers alike in one, modules and blocks by stage."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import takewhile

from cnnrepro.anatomy.trace_rows import Row, Trace

CONVOLUTIONS = ("Conv2D", "GroupedConv2D", "TableConv2D")
DENSE = ("Dense", "RadialBasis")
KINDS = {
    "InputLayer": "input",
    **dict.fromkeys(CONVOLUTIONS, "convolution"),
    **dict.fromkeys(("MaxPooling2D", "AveragePooling2D", "TrainableSubsampling2D", "L2Pooling2D"), "pooling"),
    **dict.fromkeys(("GlobalAveragePooling2D", "GlobalMaxPooling2D"), "pooling"),
    **dict.fromkeys(DENSE, "dense"),
}
_MODULE = re.compile(r"inception_(\d)(\w)(?:_|$)")
_BLOCK = re.compile(r"stage(\d+)_block(\d+)_")


@dataclass(frozen=True)
class Box:
    """The output of a layer, or of several alike."""

    label: str  # names of the layers
    kind: str  # what they are; the colour
    size: int  # height and width of the map, 1 for a vector
    channels: int  # of the map, or the length of the vector
    count: int = 1  # layers, modules or blocks that it stands for


def boxes(rows: Trace) -> list[Box]:
    """The boxes of a network: layers alike behind each other are one, modules and blocks are counted by stage."""
    drawn: list[tuple[str, str, Box]] = []  # the group and its last member, and the box
    for row in rows:
        if not row.at_inference:
            continue
        group, member, box = _boxed(row)
        if box is None:
            continue
        unlabelled = replace(box, label="")
        last_group, last_member, before = drawn[-1] if drawn else ("", "", None)
        if group and last_group == group:
            kind = before.kind if row.kind != "Add" else "residual blocks"
            drawn[-1] = group, member, replace(box, count=before.count + (member != last_member), kind=kind)
        elif before and box.kind in ("convolution", "dense") and replace(before, label="", count=1) == unlabelled:
            joined = replace(before, count=before.count + 1, label=_joined(before.label, box.label))
            drawn[-1] = group, member, joined
        else:
            drawn.append((group, member, box))
    return [box for _, _, box in drawn]


def _boxed(row: Row) -> tuple[str, str, Box | None]:
    """The group that a row belongs to, which member of it, and its own box; no box for what is not drawn."""
    shape = row.output_shape
    size, channels = (shape[0], shape[-1]) if len(shape) == 3 else (1, shape[-1])
    if module := _MODULE.match(row.name):
        first = f"inception {module[1]}"
        return first, module[2], Box(f"{first}a–{module[2]}", "inception modules", size, channels)
    if block := _BLOCK.match(row.name):
        return f"stage {block[1]}", block[2], Box(f"stage {block[1]}", "plain blocks", size, channels)
    if row.kind not in KINDS:
        return "", row.name, None
    return "", row.name, Box(row.name, KINDS[row.kind], size, channels)


def _joined(first: str, last: str) -> str:
    """conv1_1 and conv1_2 as conv1_1–2."""
    start = first.partition("–")[0]
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(start, last, strict=False)))
    return f"{start}–{last[shared:]}"
