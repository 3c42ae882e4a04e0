"""Feeding: samples a second of shuffled, batched float32, from memory and from every format, against PyTorch's loader.

Every candidate runs whole epochs over the same samples, uint8 where they are kept. Those on `tf.data` are drained by a
compiled loop, as the trainer does; what the trainer does with arrays, gathering inside of the loop, is a candidate of its
own. PyTorch reads what a user would write for that file: one sample at a time from HDF5, whole files
from npz, records through `tf.train.Example`; and from arrays once converting as ours do, once from floats made before.
"""

import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks import measure
from tf_data import formats
from tf_data.dataset import Data, Split

BATCH = 128
SIZES = {"28x28x1": ((28, 28, 1), 60_000), "32x32x3": ((32, 32, 3), 50_000)}
BASELINE = "pytorch, arrays, 0 workers"
# Printed by a process of its own, so that nothing else of this benchmark counts: MB that an epoch adds at its peak to
# what TensorFlow takes once it has run something.
PEAK = """
import os, sys, threading, time
import tensorflow as tf
from tf_data import formats
from tf_data.pipeline import Batches

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

def watch():
    global peak
    while not done.wait(0.002):
        peak = max(peak, resident())

for _ in tf.data.Dataset.range(100).map(lambda x: x + 1, 2).batch(2).prefetch(2): pass
before = peak = resident()
done = threading.Event()
thread = threading.Thread(target=watch)
thread.start()
for _ in Batches(formats.open(sys.argv[1]).splits["train"], 128, seed=0).dataset(): pass
done.set()
thread.join()
print(peak - before)
"""


def run(quick: bool = False) -> list[dict]:
    """Time all candidates. Rows as `benchmarks.measure.compare` makes them, with `data`, and `peak_mb` of formats."""
    repeats = 1 if quick else 3
    rows = []
    with tempfile.TemporaryDirectory() as place:
        for name, (shape, count) in SIZES.items():
            data = _random(shape, 600 if quick else count)
            folders = convert(data, Path(place) / name, ("npz", "hdf5", "tfrecord"))
            candidates = _from_memory(data) | {f"ours, {kind}": _epoch(stored(at)) for kind, at in folders.items()}
            candidates |= _torch_arrays(data) | _torch_files(folders)
            compared = measure.compare(candidates, BASELINE, repeats)
            for row in compared:
                if (kind := row["candidate"].removeprefix("ours, ")) in folders:
                    row["peak_mb"] = _peak(folders[kind])
            rows += [{"data": name, **row} for row in compared]
    return rows


def _random(shape: tuple[int, ...], count: int) -> Data:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (count, *shape), dtype=np.uint8)
    train = Split("train", x, rng.integers(0, 10, count).astype(np.int32))
    return Data("random", "generated", "random numbers", train, train.slice(0, 10, "test"), classes=tuple("0123456789"))


def convert(data: Data, place: Path, kinds: tuple[str, ...]) -> dict[str, Path]:
    """Write the data in each format below `place`; the folders by format."""
    for kind in kinds:
        formats.write(formats.Source.of(data), kind, place / kind, formats.Options(quiet=True))
    return {kind: place / kind for kind in kinds}


def stored(folder: Path):
    """The training split of a converted folder."""
    return formats.open(folder).splits["train"]


def prepare(x, y, position):
    """Stored samples as float32."""
    from tf_data.transform import to_float

    return to_float(x), y


def drain(dataset, steps: int) -> Callable[[], int]:
    """Take `steps` batches a call from a dataset that does not end, in a compiled loop."""
    import tensorflow as tf

    iterator = iter(dataset)

    @tf.function(autograph=False)
    def take(iterator):
        def body(step, seen):
            return step + 1, seen + tf.shape(iterator.get_next()[0])[0]

        return tf.while_loop(lambda step, seen: step < steps, body, (0, 0))[1]

    return lambda: int(take(iterator))


def _epoch(split) -> Callable[[], int]:
    from tf_data.pipeline import Batches

    batches = Batches(split, BATCH, seed=0, prepare=prepare)
    return drain(batches.dataset(epochs=10**6), batches.steps)


def _gather(split) -> Callable[[], int]:
    """The trainer's way with arrays: each batch is gathered by the compiled function that uses it."""
    import tensorflow as tf

    from tf_data.pipeline import Batches

    batches = Batches(split, BATCH, seed=0, prepare=prepare)
    epochs = iter(range(10**6))

    @tf.function(autograph=False)
    def run(epoch):
        def body(step, seen, touched):
            x, _ = batches.at(epoch, step)
            # A value of the batch goes on, so that no optimisation can leave the batch out.
            return step + 1, seen + tf.shape(x)[0], touched + x[-1, -1, -1, -1]

        start = (tf.constant(0, tf.int64), 0, 0.0)
        return tf.while_loop(lambda step, *_: step < batches.steps, body, start)[1]

    return lambda: int(run(tf.constant(next(epochs), tf.int64)))


