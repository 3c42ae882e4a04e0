"""Layers whose operations training replaces (`tf_models.training.fast`), beside the same layers as Keras computes them."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

import keras
import tensorflow as tf

from benchmarks import measure
from tf_models.training import devices
from tf_models.training.fit import operations

KERAS, OURS = "keras", "ours"
CALLS = 5  # in one timed unit of work
REPEATS = 7


@dataclass(frozen=True)
class Case:
    """A layer and what it is given.

    Attributes:
        layer: Makes the layer.
        shape: Of a batch, `(samples, height, width, channels)`.
        precision: `float32` or `mixed_bfloat16`.
    """

    layer: Callable[[], keras.layers.Layer]
    shape: tuple[int, int, int, int]
    precision: str = "float32"


def _convolution(filters: int, taps: int = 3) -> Callable[[], keras.layers.Layer]:
    return lambda: keras.layers.Conv2D(filters, taps, padding="same", use_bias=False)


def _depthwise(taps: int) -> Callable[[], keras.layers.Layer]:
    return lambda: keras.layers.DepthwiseConv2D(taps, padding="same", use_bias=False)


CASES = {
    "3x3 kernel, one place": Case(_convolution(512), (128, 1, 1, 512)),
    "3x3 kernel, few places": Case(_convolution(512), (128, 2, 2, 512)),
    "3x3 kernel, few places, bfloat16": Case(_convolution(512), (128, 2, 2, 512), "mixed_bfloat16"),
    "3x3 kernel, bfloat16": Case(_convolution(512), (128, 4, 4, 512), "mixed_bfloat16"),
    "3x3 kernel, larger maps, bfloat16": Case(_convolution(256), (128, 8, 8, 256), "mixed_bfloat16"),
    "1x1 kernel, bfloat16": Case(_convolution(256, 1), (128, 7, 7, 64), "mixed_bfloat16"),
    "depthwise 5x5 kernel": Case(_depthwise(5), (128, 2, 2, 576)),
    "batch norm": Case(keras.layers.BatchNormalization, (128, 14, 14, 256)),
    "GELU, bfloat16": Case(lambda: keras.layers.Activation("gelu"), (500, 31, 31, 64), "mixed_bfloat16"),
}


def run(quick: bool = False) -> list[dict]:
    """Time forwards and all gradients of each layer; `quick` two samples of each, once.

    Returns:
        Rows with `measured`, `candidate`, `milliseconds` (the median of rounds) and `ratio`: how many times as fast as
        Keras' own.
    """
    rows = []
    for name, case in CASES.items():
        shape = (2, *case.shape[1:]) if quick else case.shape
        work = {candidate: candidate_work(case, shape, candidate) for candidate in (KERAS, OURS)}
        compared = measure.compare(work, KERAS, repeats=1 if quick else REPEATS)
        measured = f"{name}, {'x'.join(map(str, case.shape))}"
        rows += measure.taking(measured, compared, "milliseconds", each=1000)
    return rows


def candidate_work(case: Case, shape: tuple[int, int, int, int], candidate: str) -> Callable[[], int]:
    """`CALLS` passes forwards and back, which count as so many samples."""
    model, both_ways = passes(case, shape)
    with operations(model) if candidate == OURS else contextlib.nullcontext():
        both_ways()

    def work() -> int:
        for _ in range(CALLS):
            both_ways()
        return CALLS

    return work


def passes(case: Case, shape: tuple[int, int, int, int]) -> tuple[keras.Model, Callable[[], list]]:
    """A model of the layer alone, and what computes its gradients by inputs and weights, traced when it is first called."""
    keras.utils.set_random_seed(1)
    with devices.precision(case.precision):
        model = keras.Sequential([keras.Input(shape[1:]), case.layer()])
    model.compile(jit_compile=False)
    kind = model.layers[0].compute_dtype
    # Not arguments, which would be copied, nor constants, which TensorFlow would compute with beforehand.
    inputs = tf.cast(tf.random.stateless_normal(shape, (1, 2)), kind)
    upstream = tf.cast(tf.random.stateless_normal(model.compute_output_shape(shape), (3, 4)), kind)

    @tf.function(autograph=False)
    def both_ways():
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = model(inputs, training=True)
        return tape.gradient(outputs, [inputs, *model.trainable_variables], upstream)

    return model, both_ways
