"""Generation: a GAN learns to draw pictures like the real ones."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tf_data.augment import Augment
from tf_data.errors import InputError
from tf_data.pipeline import Batches
from tf_models.tasks import grids, plots
from tf_models.tasks.base import Task, require_shape, scoring_batch
from tf_models.tasks.collapse import Collapse
from tf_models.tasks.fidelity import Judge, coverage, frechet_distance
from tf_models.tasks.frames import Frames, animation
from tf_models.tasks.images import crop_and_scale

JUDGED = 10_000  # samples at most
SEED = 0  # of the figures' noise


class Generate(Task):
    """Train a `tf_models.gan.GAN` on pictures in -1..1.

    Args:
        crop: cut the middle `crop` x `crop` pixels out of each picture first; 0 for none.
        resize: then scale to `resize` x `resize` pixels, bilinear; 0 for none.
        augment: arguments of `tf_data.augment.Augment`, for training only; None for none.

    Raises:
        InputError: bad arguments of the augmentation.
    """

    def __init__(self, crop: int = 0, resize: int = 0, augment: dict | None = None):
        self.crop, self.resize = crop, resize
        self.augment = Augment.of(augment) if augment else None
        self._judge: Judge | None = None

    def prepare(self, x, y, position):
        return (2 * self._images(x) - 1,)

    def prepare_training(self, x, y, position):
        x = self._images(x)
        return (2 * (self.augment(x, position) if self.augment else x) - 1,)

    def _images(self, x):
        """Pictures in 0..1, cropped and scaled."""
        return crop_and_scale(x, self.crop, self.resize)

    def compile(self, model, optimizer, data, jit):
        found = self.prepare(tf.constant(np.zeros((1, *data.train.x.shape[1:]), np.uint8)), None, None)[0].shape[1:]
        require_shape(model, model.discriminator.input_shape[1:], data, found)
        critic_steps = model.settings["critic_steps"]
        if critic_steps > 1 and not isinstance(optimizer._learning_rate, keras.Variable):
            raise InputError(
                f"a schedule counts updates, and the critic of {model.name} makes {critic_steps} a batch; "
                "set schedule.name=none"
            )
        model.compile(optimizer=optimizer, jit_compile=jit)
        model.build_optimizers()

    def study(self, data):
        if len(data.classes) > 1 and data.train.y is not None and self._judge is None:
            self._judge = Judge(data, lambda x, y, position: (*self.prepare(x, y, position), y))

    def evaluate(self, model, split, batch_size):
        """`frechet_distance`, `classes_covered` and `class_entropy` (see `tf_models.tasks.fidelity`) and `samples`.

        As many pictures are drawn as the split holds, 10,000 at most. Without labels there is no judge, and the scores
        are those of the pixels: `mean_error` and `sd_error`, differences of mean and deviation of all pixels.
        """
        count = min(len(split), JUDGED)
        batches = Batches(split, batch_size, shuffle=False, prepare=self.prepare).dataset()
        real = np.concatenate([batch[0].numpy() for batch in batches.take(-(-count // batch_size))])[:count]
        drawn = 2 * self.sample(model, count, SEED) - 1
        if self._judge is None:
            errors = {"mean_error": drawn.mean() - real.mean(), "sd_error": drawn.std() - real.std()}
            return {**{name: abs(float(value)) / 2 for name, value in errors.items()}, "samples": count}
        (real_features, _), (features, predicted) = self._judge.look(real), self._judge.look(drawn)
        classes = self._judge.model.output_shape[-1]
        return {
            "frechet_distance": frechet_distance(real_features, features),
            **coverage(predicted, classes),
            "samples": count,
        }

    def describe(self, results):
        if "frechet_distance" not in results:
            return f"pixels' mean off by {results['mean_error']:.3f}, their deviation by {results['sd_error']:.3f}"
        return (
            f"Fréchet distance {results['frechet_distance']:.2f}, {results['classes_covered']} classes covered "
            f"(entropy {results['class_entropy']:.2f}) with {results['samples']:,} samples"
        )

    def predict(self, model, inputs, classes, invert=False, out=None, label=None, shape=None):
        raise InputError(f"model {model.name} draws pictures and takes none: use --samples N --out FILE.png")

    def sample(self, model, count, seed, label=None):
        if label is not None:
            raise InputError(f"model {model.name} takes no label; leave --label away")
        drawn = model.predict(_noise(model, count, seed), batch_size=500, verbose=0)
        return ((drawn + 1) / 2).astype(np.float32)

    def callbacks(self, model, data, run):
        def draw():
            # Not `predict`, which would ask Keras for a compiled function in the middle of `fit`.
            return (model.generator(_noise(model, 64, SEED), training=False).numpy() + 1) / 2

        frames = [Frames(draw, run.figures, 8)] if run.info.get("options", {}).get("figures", True) else []
        return [Collapse(draw), *frames]

    def figures(self, model, data, history, folder: Path):
        shown = min(64, len(data.test))
        size = min(scoring_batch(data.test), shown)
        batches = Batches(data.test, size, shuffle=False, prepare=self.prepare).dataset()
        real = np.concatenate([batch[0].numpy() for batch in batches.take(-(-shown // size))])[:shown]
        return [
            plots.curves(history, folder / "curves.png"),
            grids.grid(self.sample(model, 64, SEED), folder / "samples.png", 8, title="drawn"),
            grids.grid((real + 1) / 2, folder / "real.png", 8, title="real test samples"),
            *animation(folder),
        ]


def _noise(model, count: int, seed: int) -> np.ndarray:
    """Noise `(count, latent_dim)` of the kind that the model learned from; the same for equal seeds."""
    rng, shape = np.random.default_rng(seed), (count, model.latent_dim)
    noise = rng.uniform(-1, 1, shape) if model.settings["noise"] == "uniform" else rng.standard_normal(shape)
    return noise.astype(np.float32)
