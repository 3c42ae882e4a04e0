"""What a call costs: `session.run`, `tf.function`, and operations one by one, timed in one figure."""

import contextlib
import statistics
import time
from pathlib import Path

import numpy as np
import tensorflow as tf

from tf_data.figures import figure

tf1 = tf.compat.v1
TITLE = "the price of a call"
WATCH = "A Python number makes a tf.function trace anew for each value; a tensor does not. Pass tensors, or give an input_signature."

LAYERS, ROUNDS, CALLS = 10, 7, 20
X = np.full((8, 32), 0.1, np.float32)
W = np.eye(32, dtype=np.float32) * np.float32(0.9)


def then():
    with tf1.Graph().as_default(), tf1.Session() as session:
        # [describe]
        x = tf1.placeholder(tf.float32, (None, 32))
        y = _layers(x)
        # [run]
        return {"mean": session.run(y, {x: X}).mean()}


def now():
    # [describe]
    f = tf.function(_layers)
    # [run]
    return {"mean": f(tf.constant(X)).numpy().mean()}


def _layers(x):
    for _ in range(LAYERS):
        x = tf.tanh(tf.matmul(x, W))
    return x


def milliseconds(rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Milliseconds a call of each way, in rounds that take turns."""
    with tf1.Graph().as_default():
        place = tf1.placeholder(tf.float32, (None, 32))
        described = _layers(place)
        session = tf1.Session()
    x, function = tf.constant(X), tf.function(_layers)
    ways = {
        "session.run": lambda: session.run(described, {place: X}),
        "tf.function": lambda: function(x).numpy(),
        "eager": lambda: _layers(x).numpy(),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    with contextlib.closing(session):  # not entered: its graph would be the default one, and nothing else would run
        for number in range(rounds + 1):
            for name, call in ways.items():
                begin = time.perf_counter()
                for _ in range(CALLS):
                    call()
                if number:  # the first round compiles
                    times[name].append(1000 * (time.perf_counter() - begin) / CALLS)
    return times


def draw(path: Path, times: dict[str, list[float]] | None = None) -> None:
    """The times as one figure: medians, and all rounds as points."""
    times = milliseconds() if times is None else times
    with figure(path, figsize=(5.2, 2.4)) as drawn:
        axis = drawn.subplots()
        for place, values in enumerate(times.values()):
            axis.barh(place, statistics.median(values), color="tab:blue", alpha=0.4)
            axis.plot(values, [place] * len(values), "k.", markersize=3)
        axis.set_yticks(range(len(times)), list(times))
        axis.set_xlabel(f"milliseconds a call of {LAYERS} layers")
        axis.grid(alpha=0.3, axis="x")


def trap():
    traced = []

    @tf.function
    def power(x, exponent):
        traced.append(exponent)
        return x**exponent

    for exponent in range(5):
        power(tf.constant(2.0), exponent)
    numbers, x = len(traced), tf.constant(2.0)
    traced.clear()
    for exponent in range(5):
        power(x, tf.constant(float(exponent)))
    return {"traces for five Python numbers": numbers, "traces for five tensors": len(traced)}
