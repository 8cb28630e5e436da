import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnrepro.anatomy.losses import MulticlassHinge, SoftmaxCrossEntropy


def samples(seed, count=6, classes=4):
    random = np.random.default_rng(seed)
    scores = random.normal(scale=3, size=(count, classes)).astype("float32")
    return random.integers(0, classes, count), scores


def cross_entropy_by_hand(labels, scores):
    powers = np.exp(scores.astype("float64"))
    return -np.log(powers[np.arange(len(labels)), labels] / powers.sum(1))


def hinge_by_hand(labels, scores, margin):
    losses = np.zeros(len(labels))
    for n, j in np.ndindex(*scores.shape):
        if j != labels[n]:
            losses[n] += max(0.0, float(scores[n, j]) - float(scores[n, labels[n]]) + margin)
    return losses


def gradient(loss, labels, scores):
    import tensorflow as tf

    scores = tf.Variable(scores)
    with tf.GradientTape() as tape:
        total = loss(labels, scores)
    return tape.gradient(total, scores).numpy()


def by_sample(loss_class, **arguments):
    return loss_class(reduction=None, **arguments)


@settings(max_examples=25)
@given(st.integers(0, 999), st.integers(1, 7), st.floats(0.25, 4, width=32))
def test_both_equal_their_formulas(seed, classes, margin):
    labels, scores = samples(seed, classes=classes)
    losses = by_sample(SoftmaxCrossEntropy)(labels, scores)
    np.testing.assert_allclose(losses, cross_entropy_by_hand(labels, scores), rtol=1e-5, atol=1e-5)
    losses = by_sample(MulticlassHinge, margin=margin)(labels, scores)
    np.testing.assert_allclose(losses, hinge_by_hand(labels, scores, margin), rtol=1e-5, atol=1e-5)


def test_the_example_of_the_notes():
    """Scores 13, −7, 11 with the first class right and a margin of 10: max(0, −10) + max(0, 8)."""
    assert float(MulticlassHinge(margin=10)([0], [[13.0, -7.0, 11.0]])) == 8


def test_cross_entropy_equals_that_of_keras():
    labels, scores = samples(0)
    weights = np.arange(6.0)
    peer = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    np.testing.assert_allclose(SoftmaxCrossEntropy()(labels, scores), peer(labels, scores), rtol=1e-6)
    np.testing.assert_allclose(
        SoftmaxCrossEntropy()(labels, scores, sample_weight=weights),
        peer(labels, scores, sample_weight=weights),
        rtol=1e-6,
    )


def test_the_hinge_of_keras_counts_only_the_worst_class():
    labels, scores = np.array([0]), np.array([[0.0, 0.5, 0.25]], "float32")
    assert float(MulticlassHinge()(labels, scores)) == 1.5 + 1.25
    assert float(keras.losses.CategoricalHinge()(np.eye(3)[labels], scores)) == 1.5


def test_the_gradient_of_the_cross_entropy_is_probabilities_less_the_label():
    labels, scores = samples(1)
    powers = np.exp(scores)
    expected = (powers / powers.sum(1, keepdims=True) - np.eye(4)[labels]) / len(labels)
    np.testing.assert_allclose(gradient(SoftmaxCrossEntropy(), labels, scores), expected, atol=1e-6)


def test_the_gradient_of_the_hinge_counts_the_classes_within_the_margin():
    labels, scores = samples(2)
    own = np.eye(4)[labels]
    within = (scores - scores[np.arange(6), labels][:, None] + 1 > 0) * (1 - own)
    expected = (within - own * within.sum(1, keepdims=True)) / len(labels)
    np.testing.assert_allclose(gradient(MulticlassHinge(), labels, scores), expected, atol=1e-7)


@pytest.mark.parametrize("loss_class", [SoftmaxCrossEntropy, MulticlassHinge])
def test_labels_may_have_an_axis_of_one_and_samples_may_be_weighted(loss_class):
    labels, scores = samples(3)
    alone = np.asarray(by_sample(loss_class)(labels, scores))
    np.testing.assert_array_equal(by_sample(loss_class)(labels[:, None], scores), alone)
    weighted = by_sample(loss_class)(labels, scores, sample_weight=np.arange(6.0))
    np.testing.assert_allclose(weighted, alone * np.arange(6), rtol=1e-6)


@pytest.mark.parametrize("loss_class", [SoftmaxCrossEntropy, MulticlassHinge])
def test_one_label_a_pixel(loss_class):
    labels, scores = samples(3)
    maps = by_sample(loss_class)(labels.reshape(1, 2, 3), scores.reshape(1, 2, 3, 4))
    np.testing.assert_allclose(np.ravel(maps), by_sample(loss_class)(labels, scores), rtol=1e-6)


@pytest.mark.parametrize("loss_class", [SoftmaxCrossEntropy, MulticlassHinge])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_scores_are_summed_in_float32(loss_class, dtype):
    scores = np.full((1, 4096), 8.0)  # a sum of 4,096 terms has no digits left in bfloat16
    losses = by_sample(loss_class)([0], keras.ops.cast(scores, dtype))
    assert keras.backend.standardize_dtype(losses.dtype) == "float32"
    expected = {"SoftmaxCrossEntropy": np.log(4096), "MulticlassHinge": 4095}[loss_class.__name__]
    assert float(losses[0]) == pytest.approx(expected, rel=1e-6)


def test_large_scores_stay_finite():
    assert float(SoftmaxCrossEntropy()([1], [[1e4, -1e4]])) == 2e4
    assert np.isfinite(gradient(SoftmaxCrossEntropy(), [1], np.array([[1e4, -1e4]], "float32"))).all()


@pytest.mark.parametrize("loss_class", [SoftmaxCrossEntropy, MulticlassHinge])
@pytest.mark.parametrize("label", [-1, 4])
def test_a_label_that_is_no_class_gives_nan(loss_class, label):
    losses = np.asarray(by_sample(loss_class)([label, 0], samples(0)[1][:2]))
    assert np.isnan(losses).tolist() == [True, False]


@pytest.mark.parametrize("loss", [SoftmaxCrossEntropy(), MulticlassHinge(margin=0.5)], ids=lambda loss: loss.name)
def test_a_network_trains_with_it_and_comes_back(loss, tmp_path):
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 96)
    x = (np.eye(3)[labels] * 2 + random.normal(scale=0.3, size=(96, 3))).astype("float32")
    network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3)])
    network.compile(keras.optimizers.SGD(0.3), loss, metrics=["accuracy"], run_eagerly=True)
    history = [network.train_on_batch(x, labels) for _ in range(8)]  # loss and accuracy
    assert history[-1][0] < history[0][0] / 2
    assert network.test_on_batch(x, labels)[1] > 0.95
    network.save(tmp_path / "network.keras")
    copy = keras.models.load_model(tmp_path / "network.keras")
    assert type(copy.loss) is type(loss)
    assert copy.loss.get_config() == loss.get_config()
    copy.reset_metrics()
    network.reset_metrics()
    np.testing.assert_allclose(copy.test_on_batch(x, labels), network.test_on_batch(x, labels), rtol=1e-6)


@pytest.mark.parametrize("margin", [0, -1.0, float("nan"), float("inf"), "1", True])
def test_a_margin_that_is_no_positive_number_is_named(margin):
    with pytest.raises(ValueError, match=f"positive number. Received: margin={margin}"):
        MulticlassHinge(margin)
