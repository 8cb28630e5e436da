"""The MNIST convnet of keras.io as its script has it, timed: ``python -m …keras_io '{"dataset": …}'``.

Source: keras.io, code examples, "Simple MNIST convnet" (F. Chollet, 2015): pixels / 255, one-hot labels, batches of
128, 15 epochs, Adam at Keras's defaults, cross-entropy, a tenth of the training images for validation. The same network
and numbers in code of our own. What differs: the training images stand in the order of this project's splits, and are
read through this project.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np

from cnnrepro import data
from cnnrepro.lessons.fast_mnist.lap import Lap

BATCH, EPOCHS, HELD_OUT = 128, 15, 0.1


def train(dataset: str, seed: int, epochs: int = EPOCHS) -> Lap:
    """Train it once."""
    from cnnrepro.engine import keras

    began = time.perf_counter()
    (images, labels), (test_images, test_labels) = read(dataset)
    loaded = time.perf_counter()
    classes = int(labels.max()) + 1
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input(images.shape[1:]),
            keras.layers.Conv2D(32, 3, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Conv2D(64, 3, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(classes, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])

    class Clock(keras.callbacks.Callback):
        training, first, epochs = 0.0, 0.0, ()

        def on_epoch_begin(self, epoch, logs=None):
            self.began = time.perf_counter()

        def on_train_batch_end(self, batch, logs=None):
            self.steps = time.perf_counter() - self.began
            self.first = self.first or self.steps

        def on_epoch_end(self, epoch, logs=None):
            self.training += self.steps
            self.epochs = (*self.epochs, time.perf_counter() - self.began)

    clock = Clock()
    targets = keras.utils.to_categorical(labels, classes)
    fitted = model.fit(
        images, targets, batch_size=BATCH, epochs=epochs, validation_split=HELD_OUT, callbacks=[clock], verbose=0
    )
    _, accuracy = model.evaluate(test_images, keras.utils.to_categorical(test_labels, classes), verbose=0)
    return Lap(
        side="keras.io",
        seed=seed,
        load_seconds=loaded - began,
        first_step_seconds=clock.first,
        training_seconds=clock.training,
        fit_seconds=sum(clock.epochs),
        val_accuracy=[float(value) for value in fitted.history["val_accuracy"]],
        epoch_seconds=clock.epochs,
        test_accuracy=float(accuracy),
        versions={"keras": keras.version(), "backend": keras.backend.backend()},
    )


def read(dataset: str) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Training (with this project's validation split in it) and test images from 0 to 1, (N, H, W, C), and labels."""
    splits = data.load(dataset)
    parts = [data.arrays(splits, split) for split in ("train", "validation", "test")]
    images, labels = (np.concatenate([parts[0][index], parts[1][index]]) for index in (0, 1))
    return (images.astype("float32") / 255, labels), (parts[2][0].astype("float32") / 255, parts[2][1])


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    train(asked["dataset"], asked["seed"], asked["epochs"] or EPOCHS).write(asked["to"])
