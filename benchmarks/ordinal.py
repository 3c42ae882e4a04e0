"""Ordinal methods on cement strength: the same network, settings and splits for all, over several seeds.

Each seed splits the 998 mixtures anew, by strata so that train and test hold every class, and decides weights, order and
dropout besides. Methods are compared on the same splits: the intervals are those of paired differences.
"""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

SEEDS = (0, 1, 2, 3, 4)
METHODS = ("baseline", "coral", "corn", "niu", "beckham", "cdwce", "emd", "sord", "binomial", "clm")
BASELINE = METHODS[0]
SCORES = ("mae", "rmse", "accuracy", "average_mae", "maximum_mae", "ranked_probability_score", "inconsistencies")


def run(quick: bool = False) -> list[dict]:
    """Train every `ordinal-*-cement` recipe with every seed and summarise their test scores; see `summary`.

    Args:
        quick: Drawn data, two methods, two seeds and few epochs, to see that it works.
    """
    methods, seeds = (METHODS[:2], SEEDS[:2]) if quick else (METHODS, SEEDS)
    found: dict[str, list[dict]] = {method: [] for method in methods}
    with tempfile.TemporaryDirectory() as place:
        for seed in seeds:
            for method in methods:
                found[method].append(_scores(method, seed, Path(place) / f"{method}-{seed}", quick))
    return summary(found)


def _scores(method: str, seed: int, folder: Path, quick: bool) -> dict:
    """The test scores of one training."""
    from tf_models.configs import get
    from tf_models.training import trainer

    recipe = replace(get(f"ordinal-{method}-cement"), seed=seed, data={"seed": seed})
    if quick:
        recipe = replace(recipe, epochs=2)
    options = trainer.Options(source="synthetic" if quick else "official", quiet=True, figures=False)
    return trainer.train(recipe, options, folder).info["results"]["test"]


def summary(found: dict[str, list[dict]]) -> list[dict]:
    """A row for each method.

    Args:
        found: Test scores by method, for each seed in the same order.

    Returns:
        `method`, the lowest MAE that the originals print for it (None where they have none), the mean MAE over the
        seeds, `interval` (95 %, half its width, by Student's t), the mean paired difference of the MAE to the
        baseline's on the same splits and its interval, means of the other `SCORES`, and all MAEs.
    """
    printed = _printed()
    base = np.array([scores["mae"] for scores in found[BASELINE]])
    rows = []
    for method, every in found.items():
        maes = np.array([scores["mae"] for scores in every])
        rows.append(
            {
                "method": method,
                "printed": printed.get(method),
                "mae": float(maes.mean()),
                "interval": _half_width(maes),
                "less_baseline": float((maes - base).mean()),
                "paired_interval": _half_width(maes - base),
                **{name: float(np.mean([scores[name] for scores in every])) for name in SCORES[1:]},
                "maes": maes.tolist(),
            }
        )
    return rows


def _printed() -> dict[str, float]:
    """The lowest test MAE that the originals print for each method, in a notebook or its Lightning version."""
    return {"baseline": 0.29, "coral": 0.25, "corn": 0.25, "niu": 0.31, "beckham": 0.34, "cdwce": 0.41}


def _half_width(values: np.ndarray) -> float:
    """Half the width of the 95 % interval of a mean, by Student's t."""
    from scipy.stats import t

    return float(t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))


def draw(rows: list[dict], path: Path) -> None:
    """The methods' MAEs, every seed, their means, and what the originals print, as a figure."""
    from tf_data.figures import figure

    with figure(path, figsize=(7, 3.6)) as drawn:
        axis = drawn.subplots()
        places = np.arange(len(rows))
        means, widths = [row["mae"] for row in rows], [row["interval"] for row in rows]
        axis.errorbar(places, means, yerr=widths, fmt="o", capsize=4, label="mean and 95 % interval")
        for place, row in enumerate(rows):
            axis.plot([place] * len(row["maes"]), row["maes"], ".", color="grey", label=None if place else "a seed")
        told = [(place, row["printed"]) for place, row in enumerate(rows) if row["printed"] is not None]
        axis.plot(*zip(*told, strict=True), "_", color="C3", markersize=16, label="lowest that the originals print")
        axis.set_xticks(places, [row["method"] for row in rows], rotation=30)
        axis.set(ylabel="mean absolute error in classes", title="Cement strength, test samples")
        axis.grid(axis="y", alpha=0.3)
        axis.legend(fontsize=8)
