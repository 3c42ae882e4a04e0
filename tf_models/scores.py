"""How scores are shown: shares in percent, others with four digits."""

from collections.abc import Mapping

SHARES = ("accuracy",)
MAIN = ("accuracy", "mae", "knn_accuracy", "elbo", "frechet_distance", "loss")


def show(name: str, value: float) -> str:
    """A score as text; `name` may begin with the split, as in `test_accuracy`."""
    return f"{value:.2%}" if name.rpartition("_")[2] in SHARES else f"{value:.4g}"


def main_score(results: Mapping[str, float], prefix: str = "") -> str:
    """The score that stands for a result, or a dash where there is none."""
    for name in MAIN:
        if prefix + name in results:
            return show(name, results[prefix + name]) + ("" if name in SHARES else f" {name.replace('_', ' ')}")
    return "-"
