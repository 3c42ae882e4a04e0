"""What replicas add up: gradients, weighed by the rows of each, before an optimizer sees them."""

import keras
import tensorflow as tf

from tf_models.replicas import rows
from tf_models.training.slices import dense


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
        held, grads = rows(), [dense(gradient) for gradient in grads]
        weight = 1.0 if id(optimizer) in held.weighed else held.fraction
        held.weighed.discard(id(optimizer))
        # Not a product alone: what comes of a row of zeros need not be finite.
        parts = [
            tf.where(held.held > 0, tf.cast(weight, gradient.dtype) * gradient, 0)
            for gradient in grads
            if gradient is not None
        ]
        added = iter(held.add(parts))
        return apply([None if gradient is None else next(added) for gradient in grads], trainable_variables)

    optimizer.scale_loss, optimizer.apply = scale_weighed, apply_whole
    # They are added up already. One that scales losses leaves this to the optimizer that it holds.
    within = getattr(optimizer, "inner_optimizer", optimizer)
    within._all_reduce_sum_gradients = lambda grads_and_variables: grads_and_variables
