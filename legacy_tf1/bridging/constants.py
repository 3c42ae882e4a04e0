"""What the nodes of a graph hold and no variable does: constants of the net, of its optimizer, and unknown operations.

The nodes are read as data. Nothing is imported or run, so operations that this TensorFlow does not know do not matter.
"""

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tensorflow.core.framework.graph_pb2 import GraphDef, NodeDef

CROSS_ENTROPIES = (
    "SoftmaxCrossEntropyWithLogits",
    "SparseSoftmaxCrossEntropyWithLogits",
)
UNCHANGED = ("Identity", "Reshape", "StopGradient", "Squeeze", "Cast", "Enter", "Switch")
ACTIVATIONS = {"Relu": "relu", "Tanh": "tanh", "Sigmoid": "sigmoid", "LeakyRelu": "leaky_relu", "Softmax": "softmax"}
# Where each training operation has its constants among its inputs.
APPLY = {
    "ApplyAdam": ("Adam", {"learning_rate": 5, "beta_1": 6, "beta_2": 7, "epsilon": 8}),
    "ApplyMomentum": ("Momentum", {"learning_rate": 2, "momentum": 4}),
    "ApplyRMSProp": ("RMSProp", {"learning_rate": 3, "rho": 4, "momentum": 5, "epsilon": 6}),
    "ApplyCenteredRMSProp": ("RMSProp", {"learning_rate": 4, "rho": 5, "momentum": 6, "epsilon": 7}),
    "ApplyAdagrad": ("Adagrad", {"learning_rate": 2}),
    "ApplyAdadelta": ("Adadelta", {"learning_rate": 3, "rho": 4, "epsilon": 5}),
    "ApplyFtrl": (
        "Ftrl",
        {
            "learning_rate": 4,
            "l1_regularization_strength": 5,
            "l2_regularization_strength": 6,
            "learning_rate_power": 7,
        },
    ),
}
VARIABLES = ("Variable", "VariableV2", "VarHandleOp")


class Graph:
    """Nodes by name: those of a graph, or of one of its functions, as the body of a loop is."""

    def __init__(self, nodes: "Iterable[NodeDef]"):
        self.nodes = {node.name: node for node in nodes}

    @staticmethod
    def place(name: str) -> tuple[str, int]:
        """The node and the number of its output that an input names: `split:2`, or in a function `split:output:2`."""
        node, *rest = name.split(":")
        return node, int(rest[-1]) if rest else 0

    def input(self, node: "NodeDef", number: int) -> "NodeDef | None":
        """The node that gives an input, control inputs not counted."""
        names = [name for name in node.input if not name.startswith("^")]
        return self.nodes.get(self.place(names[number])[0]) if number < len(names) else None

    def number(self, node: "NodeDef | None") -> float | None:
        """The scalar that a node holds, behind operations that change nothing; None where it is not constant."""
        import tensorflow as tf

        while node is not None and node.op in UNCHANGED:
            node = self.input(node, 0)
        if node is None or node.op != "Const":
            return None
        value = tf.make_ndarray(node.attr["value"].tensor)
        if value.size != 1 or value.dtype.kind not in "fiu":
            return None
        # As it was written: 0.001 rather than the float32 next to it.
        return float(str(value.reshape(())))


def of_net(graph: "GraphDef | None") -> dict[str, Any]:
    """Constants that a net must have to mean the same: `epsilon` and `momentum` of batch norms, `negative_slope` of
    leaky ReLUs, the `logits_activation` before a softmax loss, `forget_bias` of LSTM cells.

    Returns:
        Each that the graph has, as one value; a tuple where its layers differ.
    """
    if graph is None:
        return {}
    found: dict[str, list] = {}
    for nodes in (graph.node, *(function.node_def for function in graph.library.function)):
        for name, value in _constants(Graph(nodes)):
            if value is not None and value not in found.setdefault(name, []):
                found[name].append(value)
    return {name: values[0] if len(values) == 1 else tuple(values) for name, values in found.items() if values}


def _constants(graph: Graph) -> Iterator[tuple[str, Any]]:
    for node in graph.nodes.values():
        if node.name.startswith("gradients") or "/gradients" in node.name:
            continue
        if node.op.startswith("FusedBatchNorm"):
            yield "epsilon", float(f"{node.attr['epsilon'].f:.6g}")
        elif node.op in ("Add", "AddV2") and re.search(r"batchnorm(_\d+)?/add(_\d+)?$", node.name):
            yield "epsilon", graph.number(graph.input(node, 1))
        elif re.search(r"AssignMovingAvg(_\d+)?/decay$", node.name):
            decay = graph.number(node)
            yield "momentum", None if decay is None else float(f"{1 - decay:.6g}")
        elif node.op == "LeakyRelu":
            yield "negative_slope", float(f"{node.attr['alpha'].f:.6g}")
        elif node.op == "Maximum":
            yield "negative_slope", _slope(graph, node)
        elif node.op in CROSS_ENTROPIES:
            yield "logits_activation", _activation(graph, graph.input(node, 0))
        elif node.op == "Split" and node.attr["num_split"].i == 4:
            yield "forget_bias", _forget_bias(graph, node)


def _slope(graph: Graph, node) -> float | None:
    """The slope of a leaky ReLU that is written `maximum(x, slope * x)`."""
    sides = [graph.input(node, 0), graph.input(node, 1)]
    for product, other in (sides, sides[::-1]):
        if product is None or other is None or product.op != "Mul":
            continue
        factors = [graph.input(product, 0), graph.input(product, 1)]
        for factor, x in (factors, factors[::-1]):
            if x is other and (value := graph.number(factor)) is not None:
                return value
    return None


def _activation(graph: Graph, node) -> str:
    while node is not None and node.op in UNCHANGED:
        node = graph.input(node, 0)
    return ACTIVATIONS.get(node.op, "linear") if node is not None else "linear"


def _forget_bias(graph: Graph, split) -> float | None:
    """What an LSTM cell adds to the third of its four gates before the sigmoid."""
    for node in graph.nodes.values():
        if node.op in ("Add", "AddV2") and (split.name, 2) in map(graph.place, node.input):
            numbers = [graph.number(graph.input(node, number)) for number in (0, 1)]
            return next((number for number in numbers if number is not None), None)
    return None


def of_optimizer(graph: "GraphDef | None") -> tuple[str | None, dict[str, Any]]:
    """The optimizer of a graph, one of `slots.KINDS`, and those of its settings that are constants there."""
    if graph is None:
        return None, {}
    graph_ = Graph(graph.node)
    for node in graph_.nodes.values():
        name = node.op.removeprefix("Resource").removeprefix("Sparse").removesuffix("V2")
        if name in APPLY:
            kind, places = APPLY[name]
            found = {key: graph_.number(graph_.input(node, place)) for key, place in places.items()}
            settings = {key: value for key, value in found.items() if value is not None}
            if "use_nesterov" in node.attr and node.attr["use_nesterov"].b:
                settings["nesterov"] = True
            return kind, settings
    return None, {}


def unknown_operations(graph: "GraphDef | None") -> list[str]:
    """Operations of a graph that this TensorFlow does not have, by name."""
    from tensorflow.python.framework import op_def_registry

    if graph is None:
        return []
    own = {function.signature.name for function in graph.library.function}
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    names = {node.op for node in nodes} - own
    return sorted(name for name in names if op_def_registry.get(name) is None)


def variables_in_order(graph: "GraphDef | None") -> list[str]:
    """The names of a graph's variables in the order in which they were made."""
    return [] if graph is None else [node.name for node in graph.node if node.op in VARIABLES]
