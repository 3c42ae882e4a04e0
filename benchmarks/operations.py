"""Operations of a training step, counted in its graph: convolutions and matrix products, an add and a multiply are two."""

import math
from collections.abc import Callable

import tensorflow as tf

from tf_data.pipeline import Batches
from tf_models.tasks.base import Task

# What has products inside that this count does not see.
CLOSED = ("While", "PartitionedCall", "StatefulPartitionedCall", "If", "StatelessIf", "StatelessWhile")


def of_training(task: Task, batch_size: int) -> int | None:
    """Operations of one step on a full batch, forwards and back; None where loops or calls hide some.

    Args:
        task: Bound to a compiled model and to data.
        batch_size: Samples in the batch.
    """
    model = task.model
    if model.optimizer is not None and not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    spec = Batches(task.data.train, batch_size, prepare=task.prepare_training).element_spec
    full = tf.nest.map_structure(lambda part: tf.TensorSpec((batch_size, *part.shape[1:]), part.dtype), spec)
    step = tf.function(model.train_step, autograph=False, jit_compile=False)
    operations = _needed(step.get_concrete_function(full).graph)
    if any(operation.type in CLOSED for operation in operations):
        return None
    return 2 * sum(map(_products, operations))


def _needed(graph: tf.Graph) -> set[tf.Operation]:
    """What is really run: what outputs and changes of variables depend on, and no gradient that nobody asks for."""
    waiting = [tensor.op for tensor in graph.outputs]
    waiting += [operation for operation in graph.get_operations() if operation.op_def.is_stateful]
    found = set()
    while waiting:
        operation = waiting.pop()
        if operation not in found:
            found.add(operation)
            waiting += [*(tensor.op for tensor in operation.inputs), *operation.control_inputs]
    return found


def _size(tensor) -> int:
    return math.prod(tensor.shape.as_list())


def _inner(transposed: str, axes: tuple[int, int]) -> Callable[[tf.Operation], int]:
    """Length of the axis that a matrix product sums over: the first of `axes` where `transposed` is set."""
    return lambda operation: operation.inputs[0].shape[axes[0] if operation.get_attr(transposed) else axes[1]]


def _kernel(tensors: str, index: int, axes: int) -> Callable[[tf.Operation], int]:
    """Size of the first axes of a kernel `(height, width, inputs, outputs)`, an input or an output of the operation."""
    return lambda operation: math.prod(getattr(operation, tensors)[index].shape.as_list()[:axes])


# By type, whose every element is made by how many products: a tensor (inputs or outputs, number), and their count. A
# kernel is applied once for each place and map of what its convolution gives, forwards and back.
PRODUCTS = {
    "MatMul": ("outputs", 0, _inner("transpose_a", (0, 1))),
    "BatchMatMul": ("outputs", 0, _inner("adj_x", (-2, -1))),
    "BatchMatMulV2": ("outputs", 0, _inner("adj_x", (-2, -1))),
    "Conv2D": ("outputs", 0, _kernel("inputs", 1, 3)),
    "Conv2DBackpropInput": ("inputs", 2, _kernel("inputs", 1, 3)),
    "Conv2DBackpropFilter": ("inputs", 2, _kernel("outputs", 0, 3)),
    "DepthwiseConv2dNative": ("outputs", 0, _kernel("inputs", 1, 2)),
    "DepthwiseConv2dNativeBackpropInput": ("inputs", 2, _kernel("inputs", 1, 2)),
    "DepthwiseConv2dNativeBackpropFilter": ("inputs", 2, _kernel("outputs", 0, 2)),
}


def _products(operation: tf.Operation) -> int:
    """Products of two numbers in a convolution, a matrix product or the gradient of either; 0 in all others."""
    if operation.type not in PRODUCTS:
        return 0
    tensors, index, each = PRODUCTS[operation.type]
    return _size(getattr(operation, tensors)[index]) * each(operation)
