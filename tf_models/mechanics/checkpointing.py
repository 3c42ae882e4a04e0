"""`python -m tf_models.mechanics.checkpointing`: memory against time, by computing activations twice.

The original measures Python's heap, in which no activation lies. Here each variant trains in a process of its own, and
the system says how much memory that had at most. PyTorch's way is `torch.utils.checkpoint`, Keras' is `keras.remat`.
"""

import multiprocessing
import sys
import time

from tf_data.command import Parser, import_tensorflow, run
from tf_data.errors import InputError

COLUMNS = ("longest segment", "segments", "peak MB", "for training MB", "ms/step", "loss")


def recomputed(model, longest: int | None = None):
    """The model with its layers in segments that compute their values again for the gradient.

    Layers that change their state in a call (dropout, batch norm) stay between the segments, as they are.

    Args:
        model: A functional `keras.Model` of one input whose layers follow one another.
        longest: The most layers of a segment; None for as many as there are between those that stay.

    Returns:
        A new model of the same layers, and so with the same weights; gradients and outputs are the same, too.

    Raises:
        ValueError: The model has branches or several inputs, or `longest` is below 1.

    >>> import tf_models
    >>> recomputed(tf_models.build("cnn-nin-cifar10")).count_params()
    966986
    """
    import keras

    from tf_models.layers.recomputed import Recomputed, changes_state

    if longest is not None and longest < 1:
        raise ValueError(f"a segment has one layer at least, not {longest}")
    first, *layers = model.layers
    if not isinstance(first, keras.layers.InputLayer):
        raise ValueError(f"{model.name} is a {type(model).__name__}, and no functional model")
    for before, layer in zip((first, *layers), layers):
        if layer.input is not before.output:
            raise ValueError(f"{model.name} is no chain: {layer.name} does not follow {before.name}")
    x, segment, number = model.input, [], 0

    def close(x):
        nonlocal segment, number
        if segment:
            number += 1
            x = Recomputed(segment, name=f"segment{number}")(x)
            segment = []
        return x

    for layer in layers:
        if changes_state(layer):
            x = layer(close(x))
            continue
        segment.append(layer)
        if len(segment) == longest:
            x = close(x)
    return keras.Model(model.input, close(x), name=model.name)


def measure(id: str, longest: int | None, batch: int, steps: int) -> dict:
    """Train a recipe's model for some steps on drawn samples, in this process, and say what that took.

    Args:
        id: The recipe.
        longest: As in `recomputed`; 0 trains the model as it is.
        batch: Samples in a batch.
        steps: Steps; the first one, which compiles, is not timed.

    Returns:
        `segments`, `peak_mb`, `training_mb` (above what there was before the first step), `ms` of the median step,
        and `loss`, the last one.
    """
    import_tensorflow()
    import keras
    import numpy as np

    import tf_models
    from tf_models.layers.recomputed import Recomputed
    from tf_models.training.provenance import peak_memory

    model = tf_models.build(id, seed=1)
    if longest != 0:
        model = recomputed(model, longest)
    rng = np.random.default_rng(1)
    x = rng.uniform(size=(batch, *model.input_shape[1:])).astype(np.float32)
    y = rng.integers(model.output_shape[-1], size=batch)
    keras.utils.set_random_seed(1)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.01), loss, jit_compile=False)
    before, times = peak_memory(), []
    for _ in range(steps + 1):
        begin = time.perf_counter()
        last = float(model.train_on_batch(x, y))
        times.append(time.perf_counter() - begin)
    peak = peak_memory()
    return {
        "segments": sum(isinstance(layer, Recomputed) for layer in model.layers),
        "peak_mb": peak,
        "training_mb": peak - before,
        "ms": 1000 * float(np.median(times[1:])),
        "loss": last,
    }


def parser() -> Parser:
    parser = Parser(prog="python -m tf_models.mechanics.checkpointing", description=__doc__)
    add = parser.add_argument
    add("recipe", nargs="?", default="cnn-nin-cifar10", help="whose layers follow one another; default cnn-nin-cifar10")
    add("--longest", type=int, action="append", metavar="N", help="most layers of a segment; may be repeated")
    add("--batch-size", type=int, default=128, metavar="N", help="default 128")
    add("--steps", type=int, default=3, metavar="N", help="default 3")
    return parser


def main(argv: list[str] | None = None) -> None:
    arguments = parser().parse_args(argv)
    for name in ("batch_size", "steps", "longest"):
        for value in given if isinstance(given := getattr(arguments, name), list) else [given]:
            if value is not None and value < 1:
                raise InputError(f"--{name.replace('_', '-')} must be at least 1, not {value}")
    print("  ".join(name.rjust(len(name)) for name in COLUMNS))
    context = multiprocessing.get_context("spawn")
    for longest in (0, *(arguments.longest or [None])):
        with context.Pool(1) as pool:  # memory once taken is not given back
            try:
                found = pool.apply(measure, (arguments.recipe, longest, arguments.batch_size, arguments.steps))
            except ValueError as error:
                raise InputError(str(error)) from None
        label = {0: "as it is", None: "all"}.get(longest, str(longest))
        numbers = (f"{found['peak_mb']:,.0f}", f"{found['training_mb']:,.0f}", f"{found['ms']:,.0f}")
        cells = (label, str(found["segments"]), *numbers, f"{found['loss']:.6f}")
        print("  ".join(cell.rjust(len(name)) for cell, name in zip(cells, COLUMNS, strict=True)), flush=True)


if __name__ == "__main__":
    sys.exit(run(main))
