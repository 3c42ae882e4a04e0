"""What every graph function returns, and the parts that many of them have in common."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from legacy_tf1.deprecations import deprecations_silenced
from legacy_tf1.layers import UPDATE_OPS

tf1 = tf.compat.v1


@dataclass(frozen=True)
class Built:
    """A graph and the handles that a session needs.

    Attributes:
        graph: The graph.
        inputs: Placeholder, or several by name.
        targets: Placeholder; None where the inputs are their own.
        outputs: Logits, or images of a generator, outside of training.
        loss: The loss that the training operation lowers; a GAN's is the generator's.
        train_op: Makes one step; it also runs the updates of moving averages.
        initializer: Sets every variable to its initial value.
        saver: Saves every variable, those of the optimizer among them.
        metrics: Scalars to fetch with `train_op`, by the name that Keras logs them under.
        losses: Names of the metrics that are losses.
        evaluated: Names of the metrics that can be fetched without training, and that Keras' evaluation reports as well;
            None for all of them.
        training: Bool scalar that switches dropout and batch norm, False unless fed; None where neither is there.
        draws: Random numbers that may be fed, as (name of the Keras layer that draws the same, tensor), in the order in
            which a step draws them.
    """

    graph: tf.Graph
    inputs: tf.Tensor | dict[str, tf.Tensor]
    targets: tf.Tensor | None
    outputs: tf.Tensor
    loss: tf.Tensor
    train_op: tf.Operation
    initializer: tf.Operation
    saver: "tf1.train.Saver"
    metrics: dict[str, tf.Tensor]
    losses: tuple[str, ...] = ("loss",)
    evaluated: tuple[str, ...] | None = None
    training: tf.Tensor | None = None
    draws: tuple[tuple[str, tf.Tensor], ...] = ()

    def feed(self, x, y: np.ndarray | None = None, training: bool = False) -> dict:
        """The feed dict of a batch: samples flattened as placeholders want them, labels one-hot where they do.

        Args:
            x: Samples `(batch, ...)`, or several such arrays by name.
            y: Labels or other targets; ignored by graphs that have none.
            training: Value of the switch.
        """
        pairs = [(self.inputs[name], x[name]) for name in x] if isinstance(x, dict) else [(self.inputs, x)]
        # Sequences come in any length, which differs from batch to batch.
        shapes = {place: [-1 if size is None else size for size in place.shape[1:]] for place, _ in pairs}
        fed = {place: np.reshape(value, (len(value), *shapes[place])) for place, value in pairs}
        count = batch_size(x)
        if self.targets is not None:
            shape = tuple(self.targets.shape[1:])
            one_hot = shape != () and shape[-1] > 1
            y = np.eye(shape[-1], dtype=np.float32)[y] if one_hot else np.asarray(y, np.float32)
            fed[self.targets] = np.reshape(y, (count, *shape))
        if self.training is not None:
            fed[self.training] = training
        return fed

    def save(self, session, prefix: str, **arguments) -> str:
        """Write a checkpoint with its meta graph by `Saver.save`, which writes beside and renames; returns its prefix."""
        # Saver asks whether it runs in a graph; and it deletes old checkpoints by a function that warns of its end.
        with self.graph.as_default(), deprecations_silenced():
            return self.saver.save(session, prefix, **arguments)


def batch_size(x) -> int:
    """The number of samples in an array, or in arrays by name."""
    return len(next(iter(x.values())) if isinstance(x, dict) else x)


def digit_placeholders(classes: int = 10, dtype=tf.float32) -> tuple[tf.Tensor, tf.Tensor]:
    """Placeholders of flat digits `(batch, 784)`, 0..1, and one-hot labels `(batch, classes)`."""
    images = tf1.placeholder(dtype, (None, 784), name="images")
    return images, tf1.placeholder(dtype, (None, classes), name="labels")


def training_switch() -> tf.Tensor:
    """A bool scalar that is False unless it is fed."""
    return tf1.placeholder_with_default(False, (), name="training")


def softmax_loss(labels, logits) -> tf.Tensor:
    """Mean cross-entropy of one-hot labels."""
    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits), name="loss")


def accuracy(labels, logits) -> tf.Tensor:
    """The fraction of rows whose largest logit is that of the label."""
    right = tf.equal(tf.argmax(labels, axis=1), tf.argmax(logits, axis=1))
    return tf.reduce_mean(tf.cast(right, tf.float32), name="accuracy")


def gradient_descent(learning_rate: float, dtype=tf.float32):
    """Gradient descent whose rate is a number of the graph's type; as a Python number it would be float32 in any graph."""
    return tf1.train.GradientDescentOptimizer(tf.constant(learning_rate, dtype))


def adam(learning_rate: float, dtype=tf.float32):
    """Adam (Kingma and Ba 2014, arXiv 1412.6980) with TensorFlow 1's constants, as numbers of the graph's type.

    Its epsilon is 1e-8, Keras' default 1e-7.
    """
    numbers = {"learning_rate": learning_rate, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
    return tf1.train.AdamOptimizer(**{name: tf.constant(value, dtype) for name, value in numbers.items()})


def minimize(optimizer, loss, variables=None, count: bool = True) -> tf.Operation:
    """The training operation: all updates of moving averages that the graph holds so far, then one step downhill.

    Args:
        variables: Variables to change; default all trainable ones.
        count: Whether this is a step of the graph's `global_step`.
    """
    step = tf1.train.get_or_create_global_step() if count else None
    with tf.control_dependencies(tf1.get_collection(UPDATE_OPS)):
        return optimizer.minimize(loss, var_list=variables, global_step=step)


def classifier(images, labels, logits, train_op=None, optimizer=None, loss=None, **handles) -> Built:
    """The end of every graph that learns classes, in the default graph.

    Args:
        train_op: The training operation, or None to make it from `optimizer`.
        loss: The loss; default `softmax_loss`.
        handles: Further fields of `Built`.
    """
    loss = softmax_loss(labels, logits) if loss is None else loss
    return finish(
        inputs=images,
        targets=labels,
        outputs=tf.identity(logits, name="logits_out"),
        loss=loss,
        train_op=minimize(optimizer, loss) if train_op is None else train_op,
        **{"metrics": {"loss": loss, "accuracy": accuracy(labels, logits)}, **handles},
    )


def finish(**handles) -> Built:
    """A `Built` of the default graph with initializer and saver, to be called when all variables exist."""
    return Built(
        graph=tf1.get_default_graph(),
        initializer=tf1.global_variables_initializer(),
        saver=tf1.train.Saver(max_to_keep=2),
        **handles,
    )
