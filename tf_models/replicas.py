"""What a replica knows of the batch that it shares with others; whoever trains alone is told nothing.

A batch that is divided among replicas must teach what the whole one does. Means over rows come out right by weighing
each replica by its rows, which the training loop does. What is no such mean, a ratio of sums for instance, asks here.
"""

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from keras import ops


@dataclass(frozen=True)
class Rows:
    """The rows of a batch that one replica holds: of `whole` rows those with the numbers index, index + count, ...

    Attributes:
        index: Number of the replica.
        count: Number of replicas, on all machines together.
        whole: Rows of the whole batch, an int32 scalar tensor.
        add: Function from a tensor to its sum over all replicas.
        weighed: Ids of the optimizers whose losses, not yet their gradients, are weighed by the rows in this step.
    """

    index: int
    count: int
    whole: Any
    add: Callable[[Any], Any]
    weighed: set[int] = field(default_factory=set)

    @property
    def held(self):
        """How many of the rows the replica holds; there may be none."""
        return (self.whole - self.index + self.count - 1) // self.count

    @property
    def fraction(self):
        """The fraction of the batch's rows that the replica holds, a float64 scalar."""
        return ops.cast(self.held, "float64") / ops.cast(self.whole, "float64")

    def take(self, batch):
        """The replica's rows of something that has all of them; one row of zeros where it holds none."""
        return self.fill(batch[self.index :: self.count])

    def fill(self, rows):
        """`rows`, or one row of zeros where there are none, so that no mean is 0 / 0; it must have no weight."""
        nothing = ops.cast(ops.equal(ops.shape(rows)[0], 0), "int32")
        return ops.concatenate([rows, ops.zeros((nothing, *ops.shape(rows)[1:]), dtype=rows.dtype)], axis=0)


_present: ContextVar[Rows | None] = ContextVar("rows", default=None)


def rows() -> Rows | None:
    """What the present replica holds; None where nothing is divided."""
    return _present.get()


@contextlib.contextmanager
def holding(held: Rows) -> Iterator[None]:
    """Within the context, in this thread, `rows()` is `held`."""
    token = _present.set(held)
    try:
        yield
    finally:
        _present.reset(token)


def total(value):
    """The sum over all replicas of a sum over the rows of each; alone, `value` itself.

    Its gradient on one replica is that of the rows there, scaled so that the mean of the replicas' gradients, weighed
    by their rows, is the gradient of the whole sum.
    """
    held = rows()
    if held is None:
        return value
    some = ops.cast(held.held > 0, value.dtype)
    scale = ops.divide_no_nan(some, ops.cast(held.fraction, value.dtype))
    return ops.stop_gradient(held.add(value * some)) + (value - ops.stop_gradient(value)) * scale


def mean(values):
    """The mean of values `(rows,)` over the rows of all replicas; alone, their mean. For factors without a gradient."""
    held = rows()
    if held is None:
        return ops.mean(values)
    return ops.stop_gradient(held.add(ops.mean(values) * ops.cast(held.fraction, values.dtype)))
