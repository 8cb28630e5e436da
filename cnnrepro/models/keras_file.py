"""The architecture in a ``.keras`` file, without its weights and without running anything the file brings along.

A ``.keras`` file is a zip with a ``config.json`` that names classes by module. Keras's safe mode refuses Python code in
it (lambdas); several holes in that were found over the years. So every name in the file is looked at first: only
Keras's own classes that cannot run foreign code, and this package's, are let through to Keras.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cnnrepro.errors import UsageError, of_path
from cnnrepro.models.configuration_work import depth, objects, work_of

if TYPE_CHECKING:
    import keras

LARGEST_METADATA = 2**16  # bytes; Keras writes about sixty
LARGEST_CONFIG = 8 * 2**20  # bytes; ResNet-152's has half a million. As Python's objects they are some 25 times as many
STEP = 2**16  # bytes that are unpacked at a time
MOST_NESTED = 100  # lists and objects within one another; a model within a model has four more
MOST_CALLS = 20_000  # of layers, some 0.5 ms each; ResNet-152 is built with 500, a sequential model of 200 with 20,000
# Keras's own layers that hold code, or load it from elsewhere.
CODE_CARRIERS = frozenset({"Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "__lambda__"})
OWN = "cnnrepro>"


def is_file(name: str) -> bool:
    """Whether a text is meant as a file or folder rather than as a model's name, which has neither dot nor slash."""
    return "." in name or os.sep in name or os.path.exists(name)  # noqa: PTH110 - pathlib raises for a name that is too long


def read_architecture(path: Path) -> keras.Model:
    """The model of a ``.keras`` file with no weights in memory: fit for counting, not for predicting.

    Raises:
        UsageError: no such file, not a ``.keras`` file, or one that names classes of its own or carries code.
    """
    is_folder = os.path.isdir(path)  # noqa: PTH112
    if path.suffix.lower() != ".keras" or is_folder:
        what = ", and this is a folder" if is_folder else ""
        raise UsageError(
            f"{of_path(path)} was not read: only .keras files of Keras 3 are{what}. Other formats have no safe mode; "
            "load it with what wrote it, and model.save('name.keras') with Keras 3."
        )
    config = _config(path)
    config.pop("compile_config", None)  # losses and optimisers are no part of the architecture, and never looked at
    _require_little_work(path, config)
    for entry in objects(config):
        _refuse_foreign(path, entry)
        _require_printable_name(path, entry)
    return _deserialize(path, config)


def _config(path: Path) -> dict:
    if not os.path.isfile(path):  # noqa: PTH113
        raise UsageError(f"There is no file {of_path(path)}.")
    try:
        with zipfile.ZipFile(path) as archive:
            version = _version(archive)
            written = _unpacked(archive, "config.json", LARGEST_CONFIG)
            config = None if written is None else json.loads(written)
    except Exception as error:  # changed bytes can mean anything to a zip: encryption, another compression or version
        raise UsageError(
            f"{of_path(path)} is not a .keras file as model.save('name.keras') writes it, or not the whole of one "
            f"({type(error).__name__})."
        ) from error
    if version and not version.startswith("3."):
        raise UsageError(
            f"{of_path(path)} was not read: Keras {version} wrote it (metadata.json), and only files of Keras 3 are "
            "read. Load it with that Keras, keep its weights, and save the same network with Keras 3."
        )
    if written is None:
        raise UsageError(f"The configuration in {of_path(path)} is larger than {LARGEST_CONFIG // 2**20} MiB.")
    if not isinstance(config, dict) or "class_name" not in config:
        raise UsageError(f"{of_path(path)} holds no model.")
    return config


def _unpacked(archive: zipfile.ZipFile, name: str, most: int) -> bytes | None:
    """What a member of an archive holds; None where that is more than ``most`` bytes, whatever its header says.

    Raises:
        ValueError: it is packed in another way than Keras packs. Those unpack what they are given at once, of any size.
    """
    if archive.getinfo(name).compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name} is neither stored nor deflated")
    content = bytearray()
    with archive.open(name) as member:
        while step := member.read(STEP):
            content += step
            if len(content) > most:
                return None
    return bytes(content)


