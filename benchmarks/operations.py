"""Operations of a training step, counted in its graph: convolutions and matrix products, an add and a multiply are two."""

import math

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


def _products(operation: tf.Operation) -> int:
    """Products of two numbers in a convolution, a matrix product or the gradient of either; 0 in all others."""

    def size(tensor) -> int:
        return math.prod(tensor.shape.as_list())

    inputs, outputs = operation.inputs, operation.outputs
    if operation.type == "MatMul":
        inner = inputs[0].shape[0 if operation.get_attr("transpose_a") else 1]
        return size(outputs[0]) * inner
    if operation.type in ("BatchMatMul", "BatchMatMulV2"):
        inner = inputs[0].shape[-2 if operation.get_attr("adj_x") else -1]
        return size(outputs[0]) * inner
    # A kernel (height, width, inputs, outputs) is applied once for each place and map of what comes out.
    if operation.type == "Conv2D":
        return size(outputs[0]) * math.prod(inputs[1].shape.as_list()[:3])
    if operation.type == "Conv2DBackpropInput":
        return size(inputs[2]) * math.prod(inputs[1].shape.as_list()[:3])
    if operation.type == "Conv2DBackpropFilter":
        return size(inputs[2]) * math.prod(outputs[0].shape.as_list()[:3])
    if operation.type == "DepthwiseConv2dNative":
        return size(outputs[0]) * math.prod(inputs[1].shape.as_list()[:2])
    if operation.type == "DepthwiseConv2dNativeBackpropInput":
        return size(inputs[2]) * math.prod(inputs[1].shape.as_list()[:2])
    if operation.type == "DepthwiseConv2dNativeBackpropFilter":
        return size(inputs[2]) * math.prod(outputs[0].shape.as_list()[:2])
    return 0
