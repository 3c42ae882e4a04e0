"""Transforms: what they make of samples, what they learn, keep and read."""

import json

import numpy as np
import pytest
import tensorflow as tf

from tf_data import transform
from tf_data.dataset import Split
from tf_data.errors import InputError
from tf_data.pipeline import Position
from tf_data.transform import Features, Images

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (20, 6, 8, 3), dtype=np.uint8)
POSITION = Position(1, tf.constant(0, tf.int64), tf.range(20, dtype=tf.int64))


def test_images_are_cropped_then_resized_then_augmented_then_scaled():
    made = Images(crop=4, resize=2, value_range=(-1.0, 1.0))
    expected = tf.image.resize(PIXELS[:, 1:5, 2:6] / np.float32(255), (2, 2), antialias=True)
    np.testing.assert_allclose(made(PIXELS), 2 * expected - 1, atol=1e-6)
    assert made.shape((6, 8, 3)) == (2, 2, 3)
    flipped = Images(augment={"flip": True})
    np.testing.assert_array_equal(flipped(PIXELS, POSITION), Images()(PIXELS))  # only training is random
    changed = flipped(PIXELS, POSITION, training=True).numpy()
    mirrored = [np.array_equal(a, b[:, ::-1]) for a, b in zip(changed, Images()(PIXELS).numpy(), strict=True)]
    assert 0 < sum(mirrored) < 20
    assert Images(augment={"crop": 4}).shape((6, 8, 3)) == (6, 8, 3)
    assert Images(augment={"crop": 4}).shape((6, 8, 3), training=True) == (4, 4, 3)


@pytest.mark.parametrize("made", [Images(), Images(value_range=(-1.0, 1.0)), Images(standardize=True)])
def test_visible_is_the_way_back(made):
    made.fit(Split("train", PIXELS))
    np.testing.assert_allclose(made.visible(made(PIXELS).numpy()), PIXELS / 255, atol=1e-6)


def test_what_is_learned_is_kept_and_used(tmp_path):
    train = Split("train", RNG.normal(3, 2, (50, 4)).astype(np.float32))
    learned, again = Features(standardize=True), Features(standardize=True)
    with pytest.raises(InputError, match="has not learned"):
        learned(train.x)
    learned.fit(train)
    z = learned(train.x).numpy()
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(z.std(axis=0), 1, atol=1e-6)
    learned.save(tmp_path / "transform.json")
    again.load(tmp_path / "transform.json")
    np.testing.assert_array_equal(again(train.x), z)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "does not exist"),
        ("{", "is damaged"),
        ("[]", "is damaged"),
        ('{"format": 1}', "is damaged"),
        ('{"format": 7, "learned": {}}', "has format 7, this version reads 1"),
        ('{"format": 1, "learned": {}}', "is damaged: KeyError"),
        ('{"format": 1, "learned": {"statistics": {"mean": "x", "sd": [1], "count": 1}}}', "is damaged"),
    ],
)
def test_damaged_files_of_what_was_learned(content, message, tmp_path):
    path = tmp_path / "transform.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=message) as raised:
        Features(standardize=True).load(path)
    assert str(path) in str(raised.value)


def test_what_belongs_to_another_transform_is_refused(tmp_path):
    (tmp_path / "transform.json").write_text(json.dumps({"format": 1, "learned": {"vocabulary": ["a"]}}))
    with pytest.raises(InputError, match="learns nothing, but vocabulary was kept"):
        Features().load(tmp_path / "transform.json")


def test_rows_of_numbers_are_read():
    np.testing.assert_array_equal(Features().read(["1,2", "-3e1, 4"], (2,), (2,)), np.float32([[1, 2], [-30, 4]]))
    for text in ("1", "1,2,3", "1,nan", "1,x", ""):
        with pytest.raises(InputError, match="must hold 2 finite numbers|not a row of numbers"):
            Features().read([text], (2,), (2,))


def test_names_and_arguments_are_checked():
    assert isinstance(transform.make({"name": "image", "crop": 4}), Images)
    for options, message in {
        "imag": "did you mean image",
        "image": "unexpected keyword argument 'crob'",
    }.items():
        with pytest.raises(InputError, match=message):
            transform.make({"name": options, "crob": 1})
    for arguments, message in [({"crop": -1}, "negative"), ({"value_range": (1.0, 0.0)}, "rising")]:
        with pytest.raises(InputError, match=message):
            Images(**arguments)
    with pytest.raises(InputError, match="there is a transform 'image' already"):
        transform.register("image", Features)
