"""The networks that `train_step` times, each as a recipe of ours and as the same network in PyTorch."""

from collections.abc import Callable


def _mlp(nn):
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 256), nn.ReLU(), nn.Linear(256, 10)
    )


def _cnn(nn):
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


def _softmax(nn):
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))


# Recipe id -> a function from `torch.nn` to the module; batch size and learning rate are the recipe's.
TORCH: dict[str, Callable] = {
    "mlp-basic": _mlp,
    "cnn-basic-wide": _cnn,
    "softmax-regression": _softmax,
}
