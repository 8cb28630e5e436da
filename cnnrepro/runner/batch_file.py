"""A batch as a YAML or JSON file: which experiments, with which parameters.

experiments:
  - run: alexnet_vs_resnet
    parameters: {seeds: 0..9, batchnorm_momentum: [0.9, 0.99]}
  - run: my_notebooks/mine.ipynb     # beside this file, as claims of one's own are (my_claim.py)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cnnrepro.errors import UsageError, brief, shortened, unknown
from cnnrepro.experiments.yaml_values import LARGEST, read_json, read_yaml
from cnnrepro.files import read_regular

ENDINGS = (".yaml", ".yml", ".json")  # by which ``cnnrepro run`` tells a batch file
BESIDE = (".ipynb", ".py")  # of what lies beside the file
LARGEST_FILE = 4 * LARGEST  # bytes, four to a character at most


@dataclass(frozen=True)
class Entry:
    """One line of a batch: an experiment's name, or the path of a notebook or a claim; its parameters as written."""

    target: str
    parameters: Mapping[str, object] = field(default_factory=dict)


def read(path: Path) -> list[Entry]:
    """The entries of a batch file; only its form is checked here.

    Raises:
        UsageError: no such file, no YAML, or not of the form; says where.
    """
    import yaml

    try:
        text = read_regular(path, LARGEST_FILE).decode("utf-8-sig")
        content = read_json(text) if path.suffix == ".json" else read_yaml(text)
    except FileNotFoundError as error:
        raise UsageError(f"There is no batch file {str(path)!r}.") from error
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"The batch file {str(path)!r} cannot be read: {reason}.") from error
    except UsageError as error:  # a key that is given twice
        raise UsageError(f"The batch file {str(path)!r}: {error}") from error
    except (yaml.YAMLError, ValueError) as error:  # such as a date that is none
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, " if mark else ""
        problem = shortened(getattr(error, "problem", None) or str(error).partition("\n")[0])
        kind = "JSON" if path.suffix == ".json" else "YAML"
        raise UsageError(f"The batch file {str(path)!r} is not {kind}: {where}{problem}.") from error
    if not isinstance(content, dict) or not isinstance(content.get("experiments"), list) or not content["experiments"]:
        raise UsageError(
            f"The batch file {str(path)!r} must hold a list `experiments:` whose entries say `run: NAME` and, if need "
            f"be, `parameters:`."
        )
    _check_names(content, ("experiments",), "key of a batch file")
    return [_entry(entry, number, path) for number, entry in enumerate(content["experiments"], 1)]


def _entry(entry: object, number: int, path: Path) -> Entry:
    if isinstance(entry, str):
        entry = {"run": entry}
    if not isinstance(entry, dict) or not isinstance(entry.get("run"), str):
        raise UsageError(f"Entry {number} of {str(path)!r} must say `run:` and a name. Received: {brief(entry)}")
    _check_names(entry, ("run", "parameters"), f"key of entry {number} of {str(path)!r}")
    target, parameters = entry["run"], entry.get("parameters") or {}
    if not isinstance(parameters, dict) or not all(isinstance(name, str) for name in parameters):
        raise UsageError(f"`parameters` of entry {number} of {str(path)!r} must be names with values.")
    return Entry(str(path.parent / target) if target.endswith(BESIDE) else target, parameters)


def _check_names(given: Mapping, known: tuple[str, ...], kind: str) -> None:
    for name in given:
        if name not in known:
            raise unknown(kind, str(name), known)
