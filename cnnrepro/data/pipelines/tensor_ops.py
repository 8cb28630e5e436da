"""The operations of ``keras.ops`` that augmentation needs, as TensorFlow's own, for use inside tf.data."""

from __future__ import annotations

from types import SimpleNamespace

from cnnrepro.data import lazy


def tensor_ops() -> SimpleNamespace:
    """TensorFlow's operations under the names that ``keras.ops`` has for them.

    tf.data computes with TensorFlow alone, and where Keras runs on JAX ``keras.ops`` cannot take its tensors. With
    these, tf.data has one path, whichever backend Keras runs on. The functions in ``cnnrepro.layers.augmentation`` take
    either, so each is defined once; a test holds their results equal.
    """
    tf = lazy.tensorflow()
    return SimpleNamespace(
        arange=lambda stop, dtype="int32": tf.range(stop, dtype=dtype),
        cast=tf.cast,
        clip=tf.clip_by_value,
        cond=tf.cond,
        flip=lambda x, axis: tf.reverse(x, [axis]),
        floor=tf.floor,
        pad=tf.pad,
        reshape=tf.reshape,
        shape=tf.shape,
        slice=lambda x, start, shape: tf.slice(x, tf.stack(start), shape),
        stack=lambda parts, axis: tf.stack(parts, axis),
        take=lambda x, indices, axis: tf.gather(x, indices, axis=axis),
        tile=tf.tile,
        where=tf.where,
    )
