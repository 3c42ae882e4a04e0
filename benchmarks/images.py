"""Feeding from JPEG files of 218x178 pixels: float32 batches from every form, against PyTorch and the decoder alone.

Each epoch is a pipeline of its own, so that nothing is decoded before its time is taken.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks import measure
from benchmarks.pipelines import BATCH, convert, loader, prepare, stored
from tf_data.dataset import Data, Split
from tf_data.datasets.drawing import jpeg, shape_image
from tf_data.images import EncodedImages, read_file

COUNT, SIZE = 3_000, (218, 178)
BASELINE = "pytorch, files, 0 workers"


def run(quick: bool = False) -> list[dict]:
    """Time all candidates. Rows as `benchmarks.measure.compare` makes them."""
    with tempfile.TemporaryDirectory() as place:
        data = faces(Path(place) / "jpeg", 60 if quick else COUNT)
        folders = convert(data, Path(place) / "faces", ("tfrecord", "images"))
        candidates = {"decoding alone, all cores": _decode_alone(data), "ours, files": _epoch(data.train)}
        candidates |= {f"ours, {kind}": _epoch(stored(at)) for kind, at in folders.items()}
        return measure.compare(candidates | _torch_images(data), BASELINE, 1 if quick else 3)


def faces(folder: Path, count: int) -> Data:
    """JPEG files of the size of CelebA's, drawn; as large as its images, within a few percent."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:05d}.jpg").write_bytes(jpeg(shape_image(number % 2, 2, rng, *SIZE)))
    names = sorted(str(path) for path in folder.iterdir())
    x = EncodedImages(names, read_file, SIZE)
    train = Split("train", x, (np.arange(count) % 2).astype(np.int32))
    return Data("drawn", "generated", "drawn", train, train.slice(0, 10, "test"), classes=("0", "1"))


def _epoch(split) -> Callable[[], int]:
    import tensorflow as tf

    from tf_data.pipeline import Batches

    batches = Batches(split, BATCH, seed=0, prepare=prepare)
    epochs = iter(range(10**6))

    def epoch() -> int:
        counted = batches.dataset(next(epochs)).map(lambda x, y: tf.shape(x)[0])
        return int(counted.reduce(0, lambda total, size: total + size))

    return epoch


def _decode_alone(data: Data) -> Callable[[], int]:
    """JPEG bytes from memory to pixels and nothing else: what no pipeline can beat."""
    import tensorflow as tf

    stored = tf.constant(data.train.x.read_stored(np.arange(len(data.train))).tolist())
    dataset = tf.data.Dataset.from_tensor_slices(stored).map(
        lambda content: tf.io.decode_jpeg(content, 3, dct_method="INTEGER_ACCURATE"),
        tf.data.AUTOTUNE,
        deterministic=False,
    )
    return lambda: int(dataset.reduce(np.int64(0), lambda count, _: count + 1))


def _torch_images(data: Data) -> dict[str, Callable[[], int]]:
    import torch
    from PIL import Image

    names, labels = [data.train.x.name(i) for i in range(len(data.train))], data.train.y

    class Samples(torch.utils.data.Dataset):
        def __len__(self):
            return len(names)

        def __getitem__(self, i):
            with Image.open(names[i]) as image:
                pixels = np.array(image)
            return torch.from_numpy(pixels).permute(2, 0, 1).float() / 255, int(labels[i])

    return {f"pytorch, files, {workers} workers": loader(Samples(), workers) for workers in (0, 2)}
