"""The same networks with Keras on JAX: in `make test` all in one process, the whole table in `make soak`."""

import json
import os
import subprocess
import sys

import pytest

from cnnrepro.models import MODELS
from cnnrepro.models.inspection import inspect

pytest.importorskip("jax", reason="JAX is not installed")

PREFERRED = """
import json, os, sys
from cnnrepro.models import inspection
inspection.prefer_quick_backend("")
found = inspection.inspect("lenet5").to_dict()
print(json.dumps([os.environ.get("KERAS_BACKEND"), "tensorflow" in sys.modules, found]))
"""

TRAINED = """
import sys
import numpy as np, keras
from cnnrepro.models import MODELS, build
from cnnrepro.models.layer_pattern import is_pattern
assert keras.backend.backend() == "jax"
random = np.random.default_rng(0)
for name in {names!r}:
    row = MODELS.get(name)
    shape = (8, 8, 1)
    if row:
        shape = row.input_shape if max(row.input_shape) <= 32 else (row.smallest, row.smallest, row.input_shape[2])
    # JAX compiles an initialiser anew for every shape; NumPy's numbers need no compiling
    model = build(name, input_shape=shape, classes=10, kernel_initializer="zeros")
    for weight in model.trainable_weights:
        if weight.path.endswith("kernel"):
            weight.assign(random.normal(0, np.sqrt(2 / np.prod(weight.shape[:-1])), weight.shape))
    # a deep network compiles sooner operation by operation, as most of its operations have the same shapes
    deep = len(model.layers) > 170
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), run_eagerly=deep)
    before = model.trainable_weights[-1].numpy()
    loss = model.train_on_batch(random.normal(size=(2, *shape)).astype("float32"), np.array([0, 9]))
    assert np.isfinite(loss), name
    assert not np.array_equal(before, model.trainable_weights[-1].numpy()), name
    keras.backend.clear_session()
"""

AUXILIARY_HEADS = """
from cnnrepro.models.auxiliary import AuxiliaryHeads
image = keras.Input((4,))
hidden = keras.layers.Dense(6)(image)
model = AuxiliaryHeads(image, [keras.layers.Dense(3)(hidden) for _ in range(3)])
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile("sgd", loss, metrics=["accuracy"])
x, y = np.random.default_rng(0).normal(size=(8, 4)).astype("float32"), np.arange(8) % 3
answer, *heads = model(x, training=True)
expected = loss(y, answer) + 0.3 * sum(loss(y, head) for head in heads)
logs = model.train_on_batch(x, y, return_dict=True)
np.testing.assert_allclose(logs["loss"], expected, rtol=1e-5)
history = model.fit(x, y, validation_data=(x, y), epochs=1, verbose=0).history
assert set(history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
np.testing.assert_allclose(history["val_loss"][0], loss(y, model.predict(x, verbose=0)), rtol=1e-5)
model.save(sys.argv[1])
loaded = keras.saving.load_model(sys.argv[1])
assert type(loaded) is AuxiliaryHeads
np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
"""

QUICK_COMPILER = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"


def run(code, *arguments):
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    environment |= {"XLA_FLAGS": QUICK_COMPILER}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], check=False, capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_inspecting_prefers_jax_and_networks_train_there_too(tmp_path):
    pattern = "INPUT -> CONV -> RELU -> POOL -> FC"
    output = run(PREFERRED + TRAINED.format(names=[pattern]) + AUXILIARY_HEADS, str(tmp_path / "model.keras"))
    backend, tensorflow, inspection = json.loads(output)
    assert (backend, tensorflow) == ("jax", False)
    assert inspection == json.loads(json.dumps(inspect("lenet5").to_dict()))


@pytest.mark.soak
def test_every_model_trains_on_jax():
    run('import os; os.environ["KERAS_BACKEND"] = "jax"\n' + TRAINED.format(names=list(MODELS)))
