"""The networks that are timed, each a recipe of ours and the same network with its training step in PyTorch."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from tf_models.configs import get
from tf_models.configs.recipe import Recipe


@dataclass(frozen=True)
class Network:
    """What is trained on random images by both sides.

    Attributes:
        step: Function from a recipe to `step(inputs, targets)` in PyTorch, eager: one update of weights; gives a dictionary of
            the numbers that are shown. A second argument, true, has it compute in bfloat16 by `torch.autocast`. But for
            GANs it has what it trains as `module`.
        shape: Size of an image, `(height, width, channels)`.
        samples: Number of samples of an epoch.
        epochs: Number of epochs that one call of `fit` trains: more where they are short, as in a real run, since a call
            begins with what it does once.
    """

    step: Callable[..., Callable]
    shape: tuple[int, int, int] = (28, 28, 1)
    samples: int = 60_000
    epochs: int = 1


def recipe(id: str) -> Recipe:
    """The recipe, without what it does to images on the way: the images have the network's size already."""
    found = get(id)
    kept = {name: value for name, value in found.transform.items() if name in ("name", "value_range")}
    return replace(found, transform=kept, embedded={})


def torch_optimizer(recipe: Recipe, parameters):
    """The recipe's optimizer in PyTorch."""
    import torch

    options = dict(recipe.optimizer_options)
    if "beta_1" in options:
        options["betas"] = (options.pop("beta_1"), 0.999)
    if "epsilon" in options:
        options["eps"] = options.pop("epsilon")
    return {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[recipe.optimizer](
        parameters, recipe.learning_rate, **options
    )


def _trained(recipe: Recipe, module, losses: Callable, bfloat16: bool) -> Callable:
    """A step that minimises `losses(outputs, inputs, targets)["loss"]`."""
    import torch

    optimizer = torch_optimizer(recipe, module.parameters())

    def step(inputs, targets):
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            found = losses(module(inputs), inputs, targets)
        found["loss"].backward()
        optimizer.step()
        return {name: value.item() for name, value in found.items()}

    step.module = module
    return step


def _classifier(module: Callable) -> Callable[..., Callable]:
    def losses(outputs, inputs, targets):
        import torch

        accuracy = (outputs.argmax(1) == targets).float().mean()
        return {"loss": torch.nn.functional.cross_entropy(outputs, targets), "accuracy": accuracy}

    return lambda recipe, bfloat16=False: _trained(recipe, module(), losses, bfloat16)


def _stack(*layers: Callable) -> Callable:
    """A module of what each of `layers`, functions of `torch.nn`, returns."""

    def module():
        from torch import nn

        return nn.Sequential(*(layer(nn) for layer in layers))

    return module


def _zoo(make: Callable) -> Callable:
    """A module of `benchmarks.torch_networks`, which is not imported before it is wanted."""

    def module():
        from benchmarks import torch_networks

        return make(torch_networks)

    return module


def _flatten(nn):
    return nn.Flatten()


def _relu(nn):
    return nn.ReLU()


def _halve(nn):
    return nn.MaxPool2d(2)


def _dense(inside: int, outside: int) -> Callable:
    return lambda nn: nn.Linear(inside, outside)


def _conv(inside: int, outside: int) -> Callable:
    return lambda nn: nn.Conv2d(inside, outside, 3, padding=1)


def _vae(recipe: Recipe, bfloat16: bool = False) -> Callable:
    def losses(outputs, inputs, targets):
        import torch

        logits, mean, log_variance = outputs
        entropy = torch.nn.functional.binary_cross_entropy_with_logits(logits, inputs.flatten(1), reduction="sum")
        kl = 0.5 * (mean.square() + log_variance.exp() - log_variance - 1).sum()
        return {"loss": (entropy + kl) / len(inputs), "reconstruction": entropy / len(inputs), "kl": kl / len(inputs)}

    return _trained(recipe, _zoo(lambda networks: networks.VAE())(), losses, bfloat16)


def _gan(recipe: Recipe, bfloat16: bool = False) -> Callable:
    """The discriminator first, then the generator on fresh noise, as ours."""
    import torch

    from benchmarks.torch_networks import dcgan

    generator, discriminator = dcgan()
    ours, theirs = (torch_optimizer(recipe, part.parameters()) for part in (generator, discriminator))
    entropy = torch.nn.functional.binary_cross_entropy_with_logits

    def step(inputs, targets):
        ones, zeros = torch.ones(len(inputs), 1), torch.zeros(len(inputs), 1)
        theirs.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            generated = generator(2 * torch.rand(len(inputs), 100, 1, 1) - 1)
            real, fake = discriminator(2 * inputs - 1), discriminator(generated.detach())
            critic = (entropy(real, ones) + entropy(fake, zeros)) / 2
        critic.backward()
        theirs.step()
        ours.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            loss = entropy(discriminator(generator(2 * torch.rand(len(inputs), 100, 1, 1) - 1)), ones)
        loss.backward()
        ours.step()
        scores = torch.sigmoid(real).mean(), torch.sigmoid(fake).mean()
        names = ("generator_loss", "discriminator_loss", "real_score", "fake_score")
        return {name: value.item() for name, value in zip(names, (loss, critic, *scores), strict=True)}

    return step


_VGG16 = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))
# Expansion, channels, repetitions and stride; kernel size, expanded, channels, squeezed, hard swish and stride.
_MOBILE2 = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
_MOBILE3 = (
    (3, 16, 16, 8, False, 2),
    (3, 72, 24, 0, False, 2),
    (3, 88, 24, 0, False, 1),
    (5, 96, 40, 24, True, 2),
    (5, 240, 40, 64, True, 1),
    (5, 240, 40, 64, True, 1),
    (5, 120, 48, 32, True, 1),
    (5, 144, 48, 40, True, 1),
    (5, 288, 96, 72, True, 2),
    (5, 576, 96, 144, True, 1),
    (5, 576, 96, 144, True, 1),
)

