"""Models that make one and the same image of everything."""

from collections.abc import Callable

import keras
import numpy as np

from tf_data.errors import TrainingError

CONSTANT = 1e-4  # standard deviation over samples, of pixels 0..1, below which all outputs count as one image
# Networks that begin with the mean image leave it sooner: after some epochs, and after some steps where these are short.
PATIENCE, STEPS = 3, 300


class Collapse(keras.callbacks.Callback):
    """Ends a training with `TrainingError` when all of what the model draws is the same, and has long been so.

    Long are `PATIENCE` epochs in a row of `STEPS` steps together. A training that ends before is only warned of.

    Args:
        draw: Returns images `(count, height, width, channels)`, 0..1, of different inputs.
        warn: Called with a line at the end of a training whose model draws one image.
    """

    def __init__(self, draw: Callable[[], np.ndarray], warn: Callable[[str], None]):
        super().__init__()
        self.draw, self.warn = draw, warn
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
        count = epoch + 2 - self._since
        if count >= PATIENCE and count * (self.params or {}).get("steps", STEPS) >= STEPS:
            raise TrainingError(self._error)

    def on_train_end(self, logs=None):
        if self._since:
            self.warn(f"{self._error}; train it for longer")
