"""``FILE.keras`` of others: its network layer by layer, or the reason why not.

An input that begins as a zip is the file; any other is its ``config.json``.
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from random import Random

from cnnrepro.models import inspection
from tests.fuzz.fuzzing import Target
from tests.fuzz.mutation import of_bytes, of_json

LAYERS = ["Conv2D", "Dense", "Flatten", "MaxPooling2D", "BatchNormalization", "Add", "Concatenate", "LSTM",
    "Bidirectional"]  # fmt: skip
LAYERS += ["TimeDistributed", "Sequential", "Functional", "Model", "InputLayer", "Embedding", "Reshape", "RepeatVector"]
LAYERS += ["ZeroPadding2D", "UpSampling2D", "Resizing", "Rescaling", "Permute", "Lambda", "Activation", "Dropout",
    "Attention"]  # fmt: skip
LAYERS += ["MultiHeadAttention", "EinsumDense", "DepthwiseConv2D", "Conv3DTranspose", "StackedRNNCells", "RNN",
    "GRUCell"]  # fmt: skip
LAYERS += ["Discretization", "StringLookup", "TextVectorization", "Hashing", "Normalization", "CategoryEncoding",
    "Pipeline"]  # fmt: skip
TOKENS: list[object] = [*LAYERS, "keras", "keras.layers", "keras.src.models.functional", "builtins", "os", "function"]
TOKENS += ["class_name", "config", "module", "registered_name", "build_config", "input_shape", "shared_object_id",
    "name"]  # fmt: skip
TOKENS += ["layers", "inbound_nodes", "input_layers", "output_layers", "args", "kwargs", "__keras_tensor__",
    "__tensor__"]  # fmt: skip
TOKENS += ["__numpy__", "__typespec__", "__ellipsis__", "__lambda__", "__tuple__", "__bytes__", "__complex__", "slice"]
TOKENS += ["keras_history", "shape", "dtype", "batch_shape", "float32", "string", "units", "filters",
    "kernel_size", "padding"]  # fmt: skip
TOKENS += ["valid", "same", "causal", "channels_first", "relu", "softmax", "GlorotUniform", "L2", "DTypePolicy",
    "identity"]  # fmt: skip
TOKENS += ["cnnrepro>LocalResponseNormalization", "cnnrepro>IdentityShortcut", "cnnrepro>GroupedConv2D", "activation"]
TOKENS += [[None, 28, 28, 1], [None, None], [None], [2**31, 2**31], 10**7, 2**40, ["d", 0, 0], [["d", 0, 0]]]


def as_zip(random: Random, data: bytes) -> bytes:
    """A configuration as the file that has it, whose parts are then changed."""
    if data.startswith(b"PK") or random.random() < 0.8:
        return data
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", random.choice((0, 8, 8, 12, 14))) as archive:
        version = random.choice(("3.12.0", "2.15", 3, "3." * 50))
        for name, content in (("metadata.json", json.dumps({"keras_version": version})), ("config.json", data)):
            # A name alone would be stamped with the time of day, and the bytes would be others two seconds later.
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=archive.compression)
    return file.getvalue()


def prepare() -> None:
    inspection.prefer_quick_backend("network.keras")
    from cnnrepro.engine import keras

    keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])


def run(data: bytes, folder: Path) -> None:
    path = folder / "network.keras"
    if data.startswith(b"PK"):
        path.write_bytes(data)
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("metadata.json", '{"keras_version": "3.12.0"}')
            archive.writestr("config.json", data)
    inspected = inspection.inspect(str(path))
    inspected.summary()
    json.dumps(inspected.to_dict())


ZIP = of_bytes(
    [b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"config.json", b"\x08\0", b"\x0e\0"]
)
TARGET = Target(run, [*of_json(TOKENS), *ZIP, *[as_zip] * 3], prepare=prepare, seconds=30)
