"""`python -m tf_models.mechanics.rates [RECIPE...]`: the learning rates that recipes would train with, drawn without training."""

import math
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tf_data.command import Parser, import_tensorflow, run, say
from tf_data.errors import InputError
from tf_data.figures import figure, require_png
from tf_models.configs.recipe import Recipe

DEFAULT = (
    "tricks-cyclical-lr",
    "tricks-cyclical-lr-triangular2",
    "tricks-cyclical-lr-exp-range",
    "tricks-cyclical-lr-fast",
)


def rates(recipe: Recipe, epochs: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Epochs and learning rates `(points,)` of a recipe on all of its official data.

    Args:
        recipe: A recipe; without a schedule its rate is constant.
        epochs: How far to go; the default is the recipe's own number. It never changes the schedule.

    Raises:
        InputError: The dataset has no official number of samples.
    """
    from tf_data import datasets
    from tf_models.configs import schedules
    from tf_models.tasks.plots import spread

    count = datasets.get(recipe.dataset).counts.get("train")
    if not count:
        raise InputError(f"{recipe.id}: how many samples {recipe.dataset} has depends on its files; train it to see")
    steps = math.ceil((count - recipe.validation) / recipe.batch_size)
    places = spread((epochs or recipe.epochs) * steps)
    schedule = schedules.build(recipe, steps)
    found = np.full(len(places), recipe.learning_rate) if schedule is None else np.asarray(schedule(places))
    return places / steps, found


def draw(recipes: Sequence[Recipe], path: Path, epochs: int | None = None) -> None:
    """A panel for each recipe, below each other on one axis of epochs."""
    with figure(path, figsize=(7, 1.7 * len(recipes) + 0.4)) as drawn:
        axes = drawn.subplots(len(recipes), 1, sharex=True, squeeze=False)[:, 0]
        for axis, recipe in zip(axes, recipes, strict=True):
            axis.plot(*rates(recipe, epochs), linewidth=0.9)
            axis.set(ylim=(0, None), ylabel="learning rate")
            axis.set_title(recipe.id, fontsize=9)
            axis.grid(alpha=0.3)
        axes[-1].set_xlabel("epoch")


def parser() -> Parser:
    parser = Parser(prog="python -m tf_models.mechanics.rates", description=__doc__)
    parser.add_argument("recipes", nargs="*", metavar="RECIPE", help=f"default {', '.join(DEFAULT)}")
    parser.add_argument("--epochs", type=int, metavar="N", help="draw the first N epochs only")
    parser.add_argument("--out", type=Path, default=Path("rates.png"), metavar="FILE.png", help="default rates.png")
    return parser


def main(argv: list[str] | None = None) -> None:
    arguments = parser().parse_args(argv)
    if arguments.epochs is not None and arguments.epochs < 1:
        raise InputError(f"--epochs must be at least 1, not {arguments.epochs}")
    require_png(arguments.out)
    from tf_models.configs import get

    recipes = [get(id) for id in arguments.recipes or DEFAULT]
    import_tensorflow()
    draw(recipes, arguments.out, arguments.epochs)
    for recipe in recipes:
        _, found = rates(recipe, arguments.epochs)
        say(f"{recipe.id}: from {found[0]:.4g}, between {found.min():.4g} and {found.max():.4g}")
    say(str(arguments.out))


if __name__ == "__main__":
    sys.exit(run(main))
