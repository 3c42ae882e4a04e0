"""CelebA: aligned faces of celebrities with 40 attributes (Liu et al. 2015)."""

import zipfile
from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np

from tf_data.archives import Zip
from tf_data.command import nearest
from tf_data.csv_files import TableFile, is_table
from tf_data.dataset import Dataset, Reading, Split
from tf_data.datasets.drawing import jpeg, shape_image
from tf_data.errors import InputError
from tf_data.files import whole_file, write_text
from tf_data.images import EncodedImages, read_file
from tf_data.layouts import Layout, locate, matching

ARCHIVE, FOLDER = "img_align_celeba.zip", "img_align_celeba"
ATTRIBUTES, PARTITION = "list_attr_celeba.txt", "list_eval_partition.txt"
# Kaggle's copy has its images one folder deeper, and its lists as CSV.
IMAGES = (f"{FOLDER}/{FOLDER}/", f"{FOLDER}/", ARCHIVE, f"Img/{FOLDER}/", f"Img/{ARCHIVE}")
LAYOUT = Layout(
    {
        "attributes": (ATTRIBUTES, f"Anno/{ATTRIBUTES}", "list_attr_celeba.csv"),
        "partition": (PARTITION, f"Eval/{PARTITION}", "list_eval_partition.csv"),
        "images": (ARCHIVE, *IMAGES),
    }
)
IMAGE_BYTES = 2**22  # the largest official one has 27 thousand
SIZE = (218, 178)
PARTS = ("train", "validation", "test")
NAMES = [
    "5_o_Clock_Shadow",
    "Arched_Eyebrows",
    "Attractive",
    "Bags_Under_Eyes",
    "Bald",
    "Bangs",
    "Big_Lips",
    "Big_Nose",
    "Black_Hair",
    "Blond_Hair",
    "Blurry",
    "Brown_Hair",
    "Bushy_Eyebrows",
    "Chubby",
    "Double_Chin",
    "Eyeglasses",
    "Goatee",
    "Gray_Hair",
    "Heavy_Makeup",
    "High_Cheekbones",
    "Male",
    "Mouth_Slightly_Open",
    "Mustache",
    "Narrow_Eyes",
    "No_Beard",
    "Oval_Face",
    "Pale_Skin",
    "Pointy_Nose",
    "Receding_Hairline",
    "Rosy_Cheeks",
    "Sideburns",
    "Smiling",
    "Straight_Hair",
    "Wavy_Hair",
    "Wearing_Earrings",
    "Wearing_Hat",
    "Wearing_Lipstick",
    "Wearing_Necklace",
    "Wearing_Necktie",
    "Young",
]


def official(folder: Path, attribute: str = "Male", skip_bad: bool = False) -> Reading:
    """The faces that the attribute file lists, by the official, identity-disjoint partition.

    Args:
        folder: Folder with the two lists, as official text or as Kaggle's `.csv`, and the images, as
            `img_align_celeba.zip` or as a folder of that name, which may hold another one.
        attribute: One of the 40 attributes; the label is 1 where it is present.
        skip_bad: Leave out images that are missing and list them; otherwise they are an error.
    """
    if attribute not in NAMES:
        raise InputError(f"CelebA has no attribute {attribute!r}{nearest(attribute, NAMES)}")
    _, found = locate(folder, DATASET.layouts)
    labels = _attributes(found["attributes"], attribute)
    parts = _partition(found["partition"])
    load, where, names = _images(folder, labels)
    skipped = []
    for name in labels:
        reason = "is not there" if name not in names else None
        if name not in parts:
            reason = f"is not in {found['partition'].name}"
        if reason and not skip_bad:
            raise InputError(
                f"{where}{name}, which {found['attributes']} lists, {reason}; restore it or skip bad files"
            )
        if reason:
            skipped.append(f"{where}{name} {reason}")
    usable = [name for name in labels if name in parts and name in names]
    splits = {}
    for number, part in enumerate(PARTS):
        chosen = [name for name in usable if parts[name] == number]
        x = EncodedImages([where + name for name in chosen], load, SIZE, encoding="jpeg")
        splits[part] = Split(part, x, np.array([labels[name] for name in chosen], np.int32))
        if not chosen:
            raise InputError(f"{folder} holds no images of the {part} partition")
    classes = ("female", "male") if attribute == "Male" else (f"not {attribute}", attribute)
    return Reading(splits, classes, skipped=tuple(skipped))


