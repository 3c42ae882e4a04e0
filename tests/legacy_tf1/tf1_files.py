"""Files as TensorFlow 1 programs leave them, for the tests of the bridge."""

from pathlib import Path

import numpy as np
import tensorflow as tf

tf1 = tf.compat.v1

OPTIMIZERS = {
    "Momentum": lambda: tf1.train.MomentumOptimizer(0.1, 0.9),
    "RMSProp": lambda: tf1.train.RMSPropOptimizer(0.01, momentum=0.5),
    "centered": lambda: tf1.train.RMSPropOptimizer(0.01, momentum=0.5, centered=True),
    "Adagrad": lambda: tf1.train.AdagradOptimizer(0.01),
    "Adadelta": lambda: tf1.train.AdadeltaOptimizer(1.0),
    "Ftrl": lambda: tf1.train.FtrlOptimizer(0.01),
    "Adam": lambda: tf1.train.AdamOptimizer(0.001),
}


def random_values(shapes: dict[str, tuple[int, ...]], seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    values = {name: rng.normal(0, 0.1, shape).astype(np.float32) for name, shape in shapes.items()}
    return {name: np.abs(value) + 0.5 if name.endswith("moving_variance") else value for name, value in values.items()}


def write(
    prefix: Path,
    shapes: dict[str, tuple[int, ...]],
    optimizer: str | None = None,
    ema: bool = False,
    scope: str = "",
    v1: bool = False,
    steps: int = 3,
    meta: bool = False,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """A checkpoint of a program with these variables after some steps; all values that it holds, by name."""
    with tf.Graph().as_default(), tf1.Session() as session:
        outer = f"{scope}/" if scope else ""
        made = [tf1.Variable(value, name=outer + name) for name, value in random_values(shapes, seed).items()]
        trained = [variable for variable in made if "moving_" not in variable.op.name]
        updates = []
        if optimizer:
            loss = tf.add_n([tf.reduce_sum(tf.square(variable)) for variable in trained])
            updates.append(OPTIMIZERS[optimizer]().minimize(loss, var_list=trained))
        if ema:
            updates.append(tf1.train.ExponentialMovingAverage(0.9).apply(trained))
        session.run(tf1.global_variables_initializer())
        for _ in range(steps if updates else 0):
            session.run(updates)
        save(session, prefix, v1=v1, meta=meta)
        return session.run({variable.op.name: variable for variable in tf1.global_variables()})


def save(session, prefix: Path, v1: bool = False, meta: bool = True, state: bool = True) -> None:
    """What `Saver.save` writes of a session's variables."""
    prefix.parent.mkdir(parents=True, exist_ok=True)
    version = tf1.train.SaverDef.V1 if v1 else tf1.train.SaverDef.V2
    with session.graph.as_default():
        saver = tf1.train.Saver(tf1.global_variables(), write_version=version)
        saver.save(session, str(prefix), write_meta_graph=meta, write_state=state)
