"""What training replaces (`tf_models.training.fast`), layers, a loss and an update, beside the same as Keras computes it."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

import keras
import tensorflow as tf

from benchmarks import measure
from tf_models.layers import ReplicatePadding2D
from tf_models.losses import PixelLoss
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
        shape: Of a batch, `(samples, height, width, channels)` or `(samples, features)`.
        precision: `float32` or `mixed_bfloat16`.
        loss: A loss of the layer's outputs that is computed, too, where there is one.
        optimizer: Makes what changes the layer's weights, where that is to be timed and not the layer.
    """

    layer: Callable[[], keras.layers.Layer]
    shape: tuple[int, ...]
    precision: str = "float32"
    loss: keras.Loss | None = None
    optimizer: Callable[[], keras.optimizers.Optimizer] | None = None


def _convolution(filters: int, taps: int = 3) -> Callable[[], keras.layers.Layer]:
    return lambda: keras.layers.Conv2D(filters, taps, padding="same", use_bias=False)


def _depthwise(taps: int, strides: int = 1) -> Callable[[], keras.layers.Layer]:
    return lambda: keras.layers.DepthwiseConv2D(taps, strides, padding="same", use_bias=False)


def _dense(units: int) -> Callable[[], keras.layers.Layer]:
    return lambda: keras.layers.Dense(units)


def _momentum() -> keras.optimizers.Optimizer:
    return keras.optimizers.SGD(momentum=0.9)


CASES = {
    "3x3 kernel, one place": Case(_convolution(512), (128, 1, 1, 512)),
    "3x3 kernel, few places": Case(_convolution(512), (128, 2, 2, 512)),
    "3x3 kernel, few places, bfloat16": Case(_convolution(512), (128, 2, 2, 512), "mixed_bfloat16"),
    "3x3 kernel, bfloat16": Case(_convolution(512), (128, 4, 4, 512), "mixed_bfloat16"),
    "3x3 kernel, larger maps, bfloat16": Case(_convolution(256), (128, 8, 8, 256), "mixed_bfloat16"),
    "1x1 kernel, bfloat16": Case(_convolution(256, 1), (128, 7, 7, 64), "mixed_bfloat16"),
    "depthwise 5x5 kernel": Case(_depthwise(5), (128, 2, 2, 576)),
    "depthwise 5x5 kernel, larger maps": Case(_depthwise(5), (128, 16, 16, 72)),
    "depthwise 5x5 kernel, bfloat16": Case(_depthwise(5), (128, 16, 16, 72), "mixed_bfloat16"),
    "depthwise 3x3 kernel, strides, bfloat16": Case(_depthwise(3, strides=2), (128, 16, 16, 96), "mixed_bfloat16"),
    "batch norm": Case(keras.layers.BatchNormalization, (128, 14, 14, 256)),
    "batch norm, bfloat16": Case(keras.layers.BatchNormalization, (128, 16, 16, 72), "mixed_bfloat16"),
    "cropping": Case(lambda: keras.layers.Cropping2D(1), (128, 29, 29, 16)),
    "repeated border": Case(lambda: ReplicatePadding2D(2, 1), (128, 32, 32, 32)),
    "GELU, bfloat16": Case(lambda: keras.layers.Activation("gelu"), (500, 31, 31, 64), "mixed_bfloat16"),
    "ReLU6, bfloat16": Case(lambda: keras.layers.Activation("relu6"), (128, 32, 32, 96), "mixed_bfloat16"),
    "hard SiLU": Case(lambda: keras.layers.Activation("hard_silu"), (128, 16, 16, 240)),
    "cross-entropy of pixels": Case(keras.layers.Identity, (128, 28, 28, 1), loss=PixelLoss()),
    "Adam, dense layer of 128": Case(_dense(128), (1, 784), optimizer=keras.optimizers.Adam),
    "Adam, dense layer of 4096": Case(_dense(4096), (1, 4096), optimizer=keras.optimizers.Adam),
    "momentum, dense layer of 128": Case(_dense(128), (1, 784), optimizer=_momentum),
}


def run(quick: bool = False) -> list[dict]:
    """Time forwards and all gradients of each layer, or an update; `quick` two samples of each, once.

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


def candidate_work(case: Case, shape: tuple[int, ...], candidate: str) -> Callable[[], int]:
    """`CALLS` passes forwards and back, which count as so many samples."""
    model, both_ways = passes(case, shape)
    with operations(model) if candidate == OURS else contextlib.nullcontext():
        both_ways()

    def work() -> int:
        for _ in range(CALLS):
            both_ways()
        return CALLS

    return work


def passes(case: Case, shape: tuple[int, ...]) -> tuple[keras.Model, Callable[[], list]]:
    """A model of the layer alone, and what computes its gradients by inputs and weights, or changes its weights by given
    ones; it is traced when it is first called."""
    keras.utils.set_random_seed(1)
    with devices.precision(case.precision):
        model = keras.Sequential([keras.Input(shape[1:]), case.layer()])
    model.compile(case.optimizer and case.optimizer(), case.loss, jit_compile=False)
    kind = model.layers[0].compute_dtype

    # Not arguments, which would be copied, nor constants, which TensorFlow would compute with beforehand.
    def drawn(shape, seed):
        return tf.cast(tf.random.stateless_normal(shape, (seed, seed + 1)), kind)

    weights = model.trainable_variables
    if case.optimizer:
        model.optimizer.build(weights)
        gradients = [drawn(weight.shape, 5) for weight in weights]

        @tf.function(autograph=False)
        def update():
            model.optimizer.apply(gradients, weights)
            return [weight.value for weight in weights]

        return model, update

    inputs = drawn(shape, 1)
    upstream = None if case.loss else drawn(model.compute_output_shape(shape), 3)

    @tf.function(autograph=False)
    def both_ways():
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = model(inputs, training=True)
            if case.loss:
                outputs = case.loss(tf.zeros_like(outputs), outputs)
        return tape.gradient(outputs, [inputs, *weights], upstream)

    return model, both_ways
