"""Networks of the user's own, wherever a model is named: ``FILE.keras``, ``FILE.py:FUNCTION`` or ``MODULE:FUNCTION``.

A file gives its architecture, never its weights. A function is called with ``input_shape``, ``classes`` and the options
given, and returns a Keras model that ends in logits. What decides the numbers is the network's Keras configuration, and
where layers or functions in it are the user's own code, that code; the names of files, functions and layers do not.

A network of Keras's own layers is built anew from its configuration, so that its weights follow from the seed, whatever
the function filled in; one with code of the user's own is taken as the function returns it.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from cnnrepro.errors import UsageError
from cnnrepro.files import FileState, file_state
from cnnrepro.models import own_code
from cnnrepro.paths import expand

if TYPE_CHECKING:
    import keras

ENDING = ".keras"
MIXED = "mixed_bfloat16"  # while a function makes a network: what differs from it was asked for
LIKE_MIXED = ("mixed_bfloat16", "mixed_float16")


def is_own(name: str) -> bool:
    """Whether a text names a network of the user's own."""
    return name.lower().endswith(ENDING) or own_code.names_function(name)


def runs_code(name: str) -> bool:
    """Whether it is Python code that runs when the network is made."""
    return not name.lower().endswith(ENDING)


def located(name: str) -> str:
    """The name with the absolute path of its file, so that it is valid in every working folder."""
    if not runs_code(name):
        return str(expand(name).resolve())
    place, function = own_code.take_apart(name)
    return f"{expand(place).resolve()}:{function}" if place.endswith(".py") else name


def short(name: str) -> str:
    """Its name without the folders: "nets.py:small"."""
    return name.replace("\\", "/").rpartition("/")[2]


@dataclass(frozen=True)
class OwnNetwork:
    """What a network of the user's own is.

    Args:
        digest: of all that decides its numbers.
        configuration: Keras's, as JSON, with the user's names of layers; without the number format of the layers that
            have the run's.
        code: digests of the user's own code by file; none where every layer is Keras's.
    """

    digest: str
    configuration: str
    code: Mapping[str, str]


def describe(name: str, shape: tuple[int, int, int], classes: int, options: Mapping[str, object]) -> OwnNetwork:
    """What the network is at an input shape and number of classes. Loads Keras, and runs the code that is named.

    Raises:
        UsageError: it cannot be made, or does not take such images, or has other outputs.
    """
    from cnnrepro.engine import own_seeds

    if options and not runs_code(name):
        raise UsageError(f"{short(name)} is a file and has no options. Received: {', '.join(options)}")
    with own_seeds(0):  # to look at it takes none of the seeds of the network that is then made
        if runs_code(name):
            return _of_function(name, shape, classes, tuple(sorted(options.items())))
        return _of_configuration(name, _read(name, _state_of(name)), shape, classes)


def _of_function(name: str, shape: tuple[int, int, int], classes: int, options: tuple) -> OwnNetwork:
    from cnnrepro.engine import keras, without_weights

    def outlined() -> keras.Model:
        keras.config.set_dtype_policy(MIXED)
        return _checked(name, _call(name, shape, classes, dict(options)), shape, classes)

    model = without_weights(outlined)
    config = _configuration(model)
    foreign = _foreign(config) if config is not None else True
    if not foreign:
        return _of_configuration(name, config, shape, classes)
    code = own_code.source(name)
    known = {
        "configuration": _anonymous(config) if config is not None else _described(model),
        "options": dict(options),
        "code": list(code.values()),  # not the names of its files
    }
    return OwnNetwork(_digest(known), json.dumps(config) if config is not None else "", code)


def _of_configuration(name: str, config: dict, shape: tuple[int, int, int], classes: int) -> OwnNetwork:
    from cnnrepro.engine import without_weights

    config = _fitted(name, config, shape)
    model = without_weights(lambda: _deserialized(name, config))
    _checked(name, model, shape, classes)
    return OwnNetwork(_digest({"configuration": _anonymous(config)}), json.dumps(config), {})


def make(
    name: str, shape: tuple[int, int, int], classes: int, *, expected: str | None = None, **options: object
) -> keras.Model:
    """The network with fresh weights, from images to logits in float32.

    Args:
        name: as ``is_own`` knows it.
        shape, classes: of the images, and of its output.
        expected: the digest that it must have.
        **options: of its function.

    Raises:
        UsageError: it cannot be made, does not fit, or is another network than expected.
    """
    network = describe(name, shape, classes, options)
    if expected is not None:
        require_same(name, network, expected)
    if not network.code:
        return _deserialized(name, json.loads(network.configuration))
    from cnnrepro.engine import keras

    model = _checked(name, _call(name, shape, classes, options), shape, classes)
    if model.outputs[0].dtype != "float32":
        as_float = keras.layers.Activation("linear", dtype="float32", name="logits_float32")
        model = keras.Model(model.inputs, as_float(model.outputs[0]), name=model.name)
    return model


