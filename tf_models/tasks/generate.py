"""Generation: a GAN learns to draw images like the real ones."""

from functools import cached_property
from pathlib import Path

import keras
import numpy as np

from tf_data.dataset import Split
from tf_data.errors import InputError
from tf_models.tasks import grids, plots
from tf_models.tasks.base import Task, scoring_batch
from tf_models.tasks.collapse import Collapse
from tf_models.tasks.fidelity import Judge, coverage, frechet_distance
from tf_models.tasks.frames import Frames, animation

JUDGED = 10_000  # samples at most
SEED = 0  # of the figures' noise
# Below this a Fréchet distance says little: the judge has 64 features, whose covariance takes some thousands of samples,
# and where so few images are there to train on, the judge knows little, too.
ENOUGH = 2_000


class Generate(Task):
    """Train a `tf_models.gan.GAN` on images, in the range that the transform gives them."""

    def batch(self, x, y, position):
        return (x,)

    def compile(self, optimizer, jit):
        model = self.model
        self.require_shape(model.discriminator.input_shape[1:])
        critic_steps = model.settings["critic_steps"]
        if critic_steps > 1 and not isinstance(optimizer._learning_rate, keras.Variable):
            raise InputError(
                f"a schedule counts updates, and the critic of {model.name} makes {critic_steps} a batch; "
                "set schedule.name=none"
            )
        model.compile(optimizer=optimizer, jit_compile=jit)
        model.build_optimizers()

    @property
    def taken(self):
        raise InputError(f"model {self.model.name} draws images and takes none: use --samples N --out FILE.png")

    @cached_property
    def judge(self) -> Judge | None:
        """A classifier of the training images; None where these have no labels."""
        if len(self.about.classes) < 2 or self.data.train.y is None:
            return None
        return Judge(self.data, self.with_labels)

    def evaluate(self, split, batch_size=None):
        """`frechet_distance`, `classes_covered` and `class_entropy` (see `tf_models.tasks.fidelity`) and `samples`.

        As many images are drawn as the split holds, 10,000 at most. Without labels there is no judge, and the scores
        are those of the pixels: `mean_error` and `sd_error`, differences of mean and deviation of all pixels.
        """
        count = min(len(split), JUDGED)
        real, drawn = self._real(split, count, batch_size), self.transform.scaled(self.sample(count, SEED))
        if self.judge is None:
            pairs = {"mean_error": (drawn.mean(), real.mean()), "sd_error": (drawn.std(), real.std())}
            low, high = self.transform.value_range
            errors = {name: abs(float(a - b)) / (high - low) for name, (a, b) in pairs.items()}
            return {**errors, "samples": count}
        (real_features, _), (features, predicted) = self.judge.look(real), self.judge.look(drawn)
        classes = self.judge.model.output_shape[-1]
        return {
            "frechet_distance": frechet_distance(real_features, features),
            **coverage(predicted, classes),
            "samples": count,
        }

    def _real(self, split: Split, count: int, batch_size: int | None = None) -> np.ndarray:
        """The first `count` transformed images of a split."""
        size = batch_size or min(scoring_batch(split), count)
        parts = [x.numpy() for x, *_ in self.transformed(split, size).take(-(-count // size))]
        return np.concatenate(parts)[:count]

    def describe(self, results):
        if "frechet_distance" not in results:
            return f"pixels' mean off by {results['mean_error']:.3f}, their deviation by {results['sd_error']:.3f}"
        few = f"; {ENOUGH:,} at least make such a distance comparable" if results["samples"] < ENOUGH else ""
        return (
            f"Fréchet distance {results['frechet_distance']:.2f}, {results['classes_covered']} classes covered "
            f"(entropy {results['class_entropy']:.2f}) with {results['samples']:,} samples{few}"
        )

    def sample(self, count, seed=0, label=None):
        if label is not None:
            raise InputError(f"model {self.model.name} takes no label; leave --label away")
        drawn = self.model.predict(_noise(self.model, count, seed), batch_size=500, verbose=0)
        return self.transform.visible(drawn).astype(np.float32)

    def callbacks(self, run):
        def draw():
            # Not `predict`, which would ask Keras for a compiled function in the middle of `fit`.
            drawn = self.model.generator(_noise(self.model, 64, SEED), training=False).numpy()
            return self.transform.visible(drawn)

        frames = [Frames(draw, run.figures, 8)] if run.options.figures else []
        return [Collapse(draw, run.warn), *frames]

    def figures(self, history, folder: Path):
        real = self._real(self.data.test, min(64, len(self.data.test)))
        return [
            plots.curves(history, folder / "curves.png"),
            grids.grid(self.sample(64, SEED), folder / "samples.png", 8, title="drawn"),
            grids.grid(self.transform.visible(real), folder / "real.png", 8, title="real test samples"),
            *animation(folder),
        ]


def _noise(model, count: int, seed: int) -> np.ndarray:
    """Noise `(count, latent_dim)` of the kind that the model learned from; the same for equal seeds."""
    rng, shape = np.random.default_rng(seed), (count, model.latent_dim)
    noise = rng.uniform(-1, 1, shape) if model.settings["noise"] == "uniform" else rng.standard_normal(shape)
    return noise.astype(np.float32)
