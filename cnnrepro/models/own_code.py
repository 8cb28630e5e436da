"""Code of the user's own: a function out of ``FILE.py:FUNCTION`` or ``MODULE:FUNCTION``, and what it consists of; and
what a file defines.

It runs because the user named it. What is read out of records, pages and other people's files never comes here.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import importlib
import importlib.metadata
import importlib.util
import inspect
import re
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from cnnrepro.errors import UsageError, brief

_NAMED = re.compile(r"(?P<place>.+\.py|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):(?P<function>[A-Za-z_]\w*)")
_LOADED = "cnnrepro_own_"  # before the name of a file's module, which may be that of another module
STANDARD = tuple({Path(sysconfig.get_path(kind)).resolve() for kind in ("stdlib", "platstdlib")})
INSTALLED = {"site-packages", "dist-packages"}  # folders of libraries: the environment's, the system's, the user's
PACKAGE = Path(__file__).resolve().parents[1]


@dataclass
class _File:
    """A file that is loaded.

    Args:
        module: what it became.
        beside: the modules of the user's that lie beside it, by name. Other files may import others under these names.
        texts: the text of every file that it is made of.
    """

    module: ModuleType
    beside: dict[str, ModuleType] = field(default_factory=dict)
    texts: dict[Path, str] = field(default_factory=dict)

    def is_as_it_was(self) -> bool:
        """Whether none of its files has changed."""
        return all(_text_of(path) == text for path, text in self.texts.items())


_files: dict[Path, _File] = {}


def names_function(name: str) -> bool:
    """Whether a text is ``FILE.py:FUNCTION`` or ``MODULE:FUNCTION``."""
    return bool(_NAMED.fullmatch(name))


def take_apart(name: str) -> tuple[str, str]:
    """The file or module, and the function."""
    match = _NAMED.fullmatch(name)
    return match["place"], match["function"]


@contextlib.contextmanager
def _beside(folder: Path, modules: dict[str, ModuleType]) -> Iterator[None]:
    """Let code import what lies in a folder, as it does when Python runs a file there, and keep it apart from others.

    Args:
        folder: where the file lies.
        modules: what was imported from there before; what is imported now is added.
    """
    names = {path.stem for path in folder.iterdir() if path.suffix == ".py" or path.is_dir()}

    def taken_out() -> dict[str, ModuleType]:
        found = {name: one for name, one in sys.modules.items() if name.partition(".")[0] in names and _is_own(one)}
        for name in found:
            del sys.modules[name]
        return found

    others = taken_out()
    sys.modules.update(modules)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            sys.path.remove(str(folder))
        modules.update(taken_out())
        sys.modules.update(others)


def function(name: str) -> Callable[..., object]:
    """The function that a text names; its file is run where it is not loaded, or has changed since.

    Raises:
        UsageError: no such file, module or function, or code that raises while it is loaded.
    """
    place, wanted = take_apart(name)
    module = _module(name)
    found = getattr(module, wanted, None)
    if not callable(found):
        known = [
            other
            for other, value in vars(module).items()
            if inspect.isfunction(value) and value.__module__ == module.__name__
        ]
        what = f"{place!r} has no function {wanted!r}"
        if found is not None:
            what = f"{wanted!r} in {place!r} is no function"
        raise UsageError(f"{what}; functions there: {', '.join(known) or 'none'}. Received: {brief(name)}")
    return found


def defined(path: str) -> tuple[Mapping[str, object], tuple[Path, ...]]:
    """What a file of the user's own defines, by name; it is run where it is not loaded, or has changed since.

    Args:
        path: of the file, ``FILE.py``.

    Returns:
        The names with their values; and the files that it is made of, itself first.

    Raises:
        UsageError: no such file, or code that raises while it is loaded.
    """
    try:
        loaded = _file(path)
    except SystemExit as error:
        raise _raised(path, "loaded", error) from error
    own = Path(loaded.module.__file__)
    return vars(loaded.module), (own, *(file for file in loaded.texts if file != own))


def _module(name: str) -> ModuleType:
    place, _ = take_apart(name)
    if place.endswith(".py"):
        return _file(name).module
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError as error:
        if error.name and f"{place}.".startswith(f"{error.name}."):
            raise UsageError(
                f"There is no module {error.name!r}. A network of your own is FILE.py:FUNCTION or MODULE:FUNCTION. "
                f"Received: {brief(name)}"
            ) from error
        raise _raised(name, "loaded", error) from error
    except Exception as error:
        raise _raised(name, "loaded", error) from error


def _file(name: str) -> _File:
    """The file of a name or a path, loaded where it is not, or where it or what it imports of one's own has changed."""
    path = Path(take_apart(name)[0] if names_function(name) else name).expanduser().resolve()
    if not path.is_file():
        raise UsageError(f"There is no file {str(path)!r}. Received: {brief(name)}")
    if path in _files and _files[path].is_as_it_was():
        return _files[path]
    unique = f"{_LOADED}{_digest(str(path))[:8]}_{path.stem}"
    spec = importlib.util.spec_from_file_location(unique, path)
    loaded = _File(importlib.util.module_from_spec(spec))
    sys.modules[unique] = loaded.module  # where Keras looks for the classes of a module
    try:
        with _beside(path.parent, loaded.beside):
            spec.loader.exec_module(loaded.module)
    except Exception as error:
        raise _raised(name, "loaded", error) from error
    files = [Path(one.__file__) for one in _own_modules(loaded.module, loaded.beside)]
    loaded.texts.update({file: _text_of(file) for file in files})
    _files[path] = loaded
    return loaded


