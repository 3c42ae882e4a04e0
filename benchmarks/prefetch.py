"""Reading ahead while the model trains: what stands here for page-locked memory (the topic mech-pinned-memory).

Both candidates decode with the same parallelism and train the same small network on the same images; the only
difference is whether the next batches are made, and with a GPU copied to it, while a step runs. The original compared
eight loader processes without page-locked memory with none with it, which says nothing about either.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import measure
from benchmarks.images import COUNT, SIZE, faces

BATCH = 32
READ_AHEAD, WAIT = "read ahead", "wait for each batch"


def run(quick: bool = False) -> list[dict]:
    """Time an epoch of training from JPEG files both ways. Rows as `benchmarks.measure.compare` makes them."""
    with tempfile.TemporaryDirectory() as place:
        data = faces(Path(place) / "jpeg", 60 if quick else COUNT // 3)
        candidates = {READ_AHEAD: _train(data, True), WAIT: _train(data, False)}
        return measure.compare(candidates, WAIT, 1 if quick else 5)


def _train(data, ahead: bool) -> Callable[[], int]:
    import keras
    import tensorflow as tf

    from tf_data.pipeline import Batches
    from tf_data.transform import Images
    from tf_models.cnn import cnn
    from tf_models.tasks.base import About
    from tf_models.tasks.classify import Classify

    model = cnn(input_shape=(*SIZE, 3), filters=(8, 16, 32), classes=2)
    task = Classify().bind(model, Images(), About.of(data), data)
    task.compile(keras.optimizers.SGD(0.01), jit=False)
    model.optimizer.build(model.trainable_variables)
    batches = Batches(data.train, BATCH, seed=0, prepare=task.prepare)
    step = tf.function(model.train_step, autograph=False, reduce_retracing=True)
    epochs = iter(range(10**6))

    def epoch() -> int:
        number = next(epochs)
        seen = 0
        for x, y in batches.dataset(number) if ahead else batches.host_dataset(number):
            float(step((x, y))["loss"])
            seen += int(x.shape[0])
        return seen

    return epoch
