"""Blocks of README and docs that commands draw: each between two comments, the first of which names its command."""

from pathlib import Path

from tests.committed_page import REPORTS

README = REPORTS.parent / "README.md"
END = "<!-- end -->\n"


def block(module: str, lines: list[str]) -> str:
    """A block with its marks."""
    return _begin(module) + "\n".join(lines) + "\n" + END


def parts(text: str, module: str) -> tuple[str, str, str]:
    """A page before the block of a module, the block, and after it."""
    before, rest = text.split(_begin(module))
    own, after = rest.split(END, 1)
    return before, _begin(module) + own + END, after


def written(module: str, page: Path = README) -> str:
    """The block as a page has it."""
    return parts(page.read_text(encoding="utf-8"), module)[1]


def write(module: str, drawn: str, page: Path = README) -> None:
    """Put a block in its place."""
    before, _, after = parts(page.read_text(encoding="utf-8"), module)
    page.write_text(before + drawn + after, encoding="utf-8")


def _begin(module: str) -> str:
    return f"<!-- drawn by python -m {module} -->\n"
