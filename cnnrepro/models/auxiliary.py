"""A network with auxiliary classifiers that train its trunk and are gone when it answers."""

from __future__ import annotations

from cnnrepro.engine import keras

# Szegedy et al. 2015, section 5: "the losses of the auxiliary classifiers were weighted by 0.3".
HEAD_WEIGHT = 0.3


class AnswerAndHeads:
    """Loss and metrics of a model that in training may return a list: its answer, then auxiliary outputs for the loss.

    Not a ``keras.Model``: Keras changes the base classes of a model class that is built from inputs and outputs, and
    with them those of its other subclasses.
    """

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """The compiled loss of the answer, plus ``HEAD_WEIGHT`` times that of each head where there are heads."""
        answer, *heads = y_pred if isinstance(y_pred, (list, tuple)) else [y_pred]
        loss = super().compute_loss(x, y, answer, sample_weight, training)
        # Regularisers are in the loss above; the compiled loss alone leaves them out.
        return loss + sum(HEAD_WEIGHT * self._compile_loss(y, head, sample_weight) for head in heads)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """The compiled metrics, of the answer."""
        answer = y_pred[0] if isinstance(y_pred, (list, tuple)) else y_pred
        return super().compute_metrics(x, y, answer, sample_weight)


class Headed(AnswerAndHeads, keras.Model):
    """A network behind a layer without weights that augments its images, for training.

    It shares the network's weights, is trained in its place, and is never saved.

    Args:
        head: a layer, from what the data pipeline gives to what the network takes.
        network: the network.
    """

    def __init__(self, head: keras.layers.Layer, network: keras.Model):
        super().__init__(name=f"{network.name}_headed", dtype="float32")
        self.head, self.network = head, network

    def call(self, inputs, training=None):
        """What the network makes of the head's output."""
        return self.network(self.head(inputs), training=training)


@keras.saving.register_keras_serializable(package="cnnrepro")
class AuxiliaryHeads(AnswerAndHeads, keras.Model):
    """A functional model whose first output is the answer and whose other outputs only train what they share with it.

    Szegedy and others, "Going Deeper with Convolutions", CVPR 2015, section 5. In training it returns all outputs, and
    its loss is that of the answer plus 0.3 times that of each head, all against the same labels with the one loss that
    ``compile`` was given. Everywhere else (``evaluate``, ``predict``, a plain call) it returns the answer alone, and
    the layers of the heads do not run. Metrics look at the answer, in training too; the loss that training reports
    has the heads in it, that of validation has not.

    Args:
        inputs: the one input tensor.
        outputs: the answer and then the heads, at least one.
        name: of the model.
        **kwargs: ``trainable``, as for any Keras model.

    Example:
        >>> image = keras.Input((4,))
        >>> hidden = keras.layers.Dense(8)(image)
        >>> model = AuxiliaryHeads(image, [keras.layers.Dense(3)(hidden), keras.layers.Dense(3)(hidden)])
        >>> model(keras.ops.ones((2, 4))).shape, len(model(keras.ops.ones((2, 4)), training=True))
        ((2, 3), 2)
    """

    # The arguments are those of keras.Model's functional form: Keras then saves and loads the graph by itself.
    def __init__(self, inputs, outputs, name=None, **kwargs):
        if not isinstance(outputs, (list, tuple)) or len(outputs) < 2:
            raise ValueError(f"`outputs` must be the answer and at least one head. Received: outputs={outputs}")
        super().__init__(inputs, outputs, name=name, **kwargs)
        # `compile` matches losses and metrics with these names: the caller gives one loss, for the answer.
        self.output_names = self.output_names[:1]
        # The way to the answer through the same layers. Only its methods are kept: Keras would take the model itself
        # for a layer of this one and save every weight twice.
        answer = keras.Model(self.input, self.outputs[0], name=f"{self.name}_answer")
        self._answer = answer.call
        self._answer_spec = answer.compute_output_spec

    @property
    def inference_outputs(self) -> list[keras.KerasTensor]:
        """The symbolic outputs that a call without training gives: the answer."""
        return self.outputs[:1]

    @property
    def output_shape(self) -> tuple[int | None, ...]:
        """Shape of the answer."""
        return self.inference_outputs[0].shape

    def call(self, inputs, training=None, mask=None):
        """All outputs in training, as a list; otherwise the answer alone."""
        if training:
            return super().call(inputs, training=training, mask=mask)
        return self._answer(inputs, training=training, mask=mask)

    def compute_output_spec(self, inputs, training=None, mask=None):
        """Shapes and types of what ``call`` returns."""
        if training:
            return super().compute_output_spec(inputs, training=training, mask=mask)
        return self._answer_spec(inputs, training=training, mask=mask)

    def compute_output_shape(self, input_shape):
        """Shape of the answer for images of another shape."""
        return self._answer_spec(keras.KerasTensor(input_shape, self.input.dtype)).shape
