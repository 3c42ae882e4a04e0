"""Statistics from one pass, and augmentation that follows from (seed, epoch, sample) alone."""

import colorsys

import numpy as np
import pytest
import tensorflow as tf

import tf_data
from tf_data.augment import (
    CASES,
    Augment,
    brighten,
    contrast,
    grey,
    grid,
    rotate,
    saturate,
    turn_hue,
    uniform,
    zoom,
)
from tf_data.dataset import Split
from tf_data.errors import InputError
from tf_data.pipeline import Batches, Position
from tf_data.statistics import Statistics, statistics
from tf_data.transform import centre_crop


def position(indices, seed=1, epoch=2):
    return Position(seed, tf.constant(epoch, tf.int64), tf.constant(indices, tf.int64))


def random_images(count=6, size=9, channels=3, seed=0):
    return tf.constant(np.random.default_rng(seed).random((count, size, size, channels), dtype=np.float32))


def test_statistics_are_the_true_ones(monkeypatch):
    x = np.random.default_rng(0).integers(0, 256, (1037, 4, 5, 3), dtype=np.uint8)
    x[500:] //= 4  # batches that differ: the mean of their deviations is not the deviation of all
    found = statistics(Split("train", x))
    np.testing.assert_allclose(found.mean, (x / 255.0).mean(axis=(0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(found.sd, (x / 255.0).std(axis=(0, 1, 2)), rtol=1e-12)
    assert found.count == 1037 * 20
    batchwise = np.mean([(x[i : i + 100] / 255.0).std(axis=(0, 1, 2)) for i in range(0, 1037, 100)], axis=0)
    assert (batchwise < 0.9 * np.array(found.sd)).all()
    for chunk in (1, 7, 5000):
        monkeypatch.setattr("tf_data.statistics.CHUNK", chunk)
        np.testing.assert_allclose(statistics(Split("train", x[:60])).sd, (x[:60] / 255.0).std(axis=(0, 1, 2)))


def test_statistics_of_far_away_numbers_are_exact():
    """The textbook's sum of squares loses every digit here."""
    x = 1e9 + np.random.default_rng(0).normal(size=(3000, 2))
    np.testing.assert_allclose(statistics(Split("train", x)).sd, x.std(axis=0), rtol=1e-6)


def test_statistics_read_encoded_images():
    data = tf_data.load("image-folder", source="synthetic")
    x = data.train.x.read(np.arange(len(data.train))) / 255.0
    np.testing.assert_allclose(statistics(data.train).sd, x.std(axis=(0, 1, 2)), rtol=1e-9)


def test_statistics_become_a_layer_and_survive_a_file(tmp_path):
    x = np.random.default_rng(0).integers(0, 256, (50, 4, 4, 3), dtype=np.uint8)
    found = statistics(Split("train", x))
    found.save(tmp_path / "statistics.json")
    assert Statistics.load(tmp_path / "statistics.json") == found
    out = found.layer()(x.astype(np.float32) / 255).numpy()
    np.testing.assert_allclose(out.mean(axis=(0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(out.std(axis=(0, 1, 2)), 1, atol=1e-5)
    (tmp_path / "statistics.json").write_text('{"mean": [1]}')
    with pytest.raises(InputError, match=r"statistics.json holds no statistics"):
        Statistics.load(tmp_path / "statistics.json")


def test_real_mnist(data_dir):
    """The original printed 0.3077, the mean of its batches' deviations."""
    found = statistics(tf_data.load("mnist", data_dir=data_dir).train)
    assert found.mean[0] == pytest.approx(0.1307, abs=5e-5)
    assert found.sd[0] == pytest.approx(0.3081, abs=5e-5)


def test_random_numbers_are_uniform_and_independent():
    count = 100_000
    draws = [uniform(position(np.arange(count), seed, epoch), draw).numpy() for seed, epoch, draw in
             ((1, 2, 0), (1, 2, 1), (1, 3, 0), (2, 2, 0))]  # fmt: skip
    for one in draws:
        assert one.min() >= 0
        assert one.max() < 1
        counts = np.histogram(one, 50, (0, 1))[0]
        chi2 = np.sum((counts - count / 50) ** 2 / (count / 50))
        assert chi2 < 100  # 49 degrees of freedom: mean 49, deviation 10
        assert abs(np.corrcoef(one[:-1], one[1:])[0, 1]) < 5 / count**0.5
    for i, one in enumerate(draws):
        for other in draws[:i]:
            assert abs(np.corrcoef(one, other)[0, 1]) < 5 / count**0.5


def test_a_sample_is_changed_alike_in_every_batch():
    augment = Augment(crop=7, pad=2, flip=True, rotate=20, brightness=0.2, contrast=0.2, saturation=0.2, hue=0.1)
    x = random_images(6)
    whole = augment(x, position(range(6))).numpy()
    turned = augment(x[::-1], position(range(6)[::-1])).numpy()[::-1]
    parts = np.concatenate([augment(x[i : i + 2], position([i, i + 1])) for i in (0, 2, 4)])
    np.testing.assert_array_equal(whole, turned)
    np.testing.assert_array_equal(whole, parts)
    assert not np.array_equal(whole, augment(x, position(range(6), epoch=3)).numpy())
    assert not np.array_equal(whole, augment(x, position(range(6), seed=3)).numpy())


def test_batches_pass_on_where_a_sample_stands():
    x = np.arange(20, dtype=np.int64)

    def prepare(x, y, where):
        return x, where.indices, tf.fill(tf.shape(x), where.epoch)

    for values, indices, epochs in Batches(Split("train", x), 6, seed=3, prepare=prepare).dataset(4):
        np.testing.assert_array_equal(values, indices)
        assert set(epochs.numpy()) == {4}


def test_flip_and_crop_pick_pixels():
    x = random_images(40, 6)
    flipped = Augment(flip=True)(x, position(range(40))).numpy()
    mirrored = np.array([np.array_equal(a, b[:, ::-1]) for a, b in zip(flipped, x.numpy(), strict=True)])
    same = np.array([np.array_equal(a, b) for a, b in zip(flipped, x.numpy(), strict=True)])
    assert (mirrored ^ same).all()
    assert 8 < mirrored.sum() < 32
    padded = np.pad(x.numpy(), ((0, 0), (2, 2), (2, 2), (0, 0)))
    places = set()
    for image, out in zip(padded, Augment(crop=6, pad=2)(x, position(range(40))).numpy(), strict=True):
        found = [(i, j) for i in range(5) for j in range(5) if np.array_equal(image[i : i + 6, j : j + 6], out)]
        assert len(found) == 1
        places |= set(found)
    assert {i for i, _ in places} == {j for _, j in places} == set(range(5))


def test_alternating_flips_show_both_sides_in_two_epochs():
    x, augment = random_images(40, 6), Augment(flip=True, alternate=True)
    epochs = [augment(x, position(range(40), epoch=epoch)).numpy() for epoch in range(4)]
    mirrored = np.array([np.array_equal(a, b[:, ::-1]) for a, b in zip(epochs[0], x.numpy(), strict=True)])
    assert 8 < mirrored.sum() < 32
    np.testing.assert_array_equal(epochs[1], epochs[0][:, :, ::-1])
    np.testing.assert_array_equal(epochs[2], epochs[0])
    np.testing.assert_array_equal(epochs[3], epochs[1])
    np.testing.assert_array_equal(epochs[0], Augment(flip=True)(x, position(range(40), epoch=0)))


def test_a_crop_can_show_the_mirrored_border():
    x = random_images()
    padded = np.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="symmetric")
    for image, out in zip(padded, Augment(crop=9, pad=2, reflect=True)(x, position(range(6))).numpy(), strict=True):
        places = [(top, left) for top in range(5) for left in range(5)]
        assert any(np.array_equal(image[top : top + 9, left : left + 9], out) for top, left in places)


def test_rotation_by_a_quarter_is_exact():
    x = random_images(2, 8)
    out = rotate(x, tf.constant([np.pi / 2, 0.0]))
    np.testing.assert_allclose(out[0], np.rot90(x[0]), atol=1e-5)
    np.testing.assert_allclose(out[1], x[1], atol=1e-6)


def test_zoom_shows_a_window_as_large_as_the_image():
    x = random_images(3, 8)
    fraction, right, down = tf.constant([1.0, 0.5, 0.5]), tf.constant([0.3, 0.0, 1.0]), tf.constant([0.3, 1.0, 0.5])
    out = zoom(x, fraction, right, down).numpy()
    np.testing.assert_allclose(out[0], x[0], atol=1e-6)
    # Inside, where `resize` does not miss the pixels around the window.
    for number, (top, left) in ((1, (4, 0)), (2, (2, 4))):
        expected = tf.image.resize(x[number, top : top + 4, left : left + 4], (8, 8)).numpy()
        np.testing.assert_allclose(out[number, 1:-1, 1:-1], expected[1:-1, 1:-1], atol=1e-5)
    np.testing.assert_allclose(out[1, -1, 0], x[1, -1, 0], atol=1e-5)  # nothing from outside of the image
    changed = Augment(zoom=0.3)(x, position(range(3))).numpy()
    assert changed.shape == x.shape
    assert not np.allclose(changed, x)


def test_colours_against_formulas():
    x, factors = random_images(3), tf.constant([0.8, 1.0, 1.25])
    f = factors.numpy()[:, None, None, None]
    luma = (x.numpy() @ np.array([0.299, 0.587, 0.114]))[..., None]
    np.testing.assert_allclose(grey(x), luma, rtol=1e-5)
    np.testing.assert_allclose(brighten(x, factors), np.clip(x * f, 0, 1), rtol=1e-5)
    mean = luma.mean(axis=(1, 2, 3), keepdims=True)
    np.testing.assert_allclose(contrast(x, factors), np.clip(mean + (x - mean) * f, 0, 1), atol=1e-5)
    np.testing.assert_allclose(saturate(x, factors), np.clip(luma + (x - luma) * f, 0, 1), atol=1e-5)
    turned = turn_hue(x, tf.constant([0.1, 0.0, -0.3])).numpy()
    for image, out, turn in zip(x.numpy(), turned, (0.1, 0.0, -0.3), strict=True):
        hue, saturation, value = colorsys.rgb_to_hsv(*image[2, 3])
        np.testing.assert_allclose(out[2, 3], colorsys.hsv_to_rgb((hue + turn) % 1, saturation, value), atol=1e-4)


def test_the_topics_cases(tmp_path):
    x = random_images(10, 32)
    for name, augment in CASES.items():
        out = augment(x, position(range(10))).numpy()
        assert out.shape == (10, 32, 32, 3), name
        assert np.isfinite(out).all()
        low = -1 if "normalised" in name else 0
        assert low - 1e-5 <= out.min() < low + 0.05
        assert 0.95 < out.max() <= 1 + 1e-5
    assert grid((x.numpy() * 255).astype(np.uint8), tmp_path / "grid.png") == "grid.png"
    assert (tmp_path / "grid.png").read_bytes()[:4] == b"\x89PNG"
    grid((x.numpy()[..., :1] * 255).astype(np.uint8), tmp_path / "grey.png")


def test_a_quiet_augmentation_changes_nothing():
    x = random_images()
    np.testing.assert_array_equal(Augment()(x, position(range(6))), x)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"flipp": True}, "knows no 'flipp'"),
        ({"hue": 0.6}, "hue in 0..0.5"),
        ({"brightness": 2}, "brightness must be in 0..1"),
        ({"pad": 3}, "pad 3 goes with a crop"),
        ({"sd": 0}, "sd above 0"),
        ({"zoom": 1}, "zoom must be in 0..1"),
        ({"alternate": True}, "alternate goes with flip"),
    ],
)
def test_bad_augmentations(values, message):
    with pytest.raises(InputError, match=message):
        Augment.of(values)


def test_too_small_to_crop():
    with pytest.raises(InputError, match="cannot crop 12x12 from 9x9"):
        Augment(crop=12)(random_images(), position(range(6)))
    with pytest.raises(InputError, match="too small to crop 10x10"):
        centre_crop(random_images(), 10)
    np.testing.assert_array_equal(centre_crop(random_images(), 5), random_images()[:, 2:7, 2:7])
