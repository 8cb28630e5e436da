"""The notebooks that train nothing; what they compute is in ``cnnrepro/lessons/<name>/``."""

from cnnrepro.experiments.experiment import Experiment

CONVOLUTION_BY_HAND = Experiment(
    name="convolution_by_hand",
    title="Convolution by hand",
    question="What does a convolutional layer compute, forward and backward, and is it a convolution at all?",
    expected="the notes' figures hold but two: 290,400 times 363, and the size of the filter matrix",
    minutes=0.4,
)

GEOMETRY_AND_RECEPTIVE_FIELDS = Experiment(
    name="geometry_and_receptive_fields",
    title="Sizes and receptive fields",
    question="How large is the output of a layer, and how much of the picture does one unit see?",
    expected="the formulas hold under conditions: rounding down, and stride 1",
    minutes=0.4,
)

POOLING = Experiment(
    name="pooling",
    title="Pooling",
    question="What do max, average and L2 pooling keep, what do they throw away, and where does the gradient go?",
    expected="three quarters go for even sizes; parameters are saved only where a dense layer follows",
    minutes=0.4,
)

ARCHITECTURES = Experiment(
    name="architectures",
    title="The classic architectures",
    question="How large are LeNet, AlexNet, ZFNet, VGG, GoogLeNet and ResNet, and what do they cost?",
    expected="parameters as published; Inception v1 has 7 million, not 4",
    minutes=0.4,
)

ALEXNET_PIPELINE = Experiment(
    name="alexnet_pipeline",
    title="AlexNet’s data pipeline",
    question="What became of a photograph in 2012 on its way into the network, and is each stage what the paper says?",
    expected="every stage keeps what is promised of it; most of the colour noise is a change of light",
    minutes=0.4,
)

CLAIMS = Experiment(
    name="claims",
    title="The ledger",
    question="Which statements of the lecture notes hold?",
    expected="every check gives its recorded verdict",
    minutes=0.7,
)
