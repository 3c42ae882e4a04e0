"""What replicas add up: gradients, weighed by the rows of each, before an optimizer sees them."""

import keras
import tensorflow as tf

from tf_models.replicas import Rows, rows


def batch_metrics(model: keras.Model) -> list[keras.metrics.Metric]:
    """The metrics that count batches and not rows: a GAN's, and the single losses of several outputs."""
    compiled = getattr(model, "_compile_loss", None)
    return [*getattr(model, "batch_metrics", ()), *(compiled.metrics if compiled else ())]


def add_up(optimizer: keras.optimizers.Optimizer) -> None:
    """Have an optimizer be given, in place of a replica's gradients, those of the whole batch.

    A loss is weighed before its gradient is taken, where the step lets the optimizer scale it, as Keras' own does:
    synchronised layers have gradients that cross replicas. Gradients that were made by hand are weighed themselves.
    """
    scale_loss, apply = optimizer.scale_loss, optimizer.apply

    def scale_weighed(loss):
        held = rows()
        held.weighed.add(id(optimizer))
        return scale_loss(loss * tf.cast(held.fraction, loss.dtype))

    def apply_whole(grads, trainable_variables=None):
        held, grads = rows(), list(grads)
        weight = 1.0 if id(optimizer) in held.weighed else held.fraction
        held.weighed.discard(id(optimizer))
        known = [gradient for gradient in grads if gradient is not None]
        parts = [_parts(gradient, tf.cast(weight, gradient.dtype), held) for gradient in known]
        added = iter(held.add([part for both in parts for part in both]))
        whole = iter(
            [
                next(added) if len(both) == 1 else _slices(next(added), next(added), gradient)
                for both, gradient in zip(parts, known, strict=True)
            ]
        )
        grads = [None if gradient is None else next(whole) for gradient in grads]
        return apply(grads, trainable_variables)

    optimizer.scale_loss, optimizer.apply = scale_weighed, apply_whole
    optimizer._all_reduce_sum_gradients = lambda grads_and_variables: grads_and_variables  # they are added up already


def _parts(gradient, weight: tf.Tensor, held: Rows) -> list[tf.Tensor]:
    """Tensors whose sums over the replicas make up a gradient: itself, or of a sparse one the values and their places.

    A sparse gradient stays sparse, because Keras' Adam squares each part of what occurs more than once. Every replica
    has its own stretch of a longer one, and zeros elsewhere: TensorFlow cannot gather parts of unequal length.
    """
    some = held.held > 0
    if not isinstance(gradient, tf.IndexedSlices):
        # Not a product alone: what comes of a row of zeros need not be finite.
        return [tf.where(some, weight * gradient, 0)]
    values = tf.where(some, weight * gradient.values, 0)
    most = (held.whole + held.count - 1) // held.count
    length = tf.shape(values)[0] // tf.maximum(held.held, 1) * most
    before = held.index * length
    after = held.count * length - before - tf.shape(values)[0]
    stretch = lambda x: tf.pad(x, [[before, after]] + [[0, 0]] * (len(x.shape) - 1))  # noqa: E731
    # As floating numbers, because TensorFlow keeps integers elsewhere and adds up only what lies together.
    return [stretch(values), tf.cast(stretch(gradient.indices), tf.float64)]


def _slices(values: tf.Tensor, indices: tf.Tensor, like: tf.IndexedSlices) -> tf.IndexedSlices:
    return tf.IndexedSlices(values, tf.cast(indices, like.indices.dtype), like.dense_shape)
