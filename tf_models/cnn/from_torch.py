"""Weights from PyTorch: a `state_dict` file with torchvision's names into the builders of this package."""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
from keras import layers

from tf_data.archives import FREE_BYTES
from tf_data.errors import InputError

UNUSED = "num_batches_tracked"  # PyTorch counts batches beside the statistics; nothing needs them
WRAPPERS = ("state_dict", "model_state_dict", "model", "net")  # keys under which training scripts keep a state_dict
HEADS = ("load", "skip")
PREFIXES = ("module.", "_orig_mod.")  # of DataParallel and of torch.compile
# DenseNets of before 2018, as torchvision still offers them, have `norm.1` where it now says `norm1`.
OLD_DENSENET = re.compile(r"(\.denselayer\d+\.(?:norm|conv))\.(\d)(?=\.)")
NORM = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}


def load_torch_weights(model: keras.Model, path: str | Path, head: str = "load") -> keras.Model:
    """Give a ResNet, VGG, AlexNet, DenseNet or MobileNet of this package the weights of its torchvision namesake.

    The file is read without running code that it may hold. The model changes only if every tensor fits.

    Args:
        model: Model of `resnet`, `vgg`, `alexnet`, `densenet`, `mobilenet_v2` or `mobilenet_v3`, with the sizes of the
            network that was saved. The first dense layer of torchvision's VGGs takes a feature map of 7x7, as images of
            224x224 give it.
        path: File that `torch.save(module.state_dict(), path)` wrote, also for a module in `DataParallel`, with the
            names of torchvision's old DenseNets, or below `state_dict` in a checkpoint that holds more.
        head: `load` for all weights, or `skip` to leave the last dense layer as it is, which then may have other
            classes than the network that was saved.

    Returns:
        The model. torchvision's networks were trained on images from which `(0.485, 0.456, 0.406)` is subtracted, and
        which are divided by `(0.229, 0.224, 0.225)`, by channel, after scaling to 0..1; this package's images are 0..1.

    Raises:
        InputError: PyTorch is missing; the file is missing, damaged or no `state_dict`; or a tensor is missing, too
            many or of another shape. The first such tensor is named.
        ValueError: The model is of another kind, or `head` is neither of the two.
    """
    if head not in HEADS:
        raise ValueError(f"head must be one of {', '.join(HEADS)}, not {head!r}")
    places = list(_variables(model))
    tensors = read_state_dict(path)
    if head == "skip":
        last = places[-1][1].rpartition(".")[0]
        places = [place for place in places if place[1].rpartition(".")[0] != last]
        tensors = {name: value for name, value in tensors.items() if name.rpartition(".")[0] != last}
    values = []
    for variable, name, axes, flattened in places:
        if name not in tensors:
            raise InputError(f"{path} holds no {name}, which {model.name} needs; build the network that was saved")
        value, needed = tensors.pop(name), tuple(variable.shape[axes.index(axis)] for axis in range(len(axes)))
        if value.shape != needed:
            raise InputError(f"{path}: {name} is {value.shape}, but {model.name} needs {needed}")
        values.append(_flattened_last(value, flattened) if flattened else value.transpose(axes))
    if tensors:
        raise InputError(f"{path} holds {next(iter(tensors))}, for which {model.name} has no place")
    for (variable, *_), value in zip(places, values, strict=True):
        variable.assign(value)
    return model


def read_state_dict(path: str | Path) -> dict[str, np.ndarray]:
    """The tensors of a `state_dict` file by name, in its order. Raises `InputError` as `load_torch_weights` does."""
    try:
        import torch
    except ImportError:
        raise InputError(f"reading {path} needs PyTorch; pip install torch") from None
    _check_size(path)
    try:
        tensors = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist") from None
    except Exception as error:  # a damaged or hostile file can raise anything
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise InputError(f"{path} is not a state_dict file that can be read safely: {said[0]}") from None
    tensors = _unwrapped(tensors)
    if not isinstance(tensors, dict) or not tensors or not all(torch.is_tensor(value) for value in tensors.values()):
        raise InputError(f"{path} holds no tensors by name; save module.state_dict()")
    tensors = {str(name): value for name, value in tensors.items()}
    while prefix := next((p for p in PREFIXES if all(name.startswith(p) for name in tensors)), None):
        tensors = {name.removeprefix(prefix): value for name, value in tensors.items()}
    return {
        OLD_DENSENET.sub(r"\1\2", name): value.detach().float().numpy()
        for name, value in tensors.items()
        if not name.endswith(UNUSED)
    }


def _unwrapped(content):
    """The `state_dict` of a checkpoint that has more beside it, as training scripts write."""
    if isinstance(content, dict):
        return next((content[key] for key in WRAPPERS if isinstance(content.get(key), dict)), content)
    return content


