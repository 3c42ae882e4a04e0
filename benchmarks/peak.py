"""What the machine reaches at most in matrix products: what rows of results are held against."""

import json
import time
from pathlib import Path

from tf_data.files import write_text

FILE = Path(__file__).parent / "measured" / "peak.json"
FORMATS = {"float32": "float32", "float64": "float64", "mixed_bfloat16": "bfloat16", "mixed_float16": "float16"}
SIZES = (1024, 2048, 4096)
SECONDS = 1.0  # for each size


def run(quick: bool = False) -> list[dict]:
    """A row for each precision, and the best ever seen on this processor into `measured/peak.json`."""
    found = {name: measured(dtype, SIZES[:1] if quick else SIZES) for name, dtype in FORMATS.items()}
    if not quick:
        remember(found)
    return [{"precision": name, "gflops": gflops} for name, gflops in found.items()]


def measured(dtype: str, sizes=SIZES) -> float:
    """The highest GFLOP/s of a product of two square matrices, of all sizes; an add and a multiply count as two."""
    import tensorflow as tf

    best = 0.0
    for size in sizes:
        one, other = (tf.cast(tf.random.stateless_uniform((size, size), (seed, 0)), dtype) for seed in (0, 1))
        tf.matmul(one, other)[0, 0].numpy()
        end = time.perf_counter() + SECONDS
        while (begin := time.perf_counter()) < end:
            tf.matmul(one, other)[0, 0].numpy()
            best = max(best, 2 * size**3 / (time.perf_counter() - begin) / 1e9)
    return best


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
