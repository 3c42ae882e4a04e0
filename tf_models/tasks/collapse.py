"""Models that make one and the same image of everything."""

from collections.abc import Callable

import keras
import numpy as np

from tf_data.errors import TrainingError

CONSTANT = 1e-4  # standard deviation over samples, of pixels 0..1, below which all outputs count as one image
PATIENCE = 3  # epochs: networks that begin with the mean image leave it sooner


class Collapse(keras.callbacks.Callback):
    """Ends a training with `TrainingError` when all of what the model draws is the same.

    That is at the end of the training, or earlier when it has been so for `PATIENCE` epochs in a row.

    Args:
        draw: Returns images `(count, height, width, channels)`, 0..1, of different inputs.
    """

    def __init__(self, draw: Callable[[], np.ndarray]):
        super().__init__()
        self.draw = draw
        self._since: int | None = None  # the first epoch of the present row, counted from 1
        self._error = ""

    def on_epoch_end(self, epoch, logs=None):
        images = self.draw()
        deviation = float(images.std(axis=0).mean())
        if len(images) < 2 or deviation >= CONSTANT:
            self._since = None
            return
        self._since = self._since or epoch + 1
        self._error = (
            f"the model makes the same image of {len(images)} inputs since epoch {self._since} "
            f"(deviation {deviation:.1e})"
        )
        if epoch + 2 - self._since >= PATIENCE:
            raise TrainingError(self._error)

    def on_train_end(self, logs=None):
        if self._since:
            raise TrainingError(self._error)
