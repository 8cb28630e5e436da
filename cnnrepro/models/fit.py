"""Whether an input size is one that a network's arithmetic was made for: windows that lose cells, other first maps."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from cnnrepro.errors import UsageError
from cnnrepro.models.catalogue import MODELS, entry

if TYPE_CHECKING:
    import keras


def fit_notes(
    name: str,
    input_shape: tuple[int, int, int],
    classes: int | None = None,
    options: Mapping[str, object] | None = None,
) -> tuple[str, ...]:
    """What is otherwise with a model of the table at an input size than at the one it is published for, in sentences.

    Sizes that a network takes without loss, with as many parameters, need no word. Args and errors as for
    ``models.build``.
    """
    if name not in MODELS:
        return ()  # published for no size
    row = entry(name)
    values = tuple(sorted((options or {}).items()))
    return _notes(name, tuple(input_shape), row.classes if classes is None else classes, values)


@lru_cache(maxsize=256)
def _notes(name: str, shape: tuple[int, int, int], classes: int, options: tuple) -> tuple[str, ...]:
    from cnnrepro.models import outline

    own = (*entry(name).input_shape[:2], shape[2])
    if shape == own:
        return ()
    here, published = (outline(name, size, classes, **dict(options)) for size in (shape, own))
    at, usual = f"{name} at {shape[0]}x{shape[1]}", f"{own[0]}x{own[1]}"
    lost_there = lost_cells(published)
    lost = {layer: cells for layer, cells in lost_cells(here).items() if cells > lost_there.get(layer, 0)}
    notes = [f"{at}, otherwise than at {usual}: {never_read(lost)}"] if lost else []
    ours, theirs = here.count_params(), published.count_params()
    if ours != theirs:
        maps = [first_map(model) for model in (here, published)]
        notes.append(
            f"{at}: its first maps are {_side(maps[0])}, not {_side(maps[1])} as at {usual}, and it has {ours:,} "
            f"parameters, not {theirs:,}"
        )
    return tuple(notes)


def _side(size: tuple[int, ...]) -> str:
    return "x".join(map(str, size))


def never_read(lost: Mapping[str, int]) -> str:
    """What windows that do not divide their input leave out, in words."""
    layers = ", ".join(f"{cells} of {layer}" for layer, cells in lost.items())
    return f"windows do not divide their input, so that the last rows and columns are never read ({layers})"


def lost_cells(model: keras.Model) -> dict[str, int]:
    """Rows or columns of their input that the windows of layers never read, where they lose any, by layer."""
    from cnnrepro.anatomy.geometry import geometry
    from cnnrepro.anatomy.graph import take_apart
    from cnnrepro.anatomy.layer_costs import WINDOWS, kind, spatial

    lost = {}
    for call in take_apart(model).calls:
        layer = call.operation
        if kind(layer) not in WINDOWS:
            continue
        sizes = spatial(getattr(layer, "data_format", None) or "channels_last", call.input_shapes[0][1:])
        for window, size in zip(WINDOWS[kind(layer)](layer), sizes, strict=False):
            if size is None or window.size * window.dilation < window.stride:  # subsampling leaves some out by design
                continue
            try:
                cells = geometry(size, window.size, window.stride, window.padding, window.dilation).input_cells_lost
            except UsageError:  # a padding that geometry has no rule for, such as "causal"
                continue
            if cells:
                lost[call.name] = max(cells, lost.get(call.name, 0))
    return lost


def first_map(model: keras.Model) -> tuple[int, ...]:
    """Height and width behind the first layer that moves a window."""
    from cnnrepro.anatomy.graph import take_apart
    from cnnrepro.anatomy.layer_costs import WINDOWS, kind

    call = next(call for call in take_apart(model).calls if kind(call.operation) in WINDOWS)
    return call.output_shapes[0][1:3]
