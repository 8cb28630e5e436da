"""Numbers and shapes as the sentences of verdicts have them."""

from __future__ import annotations

from collections.abc import Iterable


def spelled(numbers: Iterable[object]) -> str:
    """Numbers as prose: 1, 2 and 3."""
    words = [f"{number:,}" if isinstance(number, int) else str(number) for number in numbers]
    return " and ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else "".join(words)


def shape_text(shape: Iterable[int | None]) -> str:
    """A shape as 55x55x96."""
    return "x".join(map(str, shape))


def tiny(value: float) -> str:
    """A rounding error in one digit: 4e-16, or 0."""
    return f"{value:.0e}" if value else "0"