def _check_size(path: str | Path) -> None:
    """Raise `InputError` for a file that unpacks to far more than it is; PyTorch packs nothing."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(info.file_size for info in archive.infolist())
    except Exception:  # PyTorch itself says what is wrong with it
        return
    if size > max(FREE_BYTES, 2 * Path(path).stat().st_size):
        raise InputError(f"{path} unpacks to {size:,} bytes, which no weights do; do not trust it")


def _variables(model: keras.Model) -> Iterator[tuple]:
    """Each variable, its tensor's name, the tensor's axes in Keras' order, and the flattened shape.

    The last is the `(height, width, channels)` of the feature map that a dense layer sees flattened, else None.

    Raises:
        ValueError: The layers of the model have no known names in torchvision.
    """
    known = {layer.name for layer in model.layers}
    places = next((places for mark, places in KINDS.items() if mark in known), None)
    if places is None:
        raise ValueError(
            f"{model.name} has no torchvision namesake; known are ResNets, VGGs, AlexNet, DenseNets and MobileNets"
        )
    flattened = None
    for layer, prefix in places(model):
        if isinstance(layer, layers.Flatten):
            flattened = layer.input.shape[1:]
            continue
        for variable in layer.weights:
            norm = isinstance(layer, layers.BatchNormalization)
            name = NORM[variable.name] if norm else {"kernel": "weight", "bias": "bias"}[variable.name]
            kernel = variable.name == "kernel"
            yield variable, f"{prefix}.{name}", _axes(layer) if kernel else (0,), flattened if kernel else None
        if isinstance(layer, layers.Dense):
            flattened = None


def _axes(layer: layers.Layer) -> tuple[int, ...]:
    """Where in PyTorch's kernel the axes of Keras' are: `(out, in, height, width)` or `(out, in)` is PyTorch's order."""
    if isinstance(layer, layers.DepthwiseConv2D):  # `(height, width, channels, 1)` is `(channels, 1, height, width)`
        return (2, 3, 0, 1)
    return (2, 3, 1, 0) if isinstance(layer, layers.Conv2D) else (1, 0)


def _flattened_last(value: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """A dense kernel in Keras' order; PyTorch flattens channels first, Keras last."""
    height, width, channels = shape
    return value.reshape(-1, channels, height, width).transpose(2, 3, 1, 0).reshape(-1, len(value))


def _resnet(model: keras.Model) -> Iterator[tuple]:
    """Layers of `tf_models.cnn.resnet` with the names of torchvision's."""
    fixed = {"stem_conv": "conv1", "stem_norm": "bn1", "logits": "fc"}
    for layer in model.layers:
        if not layer.weights:
            continue
        if layer.name in fixed:
            yield layer, fixed[layer.name]
            continue
        stage, block, shortcut, kind, number = re.fullmatch(
            r"stage(\d+)_block(\d+)_(shortcut_)?(conv|norm)(\d?)", layer.name
        ).groups()
        kinds = {"conv": "downsample.0", "norm": "downsample.1"} if shortcut else {"conv": "conv", "norm": "bn"}
        yield layer, f"layer{stage}.{int(block) - 1}.{kinds[kind]}{number}"


def _densenet(model: keras.Model) -> Iterator[tuple]:
    """Layers of `tf_models.cnn.densenet` with the names of torchvision's."""
    fixed = {"stem_conv": "features.conv0", "stem_norm": "features.norm0", "final_norm": "features.norm5"}
    fixed["logits"] = "classifier"
    for layer in model.layers:
        if layer.weights:
            name = re.sub(r"^transition(\d+)_", r"features.transition\1.", layer.name)
            name = re.sub(r"^block(\d+)_layer(\d+)_", r"features.denseblock\1.denselayer\2.", name)
            yield layer, fixed.get(layer.name, name)


def _mobilenet(model: keras.Model) -> Iterator[tuple]:
    """Layers of `mobilenet_v2` and `mobilenet_v3` with the names of torchvision's, which number a block's parts."""
    third = "hidden" in {layer.name for layer in model.layers}
    parts: dict[int, list[str]] = {}
    for layer in model.layers:
        if not layer.weights:
            continue
        head, _, kind = layer.name.rpartition("_")
        below = "1" if kind == "norm" else "0"
        if not head:
            yield layer, {"hidden": "classifier.0", "logits": f"classifier.{3 if third else 1}"}[kind]
        elif head in ("stem", "last"):
            yield layer, f"features.{0 if head == 'stem' else max(parts) + 1}.{below}"
        else:
            block, part = re.fullmatch(r"block(\d+)_(.+)", head).groups()
            seen = parts.setdefault(int(block), [])
            # In the second version the projection and its norm have numbers of their own.
            alone = part == "project" and not third
            if (entry := kind if alone else part) not in seen:
                seen.append(entry)
            below = "" if alone else f".fc{kind[-1]}" if part == "squeeze" else f".{below}"
            yield layer, f"features.{block}.{'block' if third else 'conv'}.{seen.index(entry)}{below}"


COUNTED = (
    layers.Conv2D,
    layers.BatchNormalization,
    layers.ReLU,
    layers.MaxPooling2D,
    layers.Dropout,
    layers.Dense,
)


def _sequential(model: keras.Model) -> Iterator[tuple]:
    """Layers of `vgg` and `alexnet`, numbered as in torchvision's `features` and, after flattening, `classifier`."""
    part, number = "features", 0
    for layer in model.layers:
        if isinstance(layer, layers.Flatten):
            part, number = "classifier", 0
            yield layer, ""
        elif isinstance(layer, COUNTED):
            yield layer, f"{part}.{number}"
            number += 1


# By a layer that no other builder has.
KINDS = {
    "stage1_block1_conv1": _resnet,
    "block5_pool": _sequential,
    "pool5": _sequential,
    "block1_layer1_conv1": _densenet,
    "block1_depthwise_conv": _mobilenet,
}
