"""What a user's own script does, in PyTorch or with Keras' `fit`: read, train, score, save. `benchmarks.cold` times it whole."""

from pathlib import Path

import numpy as np

import tf_data
from benchmarks.networks import NETWORKS, recipe
from tf_data.command import Parser
from tf_data.dataset import Data

KERAS, TORCH = "keras", "torch"


def parser() -> Parser:
    parser = Parser(prog="python -m benchmarks.scripts", description=__doc__)
    parser.add_argument("library", choices=(KERAS, TORCH))
    parser.add_argument("recipe", choices=NETWORKS, metavar="RECIPE")
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--data", required=True, help="source of the data")
    parser.add_argument("--limit", type=int, help="samples of each split")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the model is written")
    return parser


def main(argv: list[str] | None = None) -> None:
    arguments = parser().parse_args(argv)
    data = tf_data.load(recipe(arguments.recipe).dataset, arguments.data, limit=arguments.limit)
    train = {KERAS: _keras, TORCH: _torch}[arguments.library]
    accuracy = train(arguments.recipe, arguments.epochs, data, arguments.out)
    print(f"test: accuracy {accuracy:.2%} on {len(data.test):,} samples")


def _keras(id: str, epochs: int, data: Data, out: Path) -> float:
    import keras

    from tf_models.training.building import build_model, build_optimizer

    chosen = recipe(id)
    model = build_model(chosen)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(build_optimizer(chosen), loss, metrics=["accuracy"])
    x, test = (split.x.astype(np.float32) / 255 for split in (data.train, data.test))
    model.fit(x, data.train.y, batch_size=chosen.batch_size, epochs=epochs, verbose=2)
    scores = model.evaluate(test, data.test.y, batch_size=1000, verbose=0, return_dict=True)
    model.save(out)
    return scores["accuracy"]


def _torch(id: str, epochs: int, data: Data, out: Path) -> float:
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    def images(split):
        return torch.from_numpy(split.x.transpose(0, 3, 1, 2).astype(np.float32) / 255)

    chosen = recipe(id)
    step = NETWORKS[id].step(chosen)
    labels = torch.from_numpy(data.train.y.astype(np.int64))
    loader = DataLoader(TensorDataset(images(data.train), labels), batch_size=chosen.batch_size, shuffle=True)
    for epoch in range(epochs):
        for inputs, targets in loader:
            last = step(inputs, targets)
        print(f"epoch {epoch + 1}: {last}")
    step.module.eval()
    with torch.no_grad():
        found = torch.cat([step.module(part).argmax(1) for part in images(data.test).split(1000)]).numpy()
    torch.save(step.module.state_dict(), out)
    return float(np.mean(found == data.test.y))


if __name__ == "__main__":
    main()
