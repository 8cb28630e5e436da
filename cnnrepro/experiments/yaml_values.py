"""Values written as YAML, in a batch file or behind ``-p``: plain values alone, and no key twice."""

from __future__ import annotations

import json
import re
from typing import ClassVar

import yaml

from cnnrepro.errors import UsageError


class _Loader(yaml.SafeLoader):
    """YAML's safe loader as papermill has it, with dates as text; 1e-3 is a number, None is null, a key stands once."""

    yaml_implicit_resolvers: ClassVar = {
        first: [(tag, form) for tag, form in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_mapping_node(self, anchor):
        """Called by yaml for each mapping as it is written, before ``<<`` adds the keys of another to it."""
        node = super().compose_mapping_node(anchor)
        _once([(key.value, key.tag) for key, _ in node.value], node.start_mark.line + 1)
        return node


_Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), "-+0123456789")
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile("None$"), ["N"])


def read_yaml(text: str) -> object:
    """The value of a YAML text.

    Raises:
        UsageError: a key that a mapping has twice.
        yaml.YAMLError, ValueError, RecursionError: it is no YAML.
    """
    return yaml.load(text, _Loader)  # noqa: S506 - it is a SafeLoader


def read_json(text: str) -> object:
    """The value of a JSON text; raises as ``read_yaml`` does, and ValueError where it is no JSON."""

    def mapping(pairs: list[tuple[str, object]]) -> dict:
        _once([(key, "") for key, _ in pairs])
        return dict(pairs)

    return json.loads(text, object_pairs_hook=mapping)


def _once(keys: list[tuple[str, str]], line: int = 0) -> None:
    for place, key in enumerate(keys):
        if key in keys[:place]:
            where = f" in the mapping that begins in line {line}" if line else ""
            raise UsageError(f"The key {key[0]!r} is given twice{where}; give it once.")
