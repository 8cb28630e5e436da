import numpy as np

from cnnrepro.engine import keras
from cnnrepro.lessons.network_outputs import BATCH, layer_outputs, outputs


def test_outputs_come_in_batches_and_in_order():
    image = keras.Input((2,))
    doubled = keras.layers.Rescaling(2.0, name="doubled")(image)
    model = keras.Model(image, keras.layers.Rescaling(3.0, name="last")(doubled))
    images = np.arange(2.0 * (BATCH + 4)).reshape(-1, 2).astype("float32")
    (last,) = outputs(model, images)
    np.testing.assert_array_equal(last, 6 * images)
    layers = layer_outputs(model, ["last", "doubled"], images)
    np.testing.assert_array_equal(layers["doubled"], 2 * images)
    np.testing.assert_array_equal(layers["last"], 6 * images)
