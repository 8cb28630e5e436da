"""The public names of the package as its sources have them: what each is, its signature, its docstring, its members.

The sources are read and not run, so that neither TensorFlow nor Keras is loaded. Public is what a room lists in its
``__all__``, and of a class or a module that stands there what does not begin with an underscore.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "cnnrepro"
_HOME = Path(__file__).parents[2]  # the package's folder
_LAZY, _MODULES = ("_NAMES",), ("_MODULES", "_ROOMS")  # of packages that fetch names when they are first used
FUNCTION, CLASS, PROPERTY, VALUE, MODULE = "function", "class", "property", "value", "module"
_WIDTH = 80  # characters of a signature on one line
_SHORT = 60  # characters of a value that is shown


@dataclass(frozen=True)
class Name:
    """A public name.

    Args:
        name: as it is imported or called, ``cnnrepro.models.build``.
        kind: ``FUNCTION``, ``CLASS``, ``PROPERTY``, ``VALUE`` or ``MODULE``.
        signature: how it is called, or what it is; empty for a module.
        doc: its docstring, without its indentation.
        home: the module that defines it, and its name there; what has two public names has one home.
        members: of a class its methods and properties, of a module its functions and classes, of a room its names.
    """

    name: str
    kind: str
    signature: str
    doc: str
    home: str
    members: tuple[Name, ...] = ()


def rooms() -> list[Name]:
    """The package itself with its names, then its rooms with theirs, in the order of their ``__all__``."""
    own = _listed(PACKAGE)
    named = [one for one in own if not _is_module(f"{PACKAGE}.{one}")]
    return [_room(PACKAGE, named), *(_room(f"{PACKAGE}.{one}") for one in own if one not in named)]


def _room(module: str, listed: list[str] | None = None) -> Name:
    listed = _listed(module) if listed is None else listed
    members = tuple(_named(f"{module}.{one}", *_found(module, one)) for one in listed)
    return Name(module, MODULE, "", ast.get_docstring(_tree(module)) or "", module, members)


def _path(module: str) -> Path:
    place = _HOME.joinpath(*module.split(".")[1:])
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


def _is_module(name: str) -> bool:
    return name.split(".")[0] == PACKAGE and _path(name).is_file()


@functools.lru_cache(maxsize=256)
def _tree(module: str) -> ast.Module:
    return ast.parse(_path(module).read_text(encoding="utf-8"))


def _values(module: str, names: tuple[str, ...]) -> Iterator[object]:
    """What the assignments to names at the top of a module have, where it is literal."""
    for node in _tree(module).body:
        if isinstance(node, ast.Assign) and set(names) & set(_targets(node)):
            yield ast.literal_eval(node.value)


def _lazy(module: str) -> dict[str, tuple[str, str]]:
    """The names that a module fetches when they are first used: where each lies, module and name."""
    homes: dict[str, tuple[str, str]] = {}
    for listed in _values(module, _MODULES):
        homes |= {name: (f"{module}.{name}", "") for name in listed}
    for table in _values(module, _LAZY):
        for key, value in table.items():
            names, home = ((key,), value) if isinstance(value, str) else (value, key)
            home = home if home.startswith(f"{PACKAGE}.") else f"{module}.{home}"
            homes |= {name: (home, name) for name in names}
    return homes


def _listed(module: str) -> list[str]:
    """The names in the ``__all__`` of a module: those that are fetched when they are first used, and those listed."""
    every = [node.value for node in _tree(module).body if isinstance(node, ast.Assign) and "__all__" in _targets(node)]
    named = [one.value for one in getattr(every[0], "elts", ()) if isinstance(one, ast.Constant)] if every else []
    return [*_lazy(module), *named]


def _found(module: str, name: str) -> tuple[str, ast.AST | None]:
    """Where a name of a module comes from: the module and the statement that defines it; none for a module.

    Raises:
        LookupError: nothing defines it.
    """
    for node in reversed(_tree(module).body):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            return module, node
        if isinstance(node, ast.Assign | ast.AnnAssign) and name in _targets(node):
            return module, node
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == PACKAGE:
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    own = f"{node.module}.{alias.name}"
                    return (own, None) if _is_module(own) else _found(node.module, alias.name)
    if name in (lazy := _lazy(module)):
        home, there = lazy[name]
        return _found(home, there) if there else (home, None)
    if _is_module(f"{module}.{name}"):
        return f"{module}.{name}", None
    raise LookupError(f"nothing in {module} defines {name!r}")


def _targets(node: ast.Assign | ast.AnnAssign) -> list[str]:
    """What is assigned to, as it is written."""
    return list(map(ast.unparse, node.targets if isinstance(node, ast.Assign) else [node.target]))


def _named(name: str, module: str, node: ast.AST | None) -> Name:
    """A name by the statement that defines it."""
    if node is None:
        return Name(name, MODULE, "", ast.get_docstring(_tree(module)) or "", module, tuple(_of_module(name, module)))
    short = name.rpartition(".")[2]
    if isinstance(node, ast.FunctionDef):
        signature = _call(short, _arguments(node.args), node.returns)
        return Name(name, FUNCTION, signature, ast.get_docstring(node) or "", f"{module}.{node.name}")
    if isinstance(node, ast.ClassDef):
        signature, members = _class(short, node), tuple(_of_class(name, node, module))
        return Name(name, CLASS, signature, ast.get_docstring(node) or "", f"{module}.{node.name}", members)
    return Name(name, VALUE, _value(short, node), _doc_below(module, node), f"{module}.{_targets(node)[0]}")


def _of_module(name: str, module: str) -> Iterator[Name]:
    """The public functions and classes of a module that stands in a list itself; of a package what it gathers."""
    if _path(module).name == "__init__.py":
        imports = [node for node in _tree(module).body if isinstance(node, ast.ImportFrom)]
        names = [
            alias.asname or alias.name for node in imports if node.module.startswith(module) for alias in node.names
        ]
    else:
        kinds = ast.FunctionDef | ast.ClassDef
        names = [node.name for node in _tree(module).body if isinstance(node, kinds) and not node.name.startswith("_")]
    for one in names:
        yield _named(f"{name}.{one}", *_found(module, one))


def _of_class(name: str, node: ast.ClassDef, module: str) -> Iterator[Name]:
    """The methods and properties of a class."""
    for part in node.body:
        if not isinstance(part, ast.FunctionDef) or part.name.startswith("_"):
            continue
        own, home = ast.get_docstring(part) or "", f"{module}.{node.name}.{part.name}"
        decorators = {ast.unparse(one) for one in part.decorator_list}
        if decorators & {"property", "functools.cached_property", "cached_property"}:
            of = f" -> {ast.unparse(part.returns)}" if part.returns else ""
            yield Name(f"{name}.{part.name}", PROPERTY, part.name + of, own, home)
        elif not any(one.endswith(".setter") for one in decorators):
            given = _arguments(part.args)[0 if "staticmethod" in decorators else 1 :]
            yield Name(f"{name}.{part.name}", FUNCTION, _call(part.name, given, part.returns), own, home)


def _class(name: str, node: ast.ClassDef) -> str:
    """How a class is called: by its ``__init__``, by its fields, or as its bases are."""
    made = [part for part in node.body if isinstance(part, ast.FunctionDef) and part.name == "__init__"]
    bases = [ast.unparse(base) for base in node.bases]
    if made:
        return "class " + _call(name, _arguments(made[0].args)[1:], None)
    if "NamedTuple" in bases or any("dataclass" in ast.unparse(one) for one in node.decorator_list):
        return "class " + _call(name, _fields(node), None)
    return f"class {name}({', '.join(bases)})" if bases else f"class {name}"


def _fields(node: ast.ClassDef) -> list[str]:
    """The fields of a dataclass as the arguments of its call."""
    fields, by_name = [], []
    for part in node.body:
        if not isinstance(part, ast.AnnAssign) or ast.unparse(part.annotation).startswith("ClassVar"):
            continue
        said = {one.arg: one.value for one in getattr(part.value, "keywords", ())}
        own = isinstance(part.value, ast.Call) and ast.unparse(part.value.func) in ("field", "dataclasses.field")
        if own and ast.unparse(said.get("init", ast.Constant(True))) == "False":
            continue
        default = said.get("default", said.get("default_factory")) if own else part.value
        text = f"{ast.unparse(part.target)}: {ast.unparse(part.annotation)}"
        text += f" = {ast.unparse(default)}{'()' * (own and 'default_factory' in said)}" if default else ""
        alone = own and ast.unparse(said.get("kw_only", ast.Constant(False))) == "True"
        (by_name if alone else fields).append(text)
    return [*fields, *(["*", *by_name] if by_name else [])]


def _arguments(given: ast.arguments) -> list[str]:
    """Arguments one by one, as they are written."""
    first = [*given.posonlyargs, *given.args]
    defaults = [None] * (len(first) - len(given.defaults)) + given.defaults
    shown = [_argument(one, default) for one, default in zip(first, defaults, strict=True)]
    if given.vararg or given.kwonlyargs:
        shown.append("*" + (_argument(given.vararg, None) if given.vararg else ""))
    shown += [_argument(one, default) for one, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)]
    return shown + (["**" + _argument(given.kwarg, None)] if given.kwarg else [])


def _argument(one: ast.arg, default: ast.expr | None) -> str:
    text = one.arg + (f": {ast.unparse(one.annotation)}" if one.annotation else "")
    spaces = " " * bool(one.annotation)
    return text + (f"{spaces}={spaces}{ast.unparse(default)}" if default else "")


def _call(name: str, arguments: list[str], returns: ast.expr | None) -> str:
    """A call on one line, or with a line an argument where that is too long."""
    of = f" -> {ast.unparse(returns)}" if returns else ""
    line = f"{name}({', '.join(arguments)}){of}"
    if len(line) <= _WIDTH:
        return line
    return "\n".join([f"{name}(", *(f"    {one}," for one in arguments), f"){of}"])


def _value(name: str, node: ast.Assign | ast.AnnAssign) -> str:
    """A value with its type, where it is written, and itself where it is short."""
    of = f": {ast.unparse(node.annotation)}" if isinstance(node, ast.AnnAssign) else ""
    text = ast.unparse(node.value) if node.value else ""
    return f"{name}{of}" + (f" = {text}" if text and len(text) <= _SHORT else "")


def _doc_below(module: str, node: ast.AST) -> str:
    """The text that stands below an assignment, as the docstring of what is assigned."""
    body = _tree(module).body
    below = body[body.index(node) + 1 :][:1]
    said = [one.value.value for one in below if isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)]
    return said[0] if said and isinstance(said[0], str) else ""
