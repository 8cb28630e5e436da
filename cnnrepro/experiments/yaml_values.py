"""Values written as YAML or JSON, in a batch file or behind ``-p``: plain values, no key twice, and within bounds.

In YAML an alias (``*name``) stands for what was written elsewhere, so that some hundred characters can stand for
gigabytes. What a text comes to without them is counted as it is read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import ClassVar, NoReturn

import yaml

from cnnrepro.errors import UsageError, brief

LARGEST = 2**20  # characters of a text, and of all that its aliases unfold to; a batch of 10,000 entries has fewer
MOST_NESTED = 50  # lists and mappings within one another
LONGEST_NUMBER = 100  # characters; the largest seed has 20


class _Bounded:
    """For a loader of yaml's: what is nested too deeply, or is too much without aliases, is refused as it is met."""

    _level = 0

    def fetch_flow_collection_start(self, token):
        """Called by yaml for each "[" and "{", up to a thousand of them before the first value is made."""
        if self.flow_level >= MOST_NESTED:
            _refuse_nested()
        super().fetch_flow_collection_start(token)

    def compose_node(self, parent, index):
        """Called by yaml for each value; an alias gives the same node as what it stands for."""
        if self._level == 0:
            self._measured = {}  # by node: characters, and levels below it
        self._level += 1
        if self._level > MOST_NESTED:
            _refuse_nested()
        is_alias = self.check_event(yaml.AliasEvent)
        node = super().compose_node(parent, index)
        self._level -= 1
        if not is_alias:
            self._measured[id(node)] = self._measure(node)  # all nodes are kept until the text is read
        elif id(node) not in self._measured:
            raise UsageError(f"The value that begins in line {node.start_mark.line + 1} is within itself, by an alias.")
        return node

    def _measure(self, node: yaml.Node) -> tuple[int, int]:
        if isinstance(node, yaml.ScalarNode):
            _require_characters(node.value)
            return 1 + len(node.value), 0
        pairs = isinstance(node, yaml.MappingNode)
        inner = [self._measured[id(one)] for part in node.value for one in (part if pairs else (part,))]
        characters, levels = 1 + sum(one for one, _ in inner), 1 + max((level for _, level in inner), default=0)
        if characters > LARGEST:
            raise UsageError(f"Its aliases unfold to more than {LARGEST:,} characters.")
        if levels > MOST_NESTED:
            _refuse_nested()
        return characters, levels


class _Texts(_Bounded, yaml.BaseLoader):
    """All scalars are texts."""


class _Loader(_Bounded, yaml.SafeLoader):
    """YAML's safe loader as papermill has it, with dates as text; 1e-3 is a number, None is null, a key stands once."""

    yaml_implicit_resolvers: ClassVar = {
        first: [(tag, form) for tag, form in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_mapping_node(self, anchor):
        """Called by yaml for each mapping as it is written, before ``<<`` adds the keys of another to it."""
        node = super().compose_mapping_node(anchor)
        keys = [(key.value if isinstance(key.value, str) else id(key), key.tag) for key, _ in node.value]
        _once(keys, node.start_mark.line + 1)
        return node

    def construct_yaml_int(self, node):
        """Called by yaml for each whole number."""
        return super().construct_yaml_int(_of_a_number(node))

    def construct_yaml_float(self, node):
        """Called by yaml for each other number."""
        return super().construct_yaml_float(_of_a_number(node))


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)
_Loader.add_constructor("tag:yaml.org,2002:float", _Loader.construct_yaml_float)
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), "-+0123456789")
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile("None$"), ["N"])


def read_yaml(text: str, *, texts: bool = False) -> object:
    """The value of a YAML text.

    Args:
        text: at most ``LARGEST`` characters.
        texts: leave scalars as they are written.

    Raises:
        UsageError: a key that a mapping has twice; or it is too long, nested too deeply, unfolds to too much, or has a
            number of too many digits.
        yaml.YAMLError, ValueError: it is no YAML.
    """
    _require_short(text)
    try:
        return yaml.load(text, _Texts if texts else _Loader)  # noqa: S506 - both make plain values alone
    except (LookupError, AttributeError, TypeError) as error:  # yaml's on "!!int" of nothing, "!!bool maybe" and such
        raise ValueError("a value is not of the type that its tag names") from error


def read_json(text: str) -> object:
    """The value of a JSON text; raises as ``read_yaml`` does, and ValueError where it is no JSON."""

    def mapping(pairs: list[tuple[str, object]]) -> dict:
        _once([(key, "") for key, _ in pairs])
        for key, _ in pairs:
            _require_characters(key)
        return dict(pairs)

    _require_short(text)
    try:
        value = json.loads(
            text,
            object_pairs_hook=mapping,
            parse_int=lambda digits: int(short_number(digits)),
            parse_float=lambda digits: float(short_number(digits)),
        )
    except RecursionError:
        _refuse_nested()
    level, deeper = 0, [value]
    while deeper := [inner for one in deeper for inner in _inside(one)]:
        for one in deeper:
            _require_characters(one)
        level += 1
        if level > MOST_NESTED:
            _refuse_nested()
    return value


def short_number(digits: str) -> str:
    """The digits of a number; raises UsageError where there are more than any number here has."""
    if len(digits) > LONGEST_NUMBER:
        raise UsageError(f"A number has at most {LONGEST_NUMBER} digits. Received: one of {len(digits):,} characters")
    return digits


def _inside(value: object) -> Sequence[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else ()


def _of_a_number(node: yaml.Node) -> yaml.Node:
    if isinstance(node, yaml.ScalarNode):
        short_number(node.value)
    return node


def _require_short(text: str) -> None:
    if len(text) > LARGEST:
        raise UsageError(f"At most {LARGEST:,} characters are read. Received: {len(text):,}")


def _require_characters(value: object) -> None:
    # Python's own functions raise whatever they like where one of these is in a path.
    if not isinstance(value, str):
        return
    if "\0" in value:
        raise UsageError(f"A text may not hold the character NUL. Received: {brief(value)}")
    try:
        value.encode("utf-8", "surrogateescape")  # as a path is encoded
    except UnicodeEncodeError:
        raise UsageError(f"A text may not hold half a character. Received: {brief(value)}") from None


def _refuse_nested() -> NoReturn:
    raise UsageError(f"At most {MOST_NESTED} lists and mappings may lie within one another.")


def _once(keys: Sequence[tuple[object, str]], line: int = 0) -> None:
    known = set()
    for key in keys:
        if key in known:
            where = f" in the mapping that begins in line {line}" if line else ""
            raise UsageError(f"The key {brief(key[0])} is given twice{where}; give it once.")
        known.add(key)
