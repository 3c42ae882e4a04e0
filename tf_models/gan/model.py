"""A generator and a discriminator that are trained against each other (Goodfellow et al. 2014, arXiv 1406.2661)."""

import keras
from keras import ops

from tf_models.steps import tape
from tf_models.weight_decay import exempt_from_decay

OBJECTIVES = ("non-saturating", "wasserstein")
NOISES = ("uniform", "normal")


@keras.saving.register_keras_serializable(package="tf_models")
class GAN(keras.Model):
    """Learns from images in -1..1; called on noise `(batch, latent_dim)`, it gives images as the generator does.

    A training step first updates the discriminator `critic_steps` times, each time with fresh noise against the same
    real batch, then the generator once, by what the discriminator now says of the last generated images. Dropout and
    batch norm are in training mode in both. Training needs TensorFlow or PyTorch: JAX's trainer knows one optimizer.

    Args:
        generator: Model from noise to images.
        discriminator: Model from images to one logit (or the critic's score) each.
        objective: `non-saturating` (cross-entropy on logits; the generator maximises the probability that its images
            are taken for real) or `wasserstein` (Arjovsky et al. 2017, arXiv 1701.07875).
        label_smoothing: The discriminator's target for real images is 1 minus this; nothing else is smoothed
            (Salimans et al. 2016, arXiv 1606.03498).
        critic_steps: Number of discriminator updates for each update of the generator.
        clip: Bound of the critic's weights after each of its updates; 0 for none.
        gradient_penalty: Weight of the critic's penalty (Gulrajani et al. 2017, arXiv 1704.00028); 0 for none.
        noise: `uniform` in -1..1 or `normal`.
        seed: Seed of the noise; None draws one where the model is made.

    Raises:
        ValueError: The objective or the noise is unknown, the smoothing is outside of 0..0.5, or there is clipping or a
            penalty without `wasserstein`.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        objective: str = "non-saturating",
        label_smoothing: float = 0.0,
        critic_steps: int = 1,
        clip: float = 0.0,
        gradient_penalty: float = 0.0,
        noise: str = "uniform",
        seed: int | None = None,
        **kwargs,
    ):
        if strangers := sorted(kwargs.keys() - {"name", "trainable", "dtype"}):
            known = "objective, label_smoothing, critic_steps, clip, gradient_penalty, noise, seed"
            raise TypeError(f"a GAN takes no {strangers[0]!r}, only the builder's own arguments and {known}")
        if objective not in OBJECTIVES or noise not in NOISES:
            raise ValueError(f"objective must be one of {OBJECTIVES} and noise of {NOISES}, not {objective}, {noise}")
        if not 0 <= label_smoothing < 0.5:
            raise ValueError(f"label_smoothing must be in [0, 0.5), not {label_smoothing}")
        if objective != "wasserstein" and (clip or gradient_penalty or critic_steps != 1):
            raise ValueError("critic_steps, clip and gradient_penalty belong to the objective wasserstein")
        if critic_steps < 1:
            raise ValueError(f"critic_steps must be at least 1, not {critic_steps}")
        super().__init__(**kwargs)
        self.generator, self.discriminator = generator, discriminator
        self.settings = {
            "objective": objective,
            "label_smoothing": label_smoothing,
            "critic_steps": critic_steps,
            "clip": clip,
            "gradient_penalty": gradient_penalty,
            "noise": noise,
            "seed": seed,
        }
        self.seed_generator = keras.random.SeedGenerator(seed)
        names = ("generator_loss", "discriminator_loss", "real_score", "fake_score")
        self.trackers = [keras.metrics.Mean(name=name) for name in names]
        self.discriminator_optimizer = None
        self.built = True

    @property
    def latent_dim(self) -> int:
        return self.generator.input_shape[-1]

    @property
    def serving(self) -> keras.Model:
        """The part that is exported for running."""
        return self.generator

    @property
    def metrics(self):
        return self.trackers

    @property
    def batch_metrics(self):
        """The metrics that take each batch for one, however many rows it has."""
        return self.trackers

    def call(self, noise, training=False):
        return self.generator(noise, training=training)

    def build_optimizers(self) -> None:
        """After `compile`: a second optimizer like the first one, and the variables of both.

        They must exist before the first compiled step, and a checkpoint finds both as attributes of the model.
        """
        config = keras.optimizers.serialize(self.optimizer)
        self.discriminator_optimizer = exempt_from_decay(keras.optimizers.deserialize(config))
        self.optimizer.build(self.generator.trainable_variables)
        self.discriminator_optimizer.build(self.discriminator.trainable_variables)

    def draw_noise(self, count):
        """Noise `(count, latent_dim)` from the model's own generator."""
        draw = {"uniform": lambda *a, **k: keras.random.uniform(*a, minval=-1.0, **k), "normal": keras.random.normal}
        return draw[self.settings["noise"]]((count, self.latent_dim), seed=self.seed_generator)

    def train_step(self, data):
        images, *_ = data
        for _ in range(self.settings["critic_steps"] - 1):
            self._discriminator_step(images, self._generate(images))
        variables = self.generator.trainable_variables
        with tape() as recorded:
            generated = self._generate(images)
            with recorded.stop_recording():
                discriminator_loss, real, fake = self._discriminator_step(images, generated)
            loss = self.generator_loss(self.discriminator(generated, training=True))
            scaled = self.optimizer.scale_loss(loss)  # with float16 only; the optimizer takes it back
        self.optimizer.apply(recorded.gradient(scaled, variables), variables)
        return self._track(loss, discriminator_loss, real, fake)

    def _generate(self, images):
        """As many images as there are real ones, in training mode."""
        return self.generator(self.draw_noise(ops.shape(images)[0]), training=True)

    def test_step(self, data):
        """Both losses on held-out images, without the penalty; nothing is updated."""
        images, *_ = data
        real = self.discriminator(images, training=False)
        fake = self.discriminator(self.generator(self.draw_noise(ops.shape(images)[0]), training=False), training=False)
        losses = self.generator_loss(fake), self.discriminator_loss(real, fake)
        return self._track(*losses, self._score(real), self._score(fake))

    def _track(self, *values) -> dict:
        for tracker, value in zip(self.trackers, values, strict=True):
            tracker.update_state(value)
        return {tracker.name: tracker.result() for tracker in self.trackers}

    def _score(self, outputs):
        outputs = _float32(outputs)
        return ops.mean(ops.sigmoid(outputs) if self.settings["objective"] == "non-saturating" else outputs)

    def _discriminator_step(self, images, generated):
        """Update the discriminator; return its loss and the mean scores of real and of generated images."""
        variables = self.discriminator.trainable_variables
        with tape() as recorded:
            real = self.discriminator(images, training=True)
            fake = self.discriminator(ops.stop_gradient(generated), training=True)
            loss = self.discriminator_loss(real, fake)
            if self.settings["gradient_penalty"]:
                loss += self.settings["gradient_penalty"] * self.gradient_penalty(images, generated)
            scaled = self.discriminator_optimizer.scale_loss(loss)
        self.discriminator_optimizer.apply(recorded.gradient(scaled, variables), variables)
        if self.settings["clip"]:
            for variable in variables:
                variable.assign(ops.clip(variable, -self.settings["clip"], self.settings["clip"]))
        return loss, self._score(real), self._score(fake)

    def discriminator_loss(self, real, fake):
        """The discriminator's loss from its outputs on real and on generated images, without the penalty."""
        real, fake = _float32(real), _float32(fake)
        if self.settings["objective"] == "wasserstein":
            return ops.mean(fake) - ops.mean(real)
        smoothed = 1.0 - self.settings["label_smoothing"]
        return (_cross_entropy(real, smoothed) + _cross_entropy(fake, 0.0)) / 2

    def generator_loss(self, fake):
        """The generator's loss from the discriminator's outputs on generated images."""
        fake = _float32(fake)
        return -ops.mean(fake) if self.settings["objective"] == "wasserstein" else _cross_entropy(fake, 1.0)

    def gradient_penalty(self, images, generated):
        """Mean squared distance from 1 of the critic's gradient norm, at random places between real and generated."""
        fractions = keras.random.uniform((ops.shape(images)[0], 1, 1, 1), seed=self.seed_generator)
        images, generated = _float32(images), _float32(ops.stop_gradient(generated))
        between = images + _float32(fractions) * (generated - images)
        with tape() as recorded:
            recorded.watch(between)
            scores = _float32(self.discriminator(between, training=True))
        gradients = recorded.gradient(scores, between)
        norms = ops.sqrt(ops.sum(ops.square(gradients), axis=(1, 2, 3)) + 1e-12)
        return ops.mean(ops.square(norms - 1))

    def get_config(self):
        parts = {"generator": self.generator, "discriminator": self.discriminator}
        return {
            "name": self.name,
            **{name: keras.saving.serialize_keras_object(part) for name, part in parts.items()},
            **self.settings,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        parts = {
            name: keras.saving.deserialize_keras_object(config[name], custom_objects=custom_objects)
            for name in ("generator", "discriminator")
        }
        return cls(**{**config, **parts})

    def compile_from_config(self, config):
        # Keras' own would give the first optimizer the variables of both parts.
        self.compile(**keras.saving.deserialize_keras_object(config))
        self.build_optimizers()


def _float32(x):
    """`x` in float32 at least, as means and norms need it whatever the precision of the layers."""
    return x if keras.backend.standardize_dtype(x.dtype) == "float64" else ops.cast(x, "float32")


def _cross_entropy(logits, target: float):
    """Mean sigmoid cross-entropy of logits against one target."""
    return ops.mean(ops.maximum(logits, 0) - logits * target + ops.log1p(ops.exp(-ops.abs(logits))))