# By recipe id; batch size, optimizer and learning rate are the recipe's.
NETWORKS: dict[str, Network] = {
    "softmax-regression": Network(_classifier(_stack(_flatten, _dense(784, 10))), epochs=10),
    "mlp-basic": Network(
        _classifier(_stack(_flatten, _dense(784, 128), _relu, _dense(128, 256), _relu, _dense(256, 10))), epochs=3
    ),
    "cnn-basic-wide": Network(
        _classifier(_stack(_conv(1, 8), _relu, _halve, _conv(8, 16), _relu, _halve, _flatten, _dense(784, 10)))
    ),
    "cnn-alexnet-cifar10": Network(_classifier(_zoo(lambda zoo: zoo.alexnet(32, 4096, 10))), (64, 64, 3), 1_280),
    "cnn-vgg16-cifar10": Network(
        _classifier(_zoo(lambda zoo: zoo.vgg(_VGG16, 3, False, 512, 4096, 10, dropout=0.0))), (32, 32, 3), 512
    ),
    "cnn-nin-cifar10": Network(_classifier(_zoo(lambda zoo: zoo.nin())), (32, 32, 3), 768),
    "cnn-resnet18-mnist": Network(
        _classifier(_zoo(lambda zoo: zoo.ResNet((2, 2, 2, 2), False, 64, 10, 1))), samples=1_920
    ),
    "cnn-resnet50-mnist": Network(
        _classifier(_zoo(lambda zoo: zoo.ResNet((3, 4, 6, 3), True, 64, 10, 1))), samples=768
    ),
    "cnn-densenet121-cifar10": Network(
        _classifier(_zoo(lambda zoo: zoo.DenseNet((6, 12, 24, 16), 32, 10))), (32, 32, 3), 512
    ),
    "cnn-mobilenet-v2-cifar10": Network(
        _classifier(_zoo(lambda zoo: zoo.mobilenet_v2(_MOBILE2, 32, 1280, 10))), (64, 64, 3), 512
    ),
    "cnn-mobilenet-v3-small-cifar10": Network(
        _classifier(_zoo(lambda zoo: zoo.mobilenet_v3(_MOBILE3, 16, 1024, 10))), (64, 64, 3), 1_280
    ),
    "ae-vae": Network(_vae),
    "gan-dcgan-celeba": Network(_gan, (64, 64, 3), 256),
}
