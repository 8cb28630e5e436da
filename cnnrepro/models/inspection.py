"""What `cnnrepro inspect` says of a model: its rows, its totals, and the published figures beside them."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from cnnrepro.errors import UsageError, brief
from cnnrepro.models.catalogue import MODELS, parse_options
from cnnrepro.models.fit import fit_notes, lost_cells, never_read
from cnnrepro.models.keras_file import is_file
from cnnrepro.models.layer_pattern import is_pattern
from cnnrepro.models.model_entry import Published
from cnnrepro.models.own_code import names_function

if TYPE_CHECKING:
    import keras

    from cnnrepro.anatomy import Trace


_MOST_DIGITS = 18  # of a side; ``build`` says how large it may be


@dataclass(frozen=True)
class Inspection:
    """A model taken apart.

    Args:
        name: what was asked for: a model's name, a pattern or a file.
        rows: its layers and totals.
        published: figures of others for the same model at the same size, if there are any.
        notes: what does not fit at this input size.
    """

    name: str
    rows: Trace
    published: Published | None
    notes: tuple[str, ...] = ()

    def differences(self) -> dict[str, int]:
        """Ours minus the published figure, for those that were published."""
        if self.published is None:
            return {}
        totals = self.rows.totals
        ours = {"parameters": totals.trainable_parameters, "multiply_adds": totals.multiply_adds}
        theirs = {name: getattr(self.published, name) for name in ours}
        return {name: ours[name] - theirs[name] for name in ours if theirs[name] is not None}

    def to_dict(self) -> dict:
        """Plain values for JSON."""
        trace = self.rows.to_dict()
        sums = ("parameters", "trainable_parameters", "multiply_adds", "known_multiply_adds")
        sums += ("activation_bytes", "training_bytes", "answering_parameters")
        published = self.published and asdict(self.published) | {"difference": self.differences()}
        return {
            "name": self.name,
            "input": trace["input"],
            **{key: trace["totals"][key] for key in (*sums, "unknown")},
            "published": published,
            "notes": list(self.notes),
            "layers": trace["layers"],
        }

    def summary(self) -> list[str]:
        """The totals as lines, the published figures with the difference."""
        totals = self.rows.totals
        learned = totals.trainable_parameters
        fixed = f", {totals.non_trainable_parameters:,} not" if totals.non_trainable_parameters else ""
        heads, without, alone = [], "", ""
        if totals.answering_parameters != learned:
            heads = [
                f"               {totals.answering_parameters:,} of them without the heads that are there in training"
            ]
            without, alone = " without these heads", " and with them"
        lines = [
            f"parameters     {totals.parameters:,} ({learned:,} trainable{fixed})",
            *heads,
            f"multiply-adds  {totals.spelled_multiply_adds()}{without}",
            f"activations    {_megabytes(totals.activation_bytes)} an image{without}, "
            f"{_megabytes(totals.training_bytes)} with gradients{alone}",
        ]
        lines += [f"note           {note}" for note in self.notes]
        published = self.published
        if published is not None:
            lines.append(f"published      {published.source}")
            for name, difference in self.differences().items():
                figure = getattr(published, name)
                about = "about " if published.rounded else ""
                word = "the same" if difference == 0 else f"ours {difference:+,} ({difference / figure:+.2%})"
                lines.append(f"               {name.replace('_', '-')} {about}{figure:,}: {word}")
        return lines


def _megabytes(number: int | str) -> str:
    if not isinstance(number, int):
        return number
    if number >= 10**15:  # of a file that somebody made up; it may be too large for a float
        return f"{Decimal(number):.1e} bytes"
    return f"{number / 1e6:,.1f} MB" if number >= 1e5 else f"{number / 1e3:,.1f} kB"


def parse_shape(text: str) -> tuple[int, int, int]:
    """An input shape as people write it, ``227x227x3``; raises UsageError for anything else."""
    parts = text.lower().replace("×", "x").split("x")
    digits = [part.lstrip("0") for part in parts if part.isascii() and part.isdigit()]
    if len(digits) != 3 or len(parts) != 3 or not all(digits) or max(map(len, digits)) > _MOST_DIGITS:
        raise UsageError(f"--input must be HEIGHTxWIDTHxCHANNELS, such as 227x227x3. Received: {brief(text)}")
    height, width, channels = map(int, parts)
    return height, width, channels


def prefer_quick_backend(model: str) -> None:
    """Let Keras compute on JAX in this process, if it is installed, nothing else is asked for and Keras not yet loaded.

    Shapes and counts are the same on every backend, and JAX loads in half the time that TensorFlow takes. For a command
    that ends after inspecting; a library call must not choose its caller's backend. Code of the user's own may be
    written for the default one.
    """
    if names_function(model):
        return
    if "KERAS_BACKEND" not in os.environ and "keras" not in sys.modules and importlib.util.find_spec("jax"):
        os.environ["KERAS_BACKEND"] = "jax"
        os.environ.setdefault("JAX_PLATFORMS", "cpu")  # a GPU's memory is not for counting


def inspect(
    model: str,
    *,
    input_shape: tuple[int, int, int] | None = None,
    classes: int | None = None,
    options: Mapping[str, str] | None = None,
) -> Inspection:
    """Take a model apart.

    Args:
        model: a name of the table, a layer pattern, the path of a ``.keras`` file, or ``FILE.py:FUNCTION`` or
            ``MODULE:FUNCTION``, whose code is run.
        input_shape: in place of the model's own.
        classes: in place of the model's own; not for ``.keras`` files.
        options: of the model, as text; not for ``.keras`` files.

    Raises:
        UsageError: an unknown model, a bad value, a file that cannot be read.
    """
    options = dict(options or {})
    if model not in MODELS and not is_pattern(model) and not names_function(model) and is_file(model):
        return _inspect_file(model, input_shape, classes, options)
    from cnnrepro import models
    from cnnrepro.anatomy import trace

    built = models.outline(model, input_shape, classes, **(values := parse_options(model, options)))
    row = MODELS.get(model)
    as_published = row is not None and not options and input_shape in (None, row.input_shape)
    as_published = as_published and classes in (None, row.classes)
    rows = trace(built)
    if row is None:
        return Inspection(model, rows, None, _lost(built))
    notes = fit_notes(model, rows.input_shape, classes, values)
    return Inspection(model, rows, row.published if as_published else None, notes)


def _lost(model: keras.Model) -> tuple[str, ...]:
    """A sentence where windows do not divide their input."""
    lost = lost_cells(model)
    return (never_read(lost),) if lost else ()


def _inspect_file(
    path: str, input_shape: tuple[int, int, int] | None, classes: int | None, options: Mapping[str, str]
) -> Inspection:
    from cnnrepro.anatomy import trace
    from cnnrepro.anatomy.graph import ancestors
    from cnnrepro.anatomy.tracing import resized
    from cnnrepro.engine import reason_of, without_weights
    from cnnrepro.models.keras_file import read_architecture

    if classes is not None or options:
        raise UsageError(f"--classes and -o belong to models of the table; {path!r} says these itself.")
    own = built = read_architecture(Path(path).expanduser())
    if input_shape is None and "Sequential" in ancestors(own) and not own.built:
        raise UsageError(f"{path!r} was saved before it had an input; give one: --input HEIGHTxWIDTHxCHANNELS.")
    try:
        if input_shape is not None:
            built = without_weights(lambda: resized(own, input_shape))
        rows = without_weights(lambda: trace(built))
    except UsageError:
        raise
    except Exception as error:  # a stranger's network may hold what nobody here has thought of
        raise UsageError(f"{path!r} was read, but cannot be followed layer by layer: {reason_of(error)}") from error
    return Inspection(path, rows, None, (*_otherwise(own, rows), *_lost(built)))


def _otherwise(own: keras.Model, rows: Trace) -> tuple[str, ...]:
    """What is to be known of the size at which a file's network was counted, in sentences."""
    size = "x".join("?" if length is None else str(length) for length in rows.input_shape)
    if None in rows.input_shape and rows.totals.unknown:
        return (f"the size of the input is open ({size}); --input HEIGHTxWIDTHxCHANNELS counts at one",)
    if own.built and own.count_params() != rows.totals.parameters:
        return (
            f"at {size} it is another network: {rows.totals.parameters:,} parameters, not the "
            f"{own.count_params():,} of the file",
        )
    return ()
