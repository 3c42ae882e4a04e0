"""What the machine reaches at most in matrix products and convolutions: what rows of results are held against.

The one may be far above the other: of bfloat16 a Xeon with AMX does nearly twice as many operations in convolutions.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path

from tf_data.files import write_text

FILE = Path(__file__).parent / "measured" / "peak.json"
FORMATS = {"float32": "float32", "float64": "float64", "mixed_bfloat16": "bfloat16", "mixed_float16": "float16"}
SIZES = (1024, 2048, 4096)
MAPS = (16, 18, 18, 256)  # of a convolution without padding, to as many channels; quick takes one
TAPS = 3
SECONDS = 1.0  # for each size


def run(quick: bool = False) -> list[dict]:
    """A row for each precision, and the best ever seen on this processor into `measured/peak.json`."""
    sizes, maps = (SIZES[:1], (1, *MAPS[1:])) if quick else (SIZES, MAPS)
    found = {name: measured(dtype, sizes, maps) for name, dtype in FORMATS.items()}
    if not quick:
        remember(found)
    return [{"precision": name, "gflops": gflops} for name, gflops in found.items()]


def measured(dtype: str, sizes=SIZES, maps=MAPS) -> float:
    """The highest GFLOP/s of all products of square matrices of these sizes and of a convolution; an add and a multiply are two."""
    best = 0.0
    for operations, work in (*(_product(dtype, size) for size in sizes), _convolution(dtype, maps)):
        work()
        end = time.perf_counter() + SECONDS
        while (begin := time.perf_counter()) < end:
            work()
            best = max(best, operations / (time.perf_counter() - begin) / 1e9)
    return best


def _product(dtype: str, size: int) -> tuple[int, Callable[[], object]]:
    import tensorflow as tf

    one, other = _drawn(dtype, (size, size)), _drawn(dtype, (size, size))
    return 2 * size**3, lambda: tf.matmul(one, other)[0, 0].numpy()


def _convolution(dtype: str, maps: tuple[int, int, int, int]) -> tuple[int, Callable[[], object]]:
    import tensorflow as tf

    images, height, width, channels = maps
    inputs, kernel = _drawn(dtype, maps), _drawn(dtype, (TAPS, TAPS, channels, channels))
    # TensorFlow has oneDNN compute in a graph only.
    convolve = tf.function(lambda: tf.nn.conv2d(inputs, kernel, 1, "VALID")[0, 0, 0, 0], autograph=False)
    places = (height - TAPS + 1) * (width - TAPS + 1)
    return 2 * images * places * (TAPS * channels) ** 2, lambda: convolve().numpy()


def _drawn(dtype: str, shape: tuple[int, ...]):
    import tensorflow as tf

    return tf.cast(tf.random.stateless_uniform(shape, (len(shape), 0)), dtype)


def machine(environment: dict) -> str:
    """The name under which a machine's peaks are kept."""
    return ", ".join([environment["processor"], f"{environment['cores']} cores", *environment["gpus"]])


def remember(found: dict[str, float]) -> dict[str, float]:
    """Keep the higher of what was found and what was known of this machine; returns that."""
    from tf_models.training.provenance import environment

    every = known()
    before = every.get(machine(environment()), {})
    here = {name: round(max(gflops, before.get(name, 0.0)), 1) for name, gflops in found.items()}
    write_text(FILE, json.dumps({**every, machine(environment()): here}, indent=2) + "\n")
    return here


def known() -> dict[str, dict[str, float]]:
    """GFLOP/s by machine and precision."""
    return json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
