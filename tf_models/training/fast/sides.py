"""Which places of a map a kernel's taps meet."""

from typing import NamedTuple

import keras
import numpy as np


class Side(NamedTuple):
    """One dimension of a convolution: places `before` and `after`, `taps` of the kernel, `stride`, places of padding `first`."""

    before: int
    after: int
    taps: int
    stride: int
    first: int

    @property
    def padding(self) -> tuple[int, int]:
        """Places of padding first and last."""
        return self.first, max((self.after - 1) * self.stride + self.taps - self.before - self.first, 0)

    def window(self, place: int) -> tuple[slice, slice]:
        """What one place after sees: places before, and the taps that meet them."""
        begin = place * self.stride - self.first
        low, high = max(begin, 0), min(begin + self.taps, self.before)
        return slice(low, high), slice(low - begin, high - begin)

    def meeting(self, tap: int) -> tuple[slice, slice]:
        """Places before that one tap meets, and those after for which it does; none of them where it meets padding alone."""
        low = max(-((tap - self.first) // self.stride), 0)
        high = min((self.before - 1 - tap + self.first) // self.stride, self.after - 1) + 1
        begin = low * self.stride + tap - self.first
        return slice(begin, begin + (high - low - 1) * self.stride + 1, self.stride), slice(low, max(low, high))

    def meetings(self) -> np.ndarray:
        """Ones where a tap takes a place before to one after, `(taps, before, after)` float32."""
        ones = np.zeros((self.taps, self.before, self.after), np.float32)
        for place in range(self.after):
            seen, taps = self.window(place)
            ones[range(taps.start, taps.stop), range(seen.start, seen.stop), place] = 1
        return ones


def sides_of(layer: keras.layers.Layer, shape: tuple) -> tuple[Side, Side]:
    """The sides of what an undilated two-dimensional convolution makes of `(batch, height, width, channels)`."""
    found = []
    outputs = layer.compute_output_shape(shape)[1:3]
    for before, after, taps, stride in zip(shape[1:3], outputs, layer.kernel_size, layer.strides, strict=True):
        padded = max((after - 1) * stride + taps - before, 0) if layer.padding == "same" else 0
        found.append(Side(before, after, taps, stride, padded // 2))  # Keras puts the smaller half first
    return tuple(found)