def of_configuration(name: str, configuration: str) -> keras.Model:
    """A network of Keras's own layers with fresh weights, from the configuration that a record keeps; runs no code.

    Raises:
        UsageError: it names code of anybody's own, or cannot be built.
    """
    config = json.loads(configuration)
    if _foreign(config):
        raise UsageError(f"The record of {short(name)} names layers that are not Keras's, so it was not read.")
    return _deserialized(name, config)


def require_same(name: str, network: OwnNetwork, expected: str) -> None:
    """Raise UsageError where a network is another than when its run was named."""
    if network.digest != expected:
        raise UsageError(
            f"{short(name)} has changed since this run was named: it is another network now, and another run. Name it "
            "again."
        )


def _call(name: str, shape: tuple[int, int, int], classes: int, options: Mapping[str, object]) -> keras.Model:
    from cnnrepro.engine import keras

    made = own_code.call(name, input_shape=shape, classes=classes, **options)
    if not isinstance(made, keras.Model):
        raise UsageError(f"{short(name)} must return a Keras model. Received: a {type(made).__name__}")
    if isinstance(made, keras.Sequential) and not made.built:
        made.build((None, *shape))
    if isinstance(made, (keras.Sequential, type(keras.Model(*[keras.Input((1,))] * 2)))):
        return made
    image = keras.Input(shape, name="image")  # a class of the user's: its graph is one layer
    return keras.Model(image, made(image), name=made.name)


def _checked(name: str, model: keras.Model, shape: tuple[int, int, int], classes: int) -> keras.Model:
    """The model; raises UsageError where it does not go from such images to one score a class."""
    for what, tensors in (("input", model.inputs), ("output", model.outputs)):
        if len(tensors) != 1:
            raise UsageError(
                f"{short(name)} has {len(tensors)} {what}s; a network here goes from one image to one score a class."
            )
    taken, given = model.inputs[0].shape[1:], model.outputs[0].shape[1:]
    if len(taken) != 3 or any(own not in (None, size) for own, size in zip(taken, shape, strict=True)):
        raise UsageError(
            f"{short(name)} takes images of {_spelled(taken)}, and those of the data are {_spelled(shape)} (height, "
            "width, channels)."
        )
    if tuple(given) != (classes,):
        raise UsageError(
            f"{short(name)} must end in {classes} logits, one a class. Received: an output of {_spelled(given)}"
        )
    return model


def _spelled(shape: tuple[int | None, ...]) -> str:
    return "x".join("?" if size is None else str(size) for size in shape) or "no axis"


def require_logits(
    name: str, network: OwnNetwork, shape: tuple[int, int, int], classes: int, options: Mapping[str, object]
) -> None:
    """Raise UsageError where code of the user's own ends in softmax, which no configuration shows."""
    import numpy as np

    if not network.code:
        return
    model = make(name, shape, classes, **options)
    images = np.random.default_rng(0).normal(size=(4, *shape)).astype("float32")
    answers = np.asarray(model(images, training=False), dtype="float64")
    if (answers >= 0).all() and np.allclose(answers.sum(axis=-1), 1, atol=1e-2):
        raise UsageError(
            f"{short(name)} ends in softmax: its outputs are probabilities, and logits are expected. Leave the last "
            "softmax out; the loss computes it."
        )


# Configurations


def _state_of(name: str) -> FileState | None:
    try:
        return file_state(Path(name).stat())
    except OSError:
        return None


@lru_cache(maxsize=16)
def _read_once(name: str, state: FileState | None) -> str:
    from cnnrepro.models.keras_file import read_architecture

    return json.dumps(_configuration(read_architecture(Path(name))), default=str)


def _read(name: str, state: FileState | None) -> dict:
    return json.loads(_read_once(name, state))


def _configuration(model: keras.Model) -> dict | None:
    """Keras's configuration of a model as plain values; None where a layer of the user's own has none."""
    from cnnrepro.engine import keras

    try:
        return json.loads(json.dumps(keras.saving.serialize_keras_object(model), default=str))
    except Exception:  # a class of the user's may have no get_config, or one that raises
        return None


def _parts(value: object) -> Iterator[dict]:
    """Every part of a configuration that names a class or function, outer ones first."""
    if isinstance(value, dict):
        if "class_name" in value:
            yield value
        for inner in value.values():
            yield from _parts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _parts(inner)


