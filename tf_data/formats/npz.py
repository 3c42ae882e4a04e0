"""npz chunks: files `train_1.npz`, `train_2.npz`, ... with the arrays `data` and `labels`, samples as they are.

A chunk is a block and is read whole, which also checks it: every array in a zip file has a checksum.
"""

from pathlib import Path

import numpy as np

from tf_data.errors import InputError
from tf_data.files import whole_file
from tf_data.formats.manifest import File, Manifest, Schema
from tf_data.formats.source import Chunk
from tf_data.formats.stored import Blocks
from tf_data.formats.writing import Job, Unit, check_file_bytes, default_size
from tf_data.npz_files import NpzFile

NAME = "npz"
CHUNK_BYTES = 4 * 2**20
CHUNK_SAMPLES = 5000  # as in the notebooks


def chunk_size(schema: Schema, compress: bool) -> int:
    """Samples a file when nobody says otherwise."""
    return default_size(schema.sample_bytes, CHUNK_BYTES, CHUNK_SAMPLES)


def write(job: Job) -> Manifest:
    """Write chunks of `job.options.chunk_size` samples, several at once."""
    check_file_bytes(job.options.chunk_size, job.schema.sample_bytes)
    save = np.savez_compressed if job.options.compress else np.savez

    def write_chunk(unit: Unit, chunk: Chunk) -> list[File]:
        path = job.folder / f"{unit.split}_{unit.number + 1}.npz"
        arrays = {"data": chunk.x} if chunk.y is None else {"data": chunk.x, "labels": chunk.y}
        with whole_file(path) as temporary, open(temporary, "wb") as file:
            save(file, **arrays)
        return [File.of(job.folder, path, {unit.split: len(chunk)})]

    units = job.units()
    job.run(units, write_chunk)
    return job.complete(units)


class NpzBlocks(Blocks):
    """One split of npz chunks."""

    def __init__(self, folder: Path, manifest: Manifest, split: str):
        self.schema = manifest.schema
        files = manifest.of_split(split)
        self._paths = [folder / file.path for file in files]
        self.counts = np.array([file.samples[split] for file in files], np.int64)
        self.sample_bytes = self.schema.sample_bytes
        self._damaged: dict[int, InputError] = {}

    def read(self, block, start, stop):
        x = self._array(block, "data", self.schema.shape, self.schema.dtype)
        return x[start:stop], self.labels(block, start, stop)

    def labels(self, block, start, stop):
        if self.schema.label_dtype is None:
            return None
        return self._array(block, "labels", self.schema.label_shape, self.schema.label_dtype)[start:stop]

    def name(self, block, row):
        return f"{self._paths[block]} record {row}"

    def _array(self, block: int, key: str, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        if block in self._damaged:  # whoever looks for whole records would else read the file for each
            raise self._damaged[block]
        path, shape = self._paths[block], (int(self.counts[block]), *shape)
        try:
            with NpzFile(path, "convert again") as file:
                found = file.header(key)
                if found.shape != shape or found.dtype != dtype:
                    raise InputError(f"{path}: {key} is {found.dtype} of shape {found.shape}, not {dtype} of {shape}")
                array = file.read(key)
        except InputError as error:
            self._damaged[block] = error
            raise
        return array


blocks = NpzBlocks