def _images(folder: Path, wanted: Collection[str]) -> tuple[Callable[[str], bytes], str, set[str]]:
    """Where the images are: a function that reads one by its path, the path of their folder, and their names there.

    The first place that holds all `wanted` ones is taken, or else the first one: a folder may have been unpacked by half.
    """
    places = []
    for path in (path for name in IMAGES for path in matching(folder, name)):
        if path.is_dir():
            places.append((read_file, f"{path}/", {file.name for file in path.iterdir() if file.is_file()}))
        else:
            archive = Zip(path, IMAGE_BYTES)
            where = archive.names[0].rpartition("/")[0] + "/" if archive.names else ""
            names = {name.removeprefix(where) for name in archive.names if name.startswith(where)}
            places.append((archive.read, where, names))
        if all(name in places[-1][2] for name in wanted):
            return places[-1]
    return places[0]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        raise InputError(f"missing file {path}; fetch it again") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {path}: {error}") from None


def _attributes(path: Path, attribute: str) -> dict[str, int]:
    """Label 0 or 1 by file name, in the file's order."""
    if is_table(path):
        table = TableFile(path, ("image_id", attribute))
        labels = {}
        for line, row in table.rows():
            if row[attribute].strip() not in ("-1", "1"):
                raise InputError(f"{path} line {line}, column {attribute!r}: {row[attribute]!r} is neither -1 nor 1")
            labels[row["image_id"].strip()] = int(row[attribute].strip() == "1")
        return labels
    lines = _lines(path)
    if len(lines) < 3 or not lines[0].strip().isdigit() or attribute not in lines[1].split():
        raise InputError(f"{path} does not begin with a count and the attributes' names; fetch it again")
    column, width = lines[1].split().index(attribute), len(lines[1].split())
    labels = {}
    for number, line in enumerate(lines[2:], 3):
        name, *values = line.split()
        if len(values) != width or values[column] not in ("-1", "1"):
            raise InputError(f"{path} line {number} is no file name and {width} values of -1 or 1")
        labels[name] = int(values[column] == "1")
    if len(labels) != int(lines[0]):
        raise InputError(f"{path} lists {len(labels)} images, its first line says {lines[0].strip()}; fetch it again")
    return labels


def _partition(path: Path) -> dict[str, int]:
    parts = {}
    if is_table(path):
        for line, row in TableFile(path, ("image_id", "partition")).rows():
            if row["partition"].strip() not in ("0", "1", "2"):
                raise InputError(f"{path} line {line}, column 'partition': {row['partition']!r} is none of 0, 1 and 2")
            parts[row["image_id"].strip()] = int(row["partition"])
        return parts
    for number, line in enumerate(_lines(path), 1):
        fields = line.split()
        if len(fields) != 2 or fields[1] not in ("0", "1", "2"):
            raise InputError(f"{path} line {number} is no file name and 0, 1 or 2")
        parts[fields[0]] = int(fields[1])
    return parts


def synthetic(folder: Path, counts=(60, 20, 20), seed: int = 0) -> None:
    """Write polygons as faces, with the two lists; every attribute but Male is drawn at random."""
    rng = np.random.default_rng(seed)
    attributes, partition = [], []
    with whole_file(folder / ARCHIVE) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        parts = np.repeat(np.arange(3), counts)
        for number, part in enumerate(parts, 1):
            name, male = f"{number:06d}.jpg", number % 2
            values = rng.choice(["-1", " 1"], len(NAMES))
            values[NAMES.index("Male")] = " 1" if male else "-1"
            attributes.append(f"{name} {' '.join(values)}")
            partition.append(f"{name} {part}")
            entry = zipfile.ZipInfo(f"{FOLDER}/{name}")
            archive.writestr(entry, jpeg(shape_image(male, 2, rng, *SIZE)))
    write_text(folder / ATTRIBUTES, "\r\n".join([str(len(parts)), " ".join(NAMES), *attributes, ""]))
    write_text(folder / PARTITION, "\r\n".join([*partition, ""]))


DATASET = Dataset(
    name="celeba",
    title="CelebA",
    shape=(*SIZE, 3),
    classes=("female", "male"),
    counts={"train": 162_770, "validation": 19_867, "test": 19_962},
    layouts=(LAYOUT,),
    official=official,
    synthetic=synthetic,
    homepage="https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
    licence="non-commercial research only; no redistribution",
    citation="Liu, Luo, Wang, Tang: Deep learning face attributes in the wild, 2015",
)
