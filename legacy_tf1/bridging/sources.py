"""Files that hold TensorFlow 1 variables, whatever their kind: read whole, by name, without running a graph."""

import glob
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tf_data.errors import InputError
from tf_data.npz_files import read_all

if TYPE_CHECKING:
    from tensorflow.core.framework.graph_pb2 import GraphDef

Values = dict[str, np.ndarray]

DATA_FILE = re.compile(r"\.data-\d{5}-of-\d{5}$")
SHARD = re.compile(r"-\d{5}-of-\d{5}$")  # of a checkpoint in the old format
NUMBERED = re.compile(r"(.*?)-?(\d+)$")
TABLE = (0xDB4775248B80FB57).to_bytes(8, "little")  # the last bytes of a table of TensorFlow's
OBJECT = "/.ATTRIBUTES/VARIABLE_VALUE"  # ends the names of a checkpoint of TensorFlow 2's kind
GRAPH_FILES = (".pb",)
FOREIGN = (".h5", ".hdf5", ".tflite", ".onnx", ".pbtxt", ".json", ".txt", ".pkl", ".pt", ".pth")


@dataclass(frozen=True)
class Source:
    """What a file held.

    Attributes:
        origin: Path that was read, for messages.
        values: Numbers by name, without `:0`.
        graph: The nodes that lay beside them, in a meta graph or around constants; None where there were none.
        notes: Notes for the user about the reading, a line each.
    """

    origin: str
    values: Values
    graph: "GraphDef | None" = None
    notes: tuple[str, ...] = ()


def read(path: Path) -> Source:
    """Everything that a file, a checkpoint or a folder holds.

    Args:
        path: An `.npz` file; a checkpoint's prefix, any of its files, or the folder of it, in the present format or
            in that of one file (V1); a frozen graph (`.pb`); a SavedModel's folder.

    Raises:
        InputError: There is nothing, it is damaged, or several checkpoints are there and none is named.
    """
    path = Path(path)
    if path.suffix == ".npz":
        if not path.exists():
            raise InputError(f"{path} does not exist")
        arrays = read_all(path, remedy="copy it again")
        return Source(str(path), {name.removesuffix(":0"): value for name, value in arrays.items()})
    if path.name in ("saved_model.pb", "checkpoint") and path.is_file():
        path = path.parent
    if (path / "saved_model.pb").is_file():
        return _read_saved_model(path)
    if path.suffix in GRAPH_FILES:
        return _read_frozen(path)
    if path.suffix in FOREIGN and not Path(f"{path}.index").is_file():
        raise InputError(f"{path}: a {path.suffix} file is no TensorFlow 1 checkpoint; give .npz, .pb or a checkpoint")
    notes: list[str] = []
    prefix = _in_folder(path, notes) if path.is_dir() else _prefix(path)
    values, meta = _read_checkpoint(prefix), Path(f"{prefix}.meta")
    graph = read_graph(meta)
    if graph is None and meta.is_file():
        notes.append(f"{meta} is damaged; the weights do not need it")
    return Source(str(prefix), values, graph, tuple(notes))


def _prefix(path: Path) -> Path:
    """The checkpoint that a path names, which may be that of one of its files."""
    text = str(path)
    if not Path(f"{text}.index").is_file():
        for suffix in (".index", ".meta"):
            text = text.removesuffix(suffix)
        text = SHARD.sub("", DATA_FILE.sub("", text))
    return Path(text)


def _in_folder(folder: Path, notes: list[str]) -> Path:
    """The checkpoint that a folder's file `checkpoint` names, or the only or last one that lies there."""
    found = checkpoints(folder)
    named = _named_latest(folder)
    if named is not None:
        for prefix in (named if named.is_absolute() else folder / named, folder / named.name):
            if prefix in found or _exists(prefix):
                if prefix != named and named.is_absolute():
                    notes.append(f"the file `checkpoint` names {named}, which is not here; {prefix} was taken")
                return prefix
    if not found:
        raise InputError(f"the folder {folder} names no latest checkpoint; give the prefix of one")
    stems = {_stem(prefix.name) for prefix in found}
    if len(found) > 1 and len(stems) > 1:
        listed = ", ".join(prefix.name for prefix in found)
        raise InputError(f"{folder} holds several checkpoints and names no latest: {listed}; give one")
    latest = max(found, key=lambda prefix: _number(prefix.name))
    notes.append(f"the folder names no checkpoint that is here; {latest.name} was taken")
    return latest


def checkpoints(folder: Path) -> list[Path]:
    """The prefixes of all checkpoints in a folder, of both formats, by name."""
    found = {path.with_name(path.name.removesuffix(".index")) for path in folder.glob("*.index")}
    for path in folder.iterdir():
        if path.suffix != ".index" and path.is_file() and is_table(path):
            found.add(path.with_name(SHARD.sub("", path.name)))
    return sorted(found)


def is_table(path: Path) -> bool:
    """Whether a file is a table of TensorFlow's, which a checkpoint in the old format is."""
    try:
        with open(path, "rb") as file:
            if file.seek(0, 2) < len(TABLE):
                return False
            file.seek(-len(TABLE), 2)
            return file.read() == TABLE
    except OSError:
        return False


