"""Models that make one and the same picture of everything."""

from collections.abc import Callable

import keras
import numpy as np

from tf_data.errors import TrainingError

CONSTANT = 1e-4  # standard deviation over samples, of pixels 0..1, below which all outputs count as one picture


class Collapse(keras.callbacks.Callback):
    """Ends a training with `TrainingError` when all of what the model draws at its end is the same.

    Args:
        draw: returns pictures `(count, height, width, channels)`, 0..1, of different inputs.
    """

    def __init__(self, draw: Callable[[], np.ndarray]):
        super().__init__()
        self.draw = draw

    def on_train_end(self, logs=None):
        images = self.draw()
        deviation = float(images.std(axis=0).mean())
        if len(images) > 1 and deviation < CONSTANT:
            raise TrainingError(f"the model makes the same picture of {len(images)} inputs (deviation {deviation:.1e})")
