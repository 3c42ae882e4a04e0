"""Samples from the same noise after every epoch."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from tf_models.tasks.grids import animate, write_image

FOLDER = "epochs"


class Frames(keras.callbacks.Callback):
    """Writes an image after each epoch. An epoch that is repeated after an interruption gives the same one again.

    Args:
        draw: Returns images `(count, height, width, channels)`, 0..1; the same at every call but for the weights.
        folder: Folder of the run's figures; frames go into `epochs/` below it.
        columns: Number of images in a row.
    """

    def __init__(self, draw: Callable[[], np.ndarray], folder: Path, columns: int):
        super().__init__()
        self.draw, self.columns = draw, columns
        self.folder = Path(folder) / FOLDER

    def on_epoch_end(self, epoch, logs=None):
        self.folder.mkdir(parents=True, exist_ok=True)
        write_image(self.draw(), self.folder / f"{epoch + 1:04d}.png", self.columns)


def animation(folder: Path, name: str = "samples.gif") -> list[str]:
    """The frames below `folder` as a GIF beside them: its name in a list, which is empty where there are none."""
    frames = sorted((folder / FOLDER).glob("[0-9]*.png"))
    return [animate(frames, folder / name)] if frames else []
