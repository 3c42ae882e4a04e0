"""The networks that `train_step` times, each as a recipe of ours and as the same network in PyTorch."""

from collections.abc import Callable
from dataclasses import dataclass


def _classification_loss(torch, outputs, inputs, targets):
    return torch.nn.functional.cross_entropy(outputs, targets)


def _vae_loss(torch, outputs, inputs, targets):
    logits, mean, log_variance = outputs
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(logits, inputs.flatten(1), reduction="sum")
    kl = 0.5 * (mean.square() + log_variance.exp() - log_variance - 1).sum()
    return (entropy + kl) / len(inputs)


@dataclass(frozen=True)
class Network:
    """A PyTorch side.

    Attributes:
        module: from `torch` to the module.
        loss: from `torch`, the module's outputs, inputs and targets to a scalar.
        accuracy: whether the outputs are logits of classes, whose running accuracy is shown.
    """

    module: Callable
    loss: Callable = _classification_loss
    accuracy: bool = True


def _mlp(torch):
    nn = torch.nn
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 256), nn.ReLU(), nn.Linear(256, 10)
    )


def _cnn(torch):
    nn = torch.nn
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(784, 10),
    )


def _softmax(torch):
    nn = torch.nn
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))


def _vae(torch):
    nn = torch.nn

    class VAE(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden, self.mean, self.log_variance = nn.Linear(784, 500), nn.Linear(500, 15), nn.Linear(500, 15)
            self.decoder = nn.Sequential(nn.Linear(15, 500), nn.LeakyReLU(1e-4), nn.Linear(500, 784))

        def forward(self, images):
            x = nn.functional.leaky_relu(self.hidden(images.flatten(1)), 1e-4)
            mean, log_variance = self.mean(x), self.log_variance(x)
            code = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
            return self.decoder(code), mean, log_variance

    return VAE()


# By recipe id; batch size, optimizer and learning rate are the recipe's.
TORCH: dict[str, Network] = {
    "mlp-basic": Network(_mlp),
    "cnn-basic-wide": Network(_cnn),
    "softmax-regression": Network(_softmax),
    "ae-vae": Network(_vae, _vae_loss, accuracy=False),
}
