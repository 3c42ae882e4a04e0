"""The vision transformer: how images are cut, and that places matter."""

import numpy as np
import pytest

from tf_data.errors import InputError
from tf_data.patches import Patches
from tf_models.transformer import vit


def test_images_are_cut_from_left_to_right_and_from_top_to_bottom():
    images = np.random.default_rng(0).random((2, 6, 9, 2), dtype=np.float32)
    patches = np.array(Patches(size=3)(images))
    assert patches.shape == (2, 2 * 3, 3 * 3 * 2)
    for number in range(6):
        row, column = divmod(number, 3)
        square = images[:, 3 * row : 3 * row + 3, 3 * column : 3 * column + 3]
        np.testing.assert_array_equal(patches[:, number], square.reshape(2, -1))
    assert Patches(size=3).shape((6, 9, 2)) == (6, 18)


def test_what_cannot_be_cut_is_refused():
    with pytest.raises(InputError, match="images of 28x28 cannot be cut into squares of 5; resize them first"):
        Patches(size=5).shape((28, 28, 1))
    with pytest.raises(InputError, match="at least 1 pixel, not 0"):
        Patches(size=0)
    with pytest.raises(ValueError, match="dim 10 must be a multiple of the 4 heads"):
        vit(dim=10)


def test_places_matter():
    model = vit((4, 9), classes=3, dim=8, blocks=1, heads=2, hidden=8)
    patches = np.random.default_rng(1).random((5, 4, 9), dtype=np.float32)
    turned = np.array(model(patches[:, ::-1]))
    assert np.abs(turned - np.array(model(patches))).max() > 1e-4
    embedding = model.get_layer("embedding")
    embedding.bias.assign(np.zeros(embedding.bias.shape))
    np.testing.assert_allclose(model(patches[:, ::-1]), model(patches), atol=1e-6)
