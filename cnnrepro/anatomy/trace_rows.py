"""The rows of a trace, their totals, and their forms: a table, text, JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from cnnrepro.errors import unknown

if TYPE_CHECKING:
    import pandas as pd

UNKNOWN = "unknown"
"""What stands in a row in place of a number that nobody can say of a layer."""


@dataclass(frozen=True)
class Row:
    """One call of a layer.

    Args:
        name, kind: the layer's name and class.
        output_shape: without the batch axis; a tuple of shapes where there are several outputs.
        parameters, trainable_parameters: those that no row before has counted.
        multiply_adds: for one image.
        activation_bytes, training_bytes: of the output for one image, without and with its gradient; 0 where it is
            written over the layer's input or is a view of it; "unknown", as the multiply-adds above and the three
            below, where nobody can say.
        receptive_field, stride, offset: in pixels of the input; a pair where the axes differ; None where there are no
            places: a stride where one unit is left, all three where the input is a vector.
        at_inference: False for what is computed in training alone.
        note: where paths disagree, and the like.
    """

    name: str
    kind: str
    output_shape: tuple
    parameters: int
    trainable_parameters: int
    multiply_adds: int | str
    activation_bytes: int | str
    training_bytes: int | str
    receptive_field: int | tuple[int, ...] | str | None
    stride: float | tuple[float, ...] | str | None
    offset: float | tuple[float, ...] | str | None
    at_inference: bool = True
    note: str = ""


@dataclass(frozen=True)
class Totals:
    """Sums over the rows. This is the place where figures of whole networks are made, for commands and pages alike.

    Args:
        parameters, trainable_parameters: of the model.
        multiply_adds: at inference, for one image; "unknown" where a row's are.
        known_multiply_adds: the sum of those that are known: "at least" so many, where some are not.
        activation_bytes: at inference, for one image, when every output is kept; "unknown" where a row's are.
        training_bytes: outputs and their gradients, those in training alone included.
        unknown: names of the rows whose multiply-adds are unknown.
        answering_parameters: trainable ones on the way to the answer; heads that are there in training alone are not.
    """

    parameters: int
    trainable_parameters: int
    multiply_adds: int | str
    known_multiply_adds: int
    activation_bytes: int | str
    training_bytes: int | str
    unknown: tuple[str, ...] = ()
    answering_parameters: int = 0

    @property
    def non_trainable_parameters(self) -> int:
        """Parameters that training does not touch, such as moving statistics."""
        return self.parameters - self.trainable_parameters

    def spelled_multiply_adds(self, names: int = 12) -> str:
        """The sum as text; where some are unknown, what is known, and so many names of the layers that it lacks."""
        if not self.unknown:
            return spell(self.known_multiply_adds)
        listed = ", ".join(self.unknown[:names])
        more = f" and {len(self.unknown) - names:,} more" if len(self.unknown) > names else ""
        return f"at least {spell(self.known_multiply_adds)}; not counted: {listed}{more}"


def _total(values: list[int | str]) -> int | str:
    return UNKNOWN if UNKNOWN in values else sum(values)


@dataclass(frozen=True)
class Trace:
    """A model's rows, in the order in which they are computed.

    Args:
        model: its name.
        input_shape: of one image.
        rows: one for each call of a layer.
    """

    model: str
    input_shape: tuple[int | None, ...]
    rows: tuple[Row, ...]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, key: int | str) -> Row:
        """A row by its number or its layer's name; raises UsageError that lists the known names."""
        if isinstance(key, int):
            return self.rows[key]
        for row in self.rows:
            if row.name == key:
                return row
        raise unknown(f"layer of {self.model!r}", key, [row.name for row in self.rows])

    @property
    def totals(self) -> Totals:
        """Sums over the rows."""
        inference = [row for row in self.rows if row.at_inference]
        costs = [row.multiply_adds for row in inference]
        return Totals(
            parameters=sum(row.parameters for row in self.rows),
            trainable_parameters=sum(row.trainable_parameters for row in self.rows),
            multiply_adds=_total(costs),
            known_multiply_adds=sum(cost for cost in costs if cost != UNKNOWN),
            activation_bytes=_total([row.activation_bytes for row in inference]),
            training_bytes=_total([row.training_bytes for row in self.rows]),
            unknown=tuple(row.name for row in inference if row.multiply_adds == UNKNOWN),
            answering_parameters=sum(row.trainable_parameters for row in inference),
        )

    def frame(self) -> pd.DataFrame:
        """The rows as a table, a column a field; shapes, pairs and "unknown" stay as they are."""
        import pandas as pd

        return pd.DataFrame([asdict(row) for row in self.rows])

    def to_dict(self) -> dict:
        """Model, input, layers and totals as plain values for JSON."""
        layers = [{name: _plain(value) for name, value in asdict(row).items()} for row in self.rows]
        totals = asdict(self.totals) | {"non_trainable_parameters": self.totals.non_trainable_parameters}
        return {
            "model": self.model,
            "input": list(self.input_shape),
            "layers": layers,
            "totals": {name: _plain(value) for name, value in totals.items()},
        }

    def text(self) -> str:
        """The rows as lines of aligned text, the totals below."""
        import pandas as pd

        totals = self.totals
        lines = [
            f"{self.model}: input {spell_shape(self.input_shape)}",
            pd.DataFrame([spelled(row) for row in self.rows]).to_string(index=False),
            f"parameters {totals.parameters:,} ({totals.trainable_parameters:,} trainable)",
            f"multiply-adds {totals.spelled_multiply_adds()}",
            f"activations {spell(totals.activation_bytes)} bytes an image, {spell(totals.training_bytes)} in training",
        ]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text()


def _plain(value: object) -> object:
    return [_plain(part) for part in value] if isinstance(value, tuple) else value


def spell(value: object) -> str:
    """A cell as text: thousands separators, pairs with ×, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return "×".join(spell(part) for part in value)
    if isinstance(value, float):
        return f"{value:g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def spell_shape(shape: tuple) -> str:
    """A shape as text: 224×224×3, with ? for an unknown size; several shapes after one another."""
    if shape and isinstance(shape[0], tuple):
        return ", ".join(spell_shape(part) for part in shape)
    return "×".join("?" if size is None else str(size) for size in shape)


def spelled(row: Row) -> dict[str, str]:
    """A row's cells as text, under the headings of a table."""
    return {
        "layer": row.name,
        "kind": row.kind,
        "output": spell_shape(row.output_shape),
        "parameters": spell(row.parameters),
        "multiply-adds": spell(row.multiply_adds),
        "field": spell(row.receptive_field),
        "stride": spell(row.stride),
        "offset": spell(row.offset),
        "bytes": spell(row.activation_bytes),
        "note": row.note,
    }
