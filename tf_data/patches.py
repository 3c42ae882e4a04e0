"""Images as rows of squares, the way a vision transformer reads them."""

from tf_data.errors import InputError
from tf_data.transform import Images


class Patches(Images):
    """Images as `(patches, size * size * channels)`: squares from left to right, then from top to bottom.

    Args:
        size: Height and width of a square, in pixels.
        arguments: As `tf_data.transform.Images` takes them; cropping, resizing and augmentation come first.

    Raises:
        InputError: The size is not positive, or as `Images` raises.
    """

    def __init__(self, size: int = 7, **arguments):
        super().__init__(**arguments)
        if size < 1:
            raise InputError(f"patches must have at least 1 pixel, not {size}")
        self.size = size

    def __call__(self, x, position=None, training=False):
        import tensorflow as tf

        images = super().__call__(x, position, training)
        height, width, channels = images.shape[1:]
        if height % self.size or width % self.size:
            raise InputError(f"images of {height}x{width} cannot be cut into squares of {self.size}; resize them first")
        rows, columns = height // self.size, width // self.size
        cut = tf.reshape(images, (-1, rows, self.size, columns, self.size, channels))
        cut = tf.transpose(cut, (0, 1, 3, 2, 4, 5))
        return tf.reshape(cut, (-1, rows * columns, self.size * self.size * channels))
