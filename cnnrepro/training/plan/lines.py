"""A plan as it is told: lines that are exact, measured or projected."""

from __future__ import annotations

from dataclasses import asdict, dataclass

EXACT, MEASURED, PROJECTED = "exact", "measured", "projected"


@dataclass(frozen=True)
class Line:
    """One thing that a plan says.

    Args:
        what: its name.
        value: a number in ``unit``, or a text.
        unit: "" for texts and counts.
        kind: "exact" (counted or published), "measured" (here, now) or "projected" (from an assumption).
        basis: where it comes from, in a few words.
    """

    what: str
    value: float | int | str
    unit: str
    kind: str
    basis: str

    def spelled(self) -> str:
        """The value as people read it."""
        if isinstance(self.value, str):
            return self.value
        if isinstance(self.value, int):
            return f"{self.value:,} {self.unit}".strip()
        digits = 0 if self.value >= 100 else 1 if self.value >= 10 else 2 if self.value >= 0.01 else 4
        return f"{self.value:,.{digits}f} {self.unit}".strip()


@dataclass(frozen=True)
class Plan:
    """A training on paper.

    Args:
        model, dataset, recipe: their names.
        lines: what it takes.
    """

    model: str
    dataset: str
    recipe: str
    lines: tuple[Line, ...]

    def __getitem__(self, what: str) -> Line:
        """A line by its name."""
        return {line.what: line for line in self.lines}[what]

    def rows(self) -> list[tuple[str, str, str]]:
        """For a table: name, value, and whether it is exact, measured or projected, with the basis."""
        return [(line.what, line.spelled(), f"{line.kind}: {line.basis}") for line in self.lines]

    def to_dict(self) -> dict:
        """Plain values for JSON."""
        return asdict(self)
