"""The smallest network that holds what training gets wrong first: batch norm and dropout. A run of it takes seconds."""

from dataclasses import replace

from cnnrepro.models.catalogue import MODELS

NAME = "tiny"
TINY = {"model": NAME, "dataset": "mnist_5k", "epochs": 2, "batch_size": 32, "train_images": 96, "precision": "float32"}


def build(input_shape, classes):
    """About 130 weights."""
    from cnnrepro.engine import keras

    layers = keras.layers
    image = keras.Input(input_shape, name="image")
    x = layers.Conv2D(4, 5, strides=4, name="conv1")(image)  # 28 x 28 -> 6 x 6
    x = layers.BatchNormalization(name="norm1")(x)
    x = layers.ReLU(name="relu1")(x)
    x = layers.MaxPooling2D(3, name="pool1")(x)  # -> 2 x 2
    x = layers.Dropout(0.25, name="dropout1")(layers.Flatten(name="flatten")(x))
    return keras.Model(image, layers.Dense(classes, dtype="float32", name="logits")(x), name=NAME)


def register():
    """Add the network to the table of models of this process."""
    MODELS[NAME] = replace(MODELS["lenet5_modern"], name=NAME, builder=build, options={}, smallest=8)