def _from_memory(data: Data) -> dict[str, Callable[[], int]]:
    import tensorflow as tf

    x, y = data.train.x, data.train.y
    naive = (
        tf.data.Dataset.from_tensor_slices((x, y))
        .shuffle(len(x))
        .map(lambda x, y: (tf.cast(x, tf.float32) / 255, y))
        .batch(BATCH)
        .repeat()
    )
    return {
        "ours, arrays in the loop": _gather(data.train),
        "ours, arrays": _epoch(data.train),
        "naive shuffle().map().batch()": drain(naive, -(-len(x) // BATCH)),
    }


def loader(dataset, workers: int, shuffle: bool = True) -> Callable[[], int]:
    """An epoch of PyTorch's DataLoader."""
    from torch.utils.data import DataLoader

    loader = DataLoader(dataset, BATCH, shuffle=shuffle, num_workers=workers, persistent_workers=workers > 0)
    return lambda: sum(len(x) for x, _ in loader)


def _torch_arrays(data: Data) -> dict[str, Callable[[], int]]:
    import torch
    from torch.utils.data import Dataset, TensorDataset

    x, y = torch.from_numpy(data.train.x.transpose(0, 3, 1, 2).copy()), torch.from_numpy(data.train.y)

    class Pixels(Dataset):
        def __len__(self):
            return len(x)

        def __getitem__(self, i):
            return x[i].float() / 255, y[i]

    found = {f"pytorch, arrays, {workers} workers": loader(Pixels(), workers) for workers in (0, 2)}
    floats = TensorDataset(x.float() / 255, y)
    return found | {f"pytorch, floats made before, {workers} workers": loader(floats, workers) for workers in (0, 2)}


def _torch_files(folders: dict[str, Path]) -> dict[str, Callable[[], int]]:
    found = {}
    for workers in (0, 2):
        found[f"pytorch, hdf5, {workers} workers"] = loader(_hdf5(folders["hdf5"]), workers)
        found[f"pytorch, npz, {workers} workers"] = loader(
            _files(folders["npz"], "*train*.npz", _read_npz), workers, False
        )
        found[f"pytorch, tfrecord, {workers} workers"] = loader(
            _files(folders["tfrecord"], "*train*.tfrecord*", _read_records(stored(folders["tfrecord"]))),
            workers,
            False,
        )
    return found


def _hdf5(folder: Path):
    import h5py
    import torch

    path = next(folder.glob("*.h5"))

    class Samples(torch.utils.data.Dataset):
        file = None

        def __len__(self):
            with h5py.File(path) as file:
                return len(_first(file["train"]))

        def __getitem__(self, i):
            if self.file is None:  # each worker opens its own
                self.file = h5py.File(path)
            group = self.file["train"]
            return torch.from_numpy(_first(group)[i]).float() / 255, int(group["labels"][i])

    return Samples()


def _first(group):
    """The samples in a group of the HDF5 file."""
    return next(group[name] for name in group if name != "labels")


def _files(folder: Path, pattern: str, read: Callable):
    """An iterable PyTorch dataset that shuffles files and, in memory, the samples of each."""
    import torch

    paths = sorted(path for path in folder.rglob(pattern) if path.suffix != ".json" and "index" not in path.name)

    class Samples(torch.utils.data.IterableDataset):
        def __iter__(self):
            worker = torch.utils.data.get_worker_info()
            mine = paths[worker.id :: worker.num_workers] if worker else list(paths)
            np.random.default_rng().shuffle(mine)
            for path in mine:
                x, y = read(path)
                for i in np.random.default_rng().permutation(len(x)):
                    yield torch.from_numpy(x[i]).float() / 255, int(y[i])

    return Samples()


def _read_npz(path: Path):
    with np.load(path) as arrays:
        return arrays["data"], arrays["labels"]


def _read_records(split) -> Callable:
    """Reads a whole shard as a TFRecord reader in Python does: the frame with struct, the example with protobuf."""
    shape = split.blocks.schema.shape

    def read(path: Path):
        import tensorflow as tf

        xs, ys = [], []
        with open(path, "rb") as file:
            while head := file.read(12):
                (length,) = struct.unpack("<Q", head[:8])
                example = tf.train.Example.FromString(file.read(length))
                file.read(4)
                for feature in example.features.feature.values():
                    if feature.bytes_list.value:
                        xs.append(np.frombuffer(feature.bytes_list.value[0], np.uint8).reshape(shape))
                    else:
                        ys.append(feature.int64_list.value[0])
        return np.stack(xs), np.array(ys)

    return read


def _peak(folder: Path) -> float:
    done = subprocess.run([sys.executable, "-c", PEAK, str(folder)], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])
