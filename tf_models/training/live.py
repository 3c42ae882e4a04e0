"""Curves that grow while a model trains: in a notebook as a figure, in a terminal as a line of small bars."""

import io
import itertools
import sys
import time
from typing import TextIO

import keras

BARS = "▁▂▃▄▅▆▇█"
WIDTH = 40  # bars in a line
INTERVAL = 0.5  # seconds between two drawings


def sparkline(values: list[float], width: int = WIDTH) -> str:
    """Values as a line of bars, from the lowest to the highest; more than `width` are averaged in equal parts.

    >>> sparkline([0.0, 1.0, 2.0, 7.0])
    '▁▂▃█'
    """
    parts = min(width, len(values))
    edges = [round(place * len(values) / parts) for place in range(parts + 1)] if parts else [0]
    means = [sum(values[a:b]) / (b - a) for a, b in itertools.pairwise(edges)]
    low, high = min(means, default=0.0), max(means, default=0.0)
    return "".join(BARS[round((mean - low) / (high - low) * (len(BARS) - 1)) if high > low else 0] for mean in means)


class LivePlot(keras.callbacks.Callback):
    """Draws a metric while `fit` runs, at most every `interval` seconds.

    In a Jupyter notebook the figure is redrawn in place. In a terminal the line of bars is; elsewhere, as in a file, a
    line is written after each epoch.

    Args:
        metric: Name of the metric in the logs.
        interval: Least number of seconds between two drawings.
        stream: Where lines are written; default standard output.

    Attributes:
        values: The metric after each call of `fit`'s steps: the mean over the epoch so far, as Keras reports it.
        seconds: Seconds that this callback took.
        drawings: How often it drew.
    """

    def __init__(self, metric: str = "loss", interval: float = INTERVAL, stream: TextIO | None = None):
        super().__init__()
        self.metric, self.interval, self.stream = metric, interval, stream or sys.stdout
        self.values: list[float] = []
        self.seconds, self.drawings = 0.0, 0
        self._next, self._epoch, self._display = 0.0, 0, None
        self._in_terminal = self.stream.isatty()
        self._in_notebook = stream is None and "ipykernel" in sys.modules

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        begin = time.perf_counter()
        if self.metric in (logs or {}):
            self.values.append(float(logs[self.metric]))
            if begin >= self._next and (self._in_terminal or self._in_notebook):
                self._draw()
                self._next = time.perf_counter() + self.interval
        self.seconds += time.perf_counter() - begin

    def on_epoch_end(self, epoch, logs=None):
        begin = time.perf_counter()
        if self.values and not (self._in_terminal or self._in_notebook):
            self._draw()
        self.seconds += time.perf_counter() - begin

    def on_train_end(self, logs=None):
        if self.values and (self._in_terminal or self._in_notebook):
            self._draw()
            if not self._in_notebook:
                self.stream.write("\n")

    def _draw(self) -> None:
        self.drawings += 1
        if self._in_notebook:
            self._draw_in_notebook()
            return
        epochs = self.params.get("epochs", "?")
        line = f"epoch {self._epoch + 1}/{epochs} {self.metric} {sparkline(self.values)} {self.values[-1]:.4f}"
        # Over the line before, whose rest is cleared; a file keeps them all.
        self.stream.write(f"\r{line}\x1b[K" if self._in_terminal else f"{line}\n")
        self.stream.flush()

    def _draw_in_notebook(self) -> None:
        from IPython.display import Image, display
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        drawn = Figure(figsize=(5.6, 3.0), layout="constrained")
        FigureCanvasAgg(drawn)
        axis = drawn.subplots()
        axis.plot(self.values)
        axis.set(xlabel="drawn steps", ylabel=self.metric, title=f"epoch {self._epoch + 1}")
        axis.margins(y=0.05)  # of the range, so that negative values have room too
        axis.grid(alpha=0.3)
        png = io.BytesIO()
        drawn.savefig(png, dpi=80)
        if self._display is None:
            self._display = display(Image(png.getvalue()), display_id=True)
        else:
            self._display.update(Image(png.getvalue()))