def _version(archive: zipfile.ZipFile) -> str:
    """The Keras that wrote a file, by its own words; "" where it does not say."""
    if "metadata.json" not in archive.namelist():
        return ""
    said = json.loads(_unpacked(archive, "metadata.json", LARGEST_METADATA) or b"{}")
    version = said.get("keras_version") if isinstance(said, dict) else None
    return version[:40] if isinstance(version, str) else ""


def _require_little_work(path: Path, config: dict) -> None:
    """Refuse a configuration whose network would take minutes or years to build."""
    if (nested := depth(config)) > MOST_NESTED:
        raise UsageError(
            f"{of_path(path)} was not read: its configuration is nested too deeply. At most {MOST_NESTED} lists and "
            f"objects may lie within one another. Received: {nested:,}"
        )
    if (calls := work_of(config).build) > MOST_CALLS:
        received = f"{calls:,}" if calls < 10**9 else f"more than {10**9:,}"
        raise UsageError(
            f"{of_path(path)} was not read: its network has too many layers, or too many within one another. At most "
            f"{MOST_CALLS:,} calls of layers may build it (n layers of a sequential model take n (n + 1) / 2). "
            f"Received: {received}"
        )


def is_harmless(entry: Mapping) -> bool:
    """Whether a part of a configuration is Keras's or this package's own, and cannot run code from elsewhere."""
    name, module, registered = (entry.get(key) for key in ("class_name", "module", "registered_name"))
    if not isinstance(name, str):
        return False
    config = entry.get("config")
    if name == "function":  # a bare function; its name stands in the config
        return isinstance(config, str) and config in _own_names()
    own = isinstance(registered, str) and registered == f"{OWN}{name}" and registered in _own_names()
    from_keras = module is None or (isinstance(module, str) and module.split(".")[0] == "keras")
    return name not in CODE_CARRIERS and (from_keras or own)


def _refuse_foreign(path: Path, entry: dict) -> None:
    """Refuse a class or function that is neither Keras's nor this package's, or that carries code."""
    if not is_harmless(entry):
        name = entry.get("config") if entry.get("class_name") == "function" else entry.get("class_name")
        raise UsageError(
            f"{of_path(path)} was not read: it holds {_short(name)} of {_short(entry.get('module'))}, which is code "
            "from outside of Keras, or may run some. Only Keras's own layers and this package's are read."
        )


def _require_printable_name(path: Path, entry: dict) -> None:
    """Refuse a name that would move the cursor or colour the terminal where it is shown."""
    config = entry.get("config")
    name = config.get("name") if isinstance(config, dict) else None
    if isinstance(name, str) and not name.isprintable():
        raise UsageError(f"{of_path(path)} was not read: the name {_short(name)} has characters that cannot be shown.")


def _short(name: object) -> str:
    """A name out of a file, which may be of any length and type."""
    text = repr(name)
    return text if len(text) <= 80 else f"{text[:80]}…"


def _own_names() -> set[str]:
    """What this package has registered with Keras."""
    from cnnrepro import layers  # noqa: F401 - registers the package's layers
    from cnnrepro.anatomy import losses  # noqa: F401
    from cnnrepro.engine import keras
    from cnnrepro.models import auxiliary  # noqa: F401

    return {name for name in keras.saving.get_custom_objects() if name.startswith(OWN)}


def _deserialize(path: Path, config: dict) -> keras.Model:
    from cnnrepro.engine import keras, reason_of, without_weights

    try:
        model = without_weights(lambda: keras.saving.deserialize_keras_object(config, safe_mode=True))
    except Exception as error:
        raise UsageError(f"{of_path(path)} cannot be read as a model: {reason_of(error)}") from error
    if not isinstance(model, keras.Model):
        raise UsageError(f"{of_path(path)} holds a {type(model).__name__}, no model.")
    return model
