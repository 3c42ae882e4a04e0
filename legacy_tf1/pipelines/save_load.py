"""mech-save-load: a trained network saved by `Saver` and as npz, and taken up again in graphs that nobody wrote by hand.

- `restore`: the variables of a checkpoint, into a graph that has been built by the same code.
- `restore_meta_graph`: graph and variables from the checkpoint's files alone; what to fetch is found by name.
- `constant_graph`: the six arrays of an npz file as constants: a network that cannot be trained any more.

The original applies a ReLU to its logits; here they are logits.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf1

from legacy_tf1.bridging import constants, sources
from legacy_tf1.pipelines.feed import Feed, fed, one_hot, scaled
from legacy_tf1.pipelines.perceptron import HIDDEN, perceptron, score
from tf_data.dataset import Data, Split
from tf_data.errors import InputError
from tf_data.files import whole_file
from tf_data.npz_files import read_arrays
from tf_data.order import permutation
from tf_models.configs import get as get_recipe
from tf_models.configs.overrides import for_source

TOPIC = "mech-save-load"
SCOPES = (*HIDDEN, "logits")
NAMES = tuple(f"{scope}/{part}:0" for scope in SCOPES for part in ("weights", "biases"))


class Saved(NamedTuple):
    """What `demonstrate` wrote, and the test accuracy before saving and after each way back."""

    checkpoint: Path
    npz: Path
    accuracy: dict[str, float]


def demonstrate(data: Data, folder: Path, epochs: int | None = None) -> Saved:
    """Train the common perceptron by feed dict, save it both ways, and score all that comes back.

    Args:
        data: The digits.
        folder: Folder where `mlp.meta`, `mlp.index`, `mlp.data-00000-of-00001` and `mlp.npz` go.
        epochs: Number of epochs; default the recipe's.
    """
    recipe = for_source(get_recipe(TOPIC), data.source)
    checkpoint, npz = Path(folder) / "mlp", Path(folder) / "mlp.npz"
    test, accuracy = (data.test.x, data.test.y), {}
    with tf1.Graph().as_default():
        tf1.set_random_seed(recipe.seed)
        feed = feed_of(data.train, len(data.classes), recipe.batch_size, recipe.seed)
        model = perceptron(feed.images, feed.labels, recipe.learning_rate)
        with feed.session() as session:
            for epoch in range(recipe.epochs if epochs is None else epochs):
                for values in feed.epoch(session, epoch):
                    session.run(model.train_op, values)
            accuracy["trained"] = score(session, model.inputs, model.outputs, *test)
            save(session, model.saver, checkpoint)
            save_npz(session, npz)
    with restore_meta_graph(checkpoint) as session:
        accuracy["meta graph"] = score(session, *endpoints(session.graph), *test)
    with tf1.Graph().as_default():
        images = tf1.placeholder(tf1.float32, (None, *data.test.x.shape[1:]), "images")
        logits = constant_graph(images, npz)
        with tf1.Session() as session:
            accuracy["npz constants"] = score(session, images, logits, *test)
    return Saved(checkpoint, npz, accuracy)


def feed_of(split: Split, classes: int, batch_size: int, seed: int) -> Feed:
    """Placeholders, and shuffled batches of samples in memory to feed."""

    def batches(epoch: int):
        order = permutation(len(split), seed, epoch)
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            yield scaled(split.x[chosen]), one_hot(split.y[chosen], classes)

    return fed(split.x.shape[1:], classes, -(-len(split) // batch_size), batches)


def save(session: tf1.Session, saver: tf1.train.Saver, checkpoint: Path) -> None:
    """Write a checkpoint with its meta graph. Raises `InputError` when the folder cannot be written."""
    try:
        checkpoint.parent.mkdir(parents=True, exist_ok=True)
        saver.save(session, str(checkpoint))
    except (OSError, tf1.errors.OpError, ValueError) as error:
        raise InputError(f"cannot write {checkpoint}: {first_line(error)}; choose another folder") from None


def restore(session: tf1.Session, saver: tf1.train.Saver, checkpoint: Path) -> None:
    """Set the graph's variables from a checkpoint.

    Raises:
        InputError: The checkpoint is missing, cut off, or of another network; the message names the file and the variables.
    """
    with _one_line(checkpoint):
        _check_shapes(session.graph, checkpoint)
        saver.restore(session, str(checkpoint))


@contextlib.contextmanager
def restore_meta_graph(checkpoint: Path) -> Iterator[tf1.Session]:
    """A session of the graph that a checkpoint's `.meta` file describes, variables restored. Errors as of `restore`."""
    with tf1.Graph().as_default(), tf1.Session() as session:
        with _one_line(checkpoint):
            _check_operations(checkpoint)
            saver = tf1.train.import_meta_graph(f"{checkpoint}.meta")
            _check_shapes(session.graph, checkpoint)
            saver.restore(session, str(checkpoint))
        yield session