def _foreign(config: dict) -> bool:
    """Whether a layer or function in it is neither Keras's nor this package's."""
    from cnnrepro.models.keras_file import is_harmless

    return not all(is_harmless(part) for part in _parts(config))


def _fitted(name: str, config: dict, shape: tuple[int, int, int]) -> dict:
    """The configuration that is built: for this shape, in the run's number format, ending in logits in float32."""
    config = copy.deepcopy(config)
    for part in _parts(config):
        for field in ("build_config", "compile_config"):
            part.pop(field, None)
    policies = {_policy(part) for part in _parts(config)} - {None}
    usual = next((policy for policy in LIKE_MIXED if policy in policies), "float32")
    for part in _parts(config):
        if _policy(part) == usual:
            del part["config"]["dtype"]
        if part["class_name"] == "InputLayer":
            part["config"].pop("dtype", None)  # of images, always float32
            batch_shape = part["config"].get("batch_shape")
            if batch_shape and len(batch_shape) == 4:
                sizes = zip(batch_shape[1:], shape, strict=True)
                part["config"]["batch_shape"] = [None, *(own or size for own, size in sizes)]
    last = _last_layer(config)
    if last is not None:
        _end_in_logits(last)
    return config


def _policy(part: dict) -> str | None:
    """The number format of a layer in a configuration."""
    inner = part.get("config")
    dtype = inner.get("dtype") if isinstance(inner, dict) else None
    if isinstance(dtype, dict) and isinstance(dtype.get("config"), dict):
        return dtype["config"].get("name")
    return dtype if isinstance(dtype, str) and part["class_name"] != "__keras_tensor__" else None


def _last_layer(config: dict) -> dict | None:
    """The layer that makes the output of a sequential or functional model, inside of models within it too."""
    layers = config.get("config", {}).get("layers") if isinstance(config.get("config"), dict) else None
    if not layers:
        return None
    found = layers[-1]
    outputs = config["config"].get("output_layers")
    if outputs:
        while isinstance(outputs[0], list):
            outputs = outputs[0]
        found = next((layer for layer in layers if layer.get("name") == outputs[0]), None)
    return (_last_layer(found) or found) if found else None


def _end_in_logits(layer: dict) -> None:
    """Leave out a softmax at the end, which the loss computes; what is left computes in float32."""
    inner = layer["config"]
    if layer["class_name"] == "Softmax":
        layer |= {"module": "keras.layers", "class_name": "Activation", "registered_name": None}
        layer["config"] = inner = {"name": inner.get("name"), "activation": "linear"}
    elif inner.get("activation") == "softmax":
        inner["activation"] = "linear"
    inner["dtype"] = "float32"


def _deserialized(name: str, config: dict) -> keras.Model:
    from cnnrepro.engine import keras, reason_of

    try:
        return keras.saving.deserialize_keras_object(copy.deepcopy(config), safe_mode=True)  # it takes it apart
    except Exception as error:
        raise UsageError(f"{short(name)} cannot be built for such images: {reason_of(error)}") from error


def _anonymous(config: dict) -> object:
    """The configuration with numbers in place of the names of layers, in the order in which they come."""
    return _numbered(config, {})


def _numbered(value: object, numbers: dict[str, int]) -> object:
    from cnnrepro.models.keras_file import is_harmless

    def number(name: object) -> object:
        return numbers.setdefault(name, len(numbers)) if isinstance(name, str) else name

    def numbered_ends(ends: object) -> object:
        return [numbered_ends(end) for end in ends] if isinstance(ends, list) else number(ends)

    if isinstance(value, list):
        return [_numbered(inner, numbers) for inner in value]
    if not isinstance(value, dict):
        return value
    kind = str(value.get("class_name", ""))
    if kind.startswith("DType"):
        return value
    if kind == "__keras_tensor__":
        return numbered_ends(value["config"]["keras_history"])
    if kind == "__lambda__":  # bytecode, with the lines it stood in; the text of its file is looked at
        return kind
    special = {"name": number, "input_layers": numbered_ends, "output_layers": numbered_ends}
    left_out = ["build_config", "compile_config", "shared_object_id"]
    if kind and not is_harmless(value):
        left_out += ["module", "registered_name"]  # where the user's code lies
    return {
        key: special[key](inner) if key in special else _numbered(inner, numbers)
        for key, inner in value.items()
        if key not in left_out
    }


def _described(model: keras.Model) -> list:
    """A model without a configuration: its weights, in their order."""
    return [[list(one.shape), str(one.dtype), bool(one.trainable)] for one in model.weights]


def _digest(known: object) -> str:
    return hashlib.sha256(json.dumps(known, sort_keys=True, default=str).encode()).hexdigest()[:16]
