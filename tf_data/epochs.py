"""A split's batches for `keras.Model.fit` over several epochs, each in an order of its own."""

import keras
import tensorflow as tf

from tf_data.pipeline import Batches


class Epochs(keras.utils.PyDataset):
    """What `fit(epochs=n)` takes: its order, and random changes of samples, differ from epoch to epoch.

    Keras says when an epoch has ended. It asks for the batches of an epoch in an order that it draws itself, unless
    `fit(shuffle=False)`; what is in a batch follows from (seed, epoch, step) either way.

    Args:
        batches: The batches.
        epoch: The first epoch; `fit` goes on counting from there, also when it is called again.

    >>> import tf_data
    >>> epochs = tf_data.load("mnist", source="embedded").train.epochs(64, seed=1)
    >>> len(epochs)
    63
    """

    def __init__(self, batches: Batches, epoch: int = 0):
        super().__init__()
        self.batches, self.epoch = batches, epoch
        self._at = tf.function(batches.at, autograph=False)
        self._ahead, self._next = None, None
        self._begun = False

    def __len__(self) -> int:
        """Batches in an epoch: `fit`'s steps."""
        return self.batches.steps

    def __getitem__(self, step: int) -> tuple:
        """The batch at a step of the present epoch."""
        if self.batches.split.blocks is None:
            return self._at(tf.constant(self.epoch, tf.int64), tf.constant(step, tf.int64))
        if self._next != (self.epoch, step):  # files are read on from here, and not again for each batch
            self._ahead = iter(self.batches.dataset(self.epoch, step))
        self._next = self.epoch, step + 1
        return next(self._ahead)

    def on_epoch_begin(self) -> None:
        """Keras begins an epoch."""
        self._begun = True

    def on_epoch_end(self) -> None:
        """Go on to the next epoch; Keras also says that one has ended before any has begun."""
        self.epoch += self._begun
        self._begun = False
