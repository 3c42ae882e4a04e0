"""AFAD-Lite: Asian faces with ages 18 to 39 (Niu et al. 2016)."""

import io
import re
import tarfile
from pathlib import Path

import numpy as np

from tf_data.archives import read_tar
from tf_data.dataset import Dataset, Reading, Split
from tf_data.datasets.drawing import jpeg, shape_image
from tf_data.datasets.image_folder import SUFFIXES, images_below, is_junk, open_images
from tf_data.errors import InputError
from tf_data.files import whole_file
from tf_data.images import EncodedImages

ARCHIVE, FOLDER = "AFAD-Lite.tar.xz", "AFAD-Lite"
FACE_BYTES = 2**22
AGES = tuple(range(18, 40))
GENDERS = {"111": "male", "112": "female"}
PLACE = re.compile(r"(?:^|/)(\d+)/(\d+)/[^/]+$")


def official(
    folder: Path, size: tuple[int, int] = (128, 128), test: float = 0.2, seed: int = 123, skip_bad: bool = False
) -> Reading:
    """Faces from `AFAD-Lite/<age>/<111|112>/`, the `.tar.xz`, or its parts `.tar.xzaa`, `.tar.xzab`, ...

    Args:
        folder: Folder that holds the data in one of the forms.
        size: `(height, width)` to scale and crop to; the faces differ in size.
        test: Probability that a face falls into the test split, drawn for each on its own as the original does.
        seed: Seed of these draws.
        skip_bad: Leave unreadable images out and list them.
    """
    if (folder / FOLDER).is_dir():
        names, left_out = images_below(folder / FOLDER)
        labels = np.array([_label(name) for name in names], np.int32)
        images, labels, skipped = open_images(names, labels, size, 3, skip_bad) if names else (None, labels, ())
    else:
        contents = {name: content for name, content in _members(folder) if not is_junk(Path(name))}
        names = sorted(name for name in contents if Path(name).suffix.lower() in SUFFIXES)
        left_out = [f"{name} in the archive is no image" for name in sorted(contents.keys() - set(names))]
        labels, skipped = np.array([_label(name) for name in names], np.int32), ()
        images = EncodedImages(names, contents.__getitem__, size, 3, resize=True)
        if skip_bad and (bad := dict(images.bad())):
            good = np.array([number for number in range(len(names)) if number not in bad], np.int64)
            images, labels, skipped = images[good], labels[good], tuple(bad.values())
    if not names:
        raise InputError(f"{folder} holds no images of the form <age>/<111|112>/<file>.jpg")
    in_test = np.random.RandomState(seed).rand(len(labels)) >= 1 - test
    chosen = {"train": np.flatnonzero(~in_test), "test": np.flatnonzero(in_test)}
    splits = {name: Split(name, images[rows], labels[rows]) for name, rows in chosen.items()}
    return Reading(splits, skipped=(*left_out, *skipped))


def _members(folder: Path):
    parts = sorted(folder.glob(f"{ARCHIVE}a?"))
    if (folder / ARCHIVE).exists() or not parts:
        yield from read_tar(folder / ARCHIVE, member_bytes=FACE_BYTES)
        return
    # The official archive comes in parts that are joined byte by byte.
    with whole_file(folder / ARCHIVE) as temporary, open(temporary, "wb") as file:
        for part in parts:
            file.write(part.read_bytes())
    yield from read_tar(folder / ARCHIVE, member_bytes=FACE_BYTES)


def _label(name: str) -> int:
    match = PLACE.search(name)
    if not match or match[2] not in GENDERS or int(match[1]) not in AGES:
        raise InputError(f"{name} is not of the form <age 18..39>/<111|112>/<file>; move it out of the way")
    return int(match[1]) - AGES[0]


def synthetic(folder: Path, per_age: int = 32, seed: int = 0) -> None:
    """Write polygons whose hue tells the age as the official archive."""
    rng = np.random.default_rng(seed)
    with whole_file(folder / ARCHIVE) as temporary, tarfile.open(temporary, "w:xz", preset=0) as archive:
        for number in range(per_age * len(AGES)):
            age, gender = AGES[number % len(AGES)], list(GENDERS)[number // len(AGES) % 2]
            content = jpeg(shape_image(age - AGES[0], len(AGES), rng, 60, 60))
            entry = tarfile.TarInfo(f"{FOLDER}/{age}/{gender}/{number:05d}-0.jpg")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


DATASET = Dataset(
    name="afad-lite",
    title="AFAD-Lite",
    shape=(128, 128, 3),
    classes=tuple(str(age) for age in AGES),
    counts={"train": 47_524, "test": 11_820},
    files=(ARCHIVE, f"{ARCHIVE}aa", FOLDER),
    official=official,
    synthetic=synthetic,
    homepage="https://github.com/afad-dataset/tarball-lite",
    licence="research only",
    citation="Niu et al.: Ordinal regression with multiple output CNN for age estimation, 2016",
)
