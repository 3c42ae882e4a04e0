"""The batches of a stored split as a `tf.data.Dataset`: windows are read ahead, permuted, cut into batches, decoded."""

import os
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from tf_data.formats.manifest import Schema
from tf_data.formats.stored import StoredSplit
from tf_data.order import Windows

do_not_convert = tf.autograph.experimental.do_not_convert  # nothing here branches on a tensor

READERS = 2  # windows that are read at once; each may take `tf_data.order.WINDOW_BYTES`
AHEAD_BYTES = 32 * 2**20  # of finished batches that wait
# A turn of the loop over a batch takes as long as decoding a digit does: small images are decoded many a turn.
STRIP = 16
SMALL_BYTES = 16 * 2**10


def stream(
    split: StoredSplit, order: Windows, epoch: int, start: int, epochs: int, finish: Callable
) -> tf.data.Dataset:
    """The batches of `epochs` epochs from (epoch, start) on.

    Args:
        split, order: The samples to read, and their order.
        finish: `finish(x, y, epoch, indices)` with decoded samples `(batch, *shape)`, targets or None, an int64 scalar
            and the samples' numbers; its result is the element. Of a batch it gets this worker's rows only.
    """
    schema = split.blocks.schema
    labelled = schema.label_dtype is not None
    types = [tf.string if schema.as_bytes else tf.as_dtype(schema.dtype)]
    shapes = [[None] if schema.as_bytes else [None, *schema.shape]]
    if labelled:
        types.append(tf.as_dtype(schema.label_dtype))
        shapes.append([None, *schema.label_shape])
    types.append(tf.int64)
    shapes.append([None])

    def read(number: np.ndarray) -> tuple[np.ndarray, ...]:
        return split.read_window(order, *divmod(int(number), order.windows))

    @do_not_convert
    def window(number: tf.Tensor) -> tuple:
        parts = tf.numpy_function(read, [number], types)
        for part, shape in zip(parts, shapes, strict=True):
            part.set_shape(shape)
        return number // order.windows, *parts

    @do_not_convert
    def cut(epoch: tf.Tensor, *parts: tf.Tensor) -> tf.data.Dataset:
        size = order.batch_size
        steps = (tf.shape(parts[-1], tf.int64)[0] + size - 1) // size

        @do_not_convert
        def batch(step: tf.Tensor) -> tuple:
            return epoch, *(part[order.rows(step)] for part in parts)

        return tf.data.Dataset.range(steps).map(batch)

    @do_not_convert
    def element(epoch: tf.Tensor, x: tf.Tensor, *rest: tf.Tensor):
        x = _decode(x, schema) if schema.as_bytes else x
        return finish(x, rest[0] if labelled else None, epoch, rest[-1])

    first = epoch * order.windows + start // order.window_steps
    batches = (
        tf.data.Dataset.range(first, (epoch + epochs) * order.windows)
        .map(window, num_parallel_calls=READERS, deterministic=True)
        .flat_map(cut)
        .skip(start % order.window_steps)
    )
    # How many batches may be under way follows from their size, so that memory does not grow with the machine.
    decoded = schema.sample_bytes * order.batch_size
    room = int(np.clip(AHEAD_BYTES // max(1, decoded), 1, 16))
    return batches.map(element, num_parallel_calls=min(room, os.cpu_count() or 1), deterministic=True).prefetch(room)


def _decode(data: tf.Tensor, schema: Schema) -> tf.Tensor:
    """Samples `(batch,)` of bytes as what they are; sequences as `(batch, longest)`, with zeros after the shorter ones."""
    if schema.is_text:
        return data
    return _padded(data, tf.as_dtype(schema.dtype)) if schema.varies else _images(data, schema)


def _padded(data: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    longest = tf.reduce_max(tf.concat([tf.strings.length(data), [0]], axis=0))
    # The operation takes no length of zero.
    values = tf.io.decode_raw(data, dtype, fixed_length=tf.maximum(longest, dtype.size))
    return values[:, : longest // dtype.size]


def _images(data: tf.Tensor, schema: Schema) -> tf.Tensor:
    """PNG or JPEG files as uint8 `(batch, *shape)`, the same pixels as Pillow's."""

    def image(content: tf.Tensor) -> tf.Tensor:
        if schema.encoding == "png":
            pixels = tf.io.decode_png(content, schema.shape[-1])
        else:
            pixels = tf.io.decode_jpeg(content, schema.shape[-1], dct_method="INTEGER_ACCURATE")
        return tf.ensure_shape(pixels, schema.shape)

    def strip(contents: tf.Tensor) -> tf.Tensor:
        return tf.stack([image(content) for content in tf.unstack(contents, num=STRIP)])

    def loop(body: Callable, items: tf.Tensor, *size: int) -> tf.Tensor:
        return tf.map_fn(body, items, fn_output_signature=tf.TensorSpec((*size, *schema.shape), tf.uint8))

    if schema.sample_bytes > SMALL_BYTES:
        return loop(image, data)
    whole = tf.shape(data)[0] // STRIP * STRIP
    strips = loop(strip, tf.reshape(data[:whole], (-1, STRIP)), STRIP)
    return tf.concat([tf.reshape(strips, (-1, *schema.shape)), loop(image, data[whole:])], axis=0)
