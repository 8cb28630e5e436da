"""The rows of the ledger, by topic; plain data, so that listing them loads no Keras."""

from cnnrepro.claims.statements import (
    architectures,
    convolution,
    data_and_colours,
    dense_layers,
    losses_and_derivatives,
    memory,
    pooling,
    receptive_fields,
    recipe,
    sizes,
    training_comparisons,
)

TOPICS = (
    architectures,
    convolution,
    data_and_colours,
    dense_layers,
    losses_and_derivatives,
    memory,
    pooling,
    receptive_fields,
    recipe,
    sizes,
    training_comparisons,
)
ALL = tuple(row for topic in TOPICS for row in topic.STATEMENTS)