def _named_latest(folder: Path) -> Path | None:
    try:
        text = (folder / "checkpoint").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    found = re.search(r'^\s*model_checkpoint_path:\s*"((?:[^"\\]|\\.)*)"', text, re.MULTILINE)
    # A path of Windows is one name here; only its last part matters then.
    return Path(re.sub(r"\\\\?", "/", found[1])) if found else None


def _exists(prefix: Path) -> bool:
    return Path(f"{prefix}.index").is_file() or bool(_old_files(prefix))


def _old_files(prefix: Path) -> list[Path]:
    """The files of a checkpoint in the old format: one, or shards."""
    if is_table(prefix):
        return [prefix]
    shards = prefix.parent.glob(f"{glob.escape(prefix.name)}-*-of-*")
    return sorted(path for path in shards if SHARD.search(path.name) and is_table(path))


def _stem(name: str) -> str:
    match = NUMBERED.match(name)
    return match[1] if match else name


def _number(name: str) -> int:
    match = NUMBERED.match(name)
    return int(match[2]) if match else -1


def _read_checkpoint(prefix: Path) -> Values:
    import tensorflow as tf

    files = [path for path in prefix.parent.glob(f"{glob.escape(prefix.name)}.*") if DATA_FILE.search(path.name)]
    index = Path(f"{prefix}.index")
    files = [index, *files] if index.is_file() else _old_files(prefix)
    if not files:
        raise InputError(f"no checkpoint {prefix}: {index} does not exist")
    try:
        # TensorFlow takes a path for a pattern, in which brackets and the like mean something: it gets a plain one.
        with tempfile.TemporaryDirectory(prefix="checkpoint-") as folder:
            for path in files:
                (Path(folder) / f"model{path.name.removeprefix(prefix.name)}").symlink_to(path.absolute())
            pattern = "model-?????-of-?????" if SHARD.search(files[0].name) else "model"
            reader = tf.compat.v1.train.NewCheckpointReader(str(Path(folder) / pattern))
            values = {name: reader.get_tensor(name) for name in sorted(reader.get_variable_to_shape_map())}
    except (tf.errors.OpError, RuntimeError, ValueError, IndexError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"checkpoint {prefix} is damaged: {reason}") from None
    return numbers({name.removesuffix(OBJECT): value for name, value in values.items()})


def numbers(values: dict) -> Values:
    """What can be a variable of a net: strings, such as the description of a TensorFlow 2 checkpoint, are left out."""
    arrays = {name: np.asarray(value) for name, value in values.items()}
    return {name: array for name, array in arrays.items() if array.dtype.kind not in "OSU"}


def read_graph(path: Path) -> "GraphDef | None":
    """The nodes of a meta graph, None where it is missing or damaged.

    They are parsed, not imported: operations that are unknown here do not matter.
    """
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf.meta_graph_pb2 import MetaGraphDef

    try:
        return MetaGraphDef.FromString(path.read_bytes()).graph_def
    except (DecodeError, OSError):
        return None


def _read_frozen(path: Path) -> Source:
    from google.protobuf.message import DecodeError
    from tensorflow.core.framework.graph_pb2 import GraphDef

    try:
        graph = GraphDef.FromString(path.read_bytes())
    except FileNotFoundError:
        raise InputError(f"{path} does not exist") from None
    except (DecodeError, OSError) as error:
        raise InputError(f"{path} is damaged or no frozen graph: {error}") from None
    values = _constants(graph, str(path))
    if not values:
        raise InputError(f"{path} is a graph without weights; give the checkpoint that belongs to it")
    return Source(str(path), values, graph)


def _constants(graph: "GraphDef", origin: str) -> Values:
    """The weights in a frozen graph: constants that stand where a variable was, else all that are not scalars."""
    import tensorflow as tf

    constants = {node.name: node for node in graph.node if node.op == "Const"}
    reads = {
        name.partition(":")[0]
        for node in graph.node
        if node.op == "Identity" and node.name.endswith(("/read", "/ReadVariableOp"))
        for name in node.input
    }
    found = {}
    for name, node in constants.items():
        if (reads and name not in reads) or not tf.as_dtype(node.attr["dtype"].type).is_floating:
            continue
        try:
            value = tf.make_ndarray(node.attr["value"].tensor)
        except (ValueError, TypeError) as error:
            raise InputError(f"{origin} is damaged: constant {name}: {error}") from None
        if reads or value.ndim:
            found[name] = value
    return found


def _read_saved_model(folder: Path) -> Source:
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    try:
        saved = SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    except (DecodeError, OSError) as error:
        raise InputError(f"{folder}/saved_model.pb is damaged: {error}") from None
    if not saved.meta_graphs:
        raise InputError(f"{folder}/saved_model.pb holds no graph")
    graph = saved.meta_graphs[0].graph_def
    prefix = folder / "variables" / "variables"
    values = _read_checkpoint(prefix) if Path(f"{prefix}.index").is_file() else {}
    values = values or _constants(graph, str(folder))
    if not values:
        raise InputError(f"the SavedModel {folder} has neither variables nor constants")
    return Source(str(folder), values, graph)
