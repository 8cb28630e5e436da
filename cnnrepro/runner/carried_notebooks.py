"""The notebooks that the package carries: which there are, and copies of them to open and change."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cnnrepro import paths
from cnnrepro.errors import UsageError, unknown
from cnnrepro.experiments.catalogue import EXPERIMENTS
from cnnrepro.files import write_whole

_NAMED = 3  # files in the way, in a message


def notebook_rows(names: Sequence[str] = ()) -> list[dict]:
    """One row a notebook, of these names or of all: name, question, minutes on 2 cores, and its file.

    Raises:
        UsageError: there is no notebook of a name.
    """
    chosen = [name.removesuffix(".ipynb") for name in names] or list(EXPERIMENTS)
    for name in chosen:
        if name not in EXPERIMENTS:
            raise unknown("notebook", name, EXPERIMENTS)
    rows = [EXPERIMENTS[name] for name in dict.fromkeys(chosen)]
    return [
        {"name": row.name, "minutes": row.minutes, "question": row.question, "file": str(row.notebook)} for row in rows
    ]


def copy_notebooks(to: Path, names: Sequence[str] = ()) -> list[Path]:
    """Copy notebooks into a folder, which is made where it is missing; one that is there already, as it is, stays.

    Args:
        to: the folder.
        names: of the notebooks; all where there are none.

    Returns:
        The copies.

    Raises:
        UsageError: an unknown name, a folder that cannot be written, or another file of a notebook's name in it;
            nothing is written then.
    """
    sources = [Path(row["file"]) for row in notebook_rows(names)]
    if to.is_file():
        raise UsageError(f"--to must be a folder. Received: {str(to)!r}, a file")
    paths.require_writable(to, "--to")
    copies = {source: to / source.name for source in sources}
    new = {source: copy for source, copy in copies.items() if not copy.exists() and not copy.is_symlink()}
    others = [copy.name for source, copy in copies.items() if source not in new and not _same(source, copy)]
    if others:
        named = ", ".join(others[:_NAMED]) + (f" and {len(others) - _NAMED} more" if len(others) > _NAMED else "")
        raise UsageError(
            f"{str(to)!r} has {named} with other contents, such as changes of yours; name another folder, or move "
            f"{'it' if len(others) == 1 else 'them'} away first. Nothing was written."
        )
    to.mkdir(parents=True, exist_ok=True)
    for source, copy in new.items():
        content = source.read_bytes()
        write_whole(copy, lambda file, content=content: file.write(content))
    return list(copies.values())


def _same(source: Path, copy: Path) -> bool:
    """Whether a copy is a file with the contents of its source."""
    try:
        return copy.read_bytes() == source.read_bytes()
    except OSError:
        return False