def _raised(name: str, when: str, error: Exception | SystemExit) -> UsageError:
    """The error for code that raised; says what and where."""
    trace, line = error.__traceback__, ""
    while trace is not None:  # the innermost line of the user's own code
        file = Path(trace.tb_frame.f_code.co_filename)
        if _is_own_file(file):
            line = f" in line {trace.tb_lineno} of {file.name}"
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.lineno:
        line = f" in line {error.lineno} of {Path(error.filename or name).name}"
    text = str(error).strip().splitlines()
    if isinstance(error, UsageError) and text:  # a sentence for people, of ours
        return UsageError(f"{name!r} could not be {when}{line}: {text[0]}")
    said = f": {text[0]}" if text else ""
    return UsageError(f"{name!r} could not be {when}: {type(error).__name__}{line}{said}")


def call(name: str, **arguments: object) -> object:
    """What the named function returns; raises UsageError where it raises, or takes other arguments."""
    made = function(name)
    place, _ = take_apart(name)
    try:
        if not place.endswith(".py"):
            return made(**arguments)
        loaded = _file(name)
        with _beside(Path(loaded.module.__file__).parent, loaded.beside):
            return made(**arguments)
    except UsageError:
        raise
    except Exception as error:
        raise _raised(name, "called", error) from error


def source(name: str) -> dict[str, str]:
    """What the code of a function comes to, by file: a digest of its module, and of each of the user's that it imports.

    Of the syntax, in which comments and blank lines count nothing. Of an installed library it is the version.
    """
    module = _module(name)
    own = _own_modules(module, _file(name).beside if take_apart(name)[0].endswith(".py") else {})
    if not own:
        top = module.__name__.partition(".")[0]
        libraries = importlib.metadata.packages_distributions().get(top, ())
        return {library: importlib.metadata.version(library) for library in libraries} or {top: "of no known version"}
    found: dict[str, str] = {}
    for one in own:
        file = Path(one.__file__)
        name = file.name if file.name not in found else f"{file.name} ({len(found) + 1})"  # such as __init__.py
        found[name] = _digest(ast.dump(ast.parse(_text_of(file))))
    return found


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _own_modules(module: ModuleType, beside: Mapping[str, ModuleType]) -> list[ModuleType]:
    """A module of the user's and, in the order in which they are met, those of the user's that it imports."""
    found: dict[str, ModuleType] = {}
    waiting = [module]
    while waiting:
        one = waiting.pop(0)
        if one.__name__ in found or not _is_own(one):
            continue
        found[one.__name__] = one
        others = (beside.get(name) or sys.modules.get(name) for name in _imported(one))
        waiting += filter(None, others)
    return list(found.values())


def _imported(module: ModuleType) -> Iterator[str]:
    """The names of what a module imports; among them some that are no modules."""
    for node in ast.walk(ast.parse(_text_of(Path(module.__file__)))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            name = node.module or ""
            if node.level:
                try:
                    name = importlib.util.resolve_name("." * node.level + name, module.__package__ or module.__name__)
                except ImportError:  # of a package that the file is not run as a part of; the code has caught it
                    continue
            yield name
            yield from (f"{name}.{alias.name}" for alias in node.names)


def _is_own(module: ModuleType) -> bool:
    file = getattr(module, "__file__", None)
    return bool(file) and _is_own_file(Path(file))


def _is_own_file(path: Path) -> bool:
    path = path.resolve()
    installed = INSTALLED & set(path.parts) or any(path.is_relative_to(folder) for folder in (*STANDARD, PACKAGE))
    return path.suffix == ".py" and not installed


def _text_of(path: Path) -> str | None:
    """The text of a file as it is now; None where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