def endpoints(graph: tf1.Graph) -> tuple[tf1.Tensor, tf1.Tensor]:
    """Images and logits of the common perceptron, found by name. Raises `InputError` for another graph."""
    try:
        return graph.get_tensor_by_name("images:0"), graph.get_tensor_by_name("logits_out:0")
    except KeyError as error:
        raise InputError(f"the meta graph is of another network: {first_line(error)}") from None


def save_npz(session: tf1.Session, path: Path) -> None:
    """Write the six variables under the names that TensorFlow 1 gives them, as `fc1/weights:0`."""
    variables = {variable.name: variable for variable in tf1.trainable_variables()}
    with whole_file(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, **session.run({name: variables[name] for name in NAMES}))


def constant_graph(images: tf1.Tensor, path: Path) -> tf1.Tensor:
    """Logits of `images` by the arrays of an npz file.

    Raises:
        InputError: The file is missing or damaged, or an array is missing or does not fit the one before.
    """
    arrays = dict(zip(NAMES, read_arrays(Path(path), *NAMES), strict=True))
    x = tf1.reshape(images, (-1, images.shape[1:].num_elements()))
    for scope in SCOPES:
        weights, biases = arrays[f"{scope}/weights:0"], arrays[f"{scope}/biases:0"]
        if weights.ndim != 2 or weights.shape[0] != x.shape[1] or biases.shape != weights.shape[1:]:
            raise InputError(
                f"{path}: {scope} has weights {weights.shape} and biases {biases.shape} after {x.shape[1]} inputs; "
                "it is of another network"
            )
        x = tf1.matmul(x, tf1.constant(weights)) + tf1.constant(biases)
        x = tf1.nn.relu(x) if scope in HIDDEN else x
    return x


def _check_operations(checkpoint: Path) -> None:
    # Importing names one operation that is missing, and nothing about the weights.
    if unknown := constants.unknown_operations(sources.read_graph(Path(f"{checkpoint}.meta"))):
        raise InputError(
            f"{checkpoint}.meta has operations that are unknown here, {', '.join(unknown)}; the weights can still be read: "
            f"python -m legacy_tf1.bridge {checkpoint} --out weights.npz"
        )


def _check_shapes(graph: tf1.Graph, checkpoint: Path) -> None:
    # `Saver` itself fails at the first missing variable, and puts values of a wrong shape into a variable in silence.
    shapes = tf1.train.NewCheckpointReader(str(checkpoint)).get_variable_to_shape_map()
    faults = []
    for variable in graph.get_collection(tf1.GraphKeys.GLOBAL_VARIABLES):
        name = variable.op.name
        if name not in shapes:
            faults.append(f"it lacks {name}")
        elif tuple(shapes[name]) != tuple(variable.shape):
            faults.append(f"{name} has shape {tuple(shapes[name])}, not {tuple(variable.shape)}")
    if faults:
        raise InputError(f"checkpoint {checkpoint} is of another network: {', '.join(faults)}")


@contextlib.contextmanager
def _one_line(checkpoint: Path) -> Iterator[None]:
    if not Path(f"{checkpoint}.index").exists():
        raise InputError(f"there is no checkpoint {checkpoint}: {checkpoint}.index is missing")
    try:
        yield
    except InputError:
        raise
    except (tf1.errors.OpError, OSError, ValueError, RuntimeError) as error:
        raise InputError(f"checkpoint {checkpoint} is damaged: {first_line(error)}; save it again") from None


def first_line(error: Exception) -> str:
    """The first line of TensorFlow's message."""
    text = error.message if isinstance(error, tf1.errors.OpError) else str(error)
    return (text.strip().splitlines() or [type(error).__name__])[0]
