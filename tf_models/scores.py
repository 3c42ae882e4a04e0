"""How scores are shown: fractions in percent, others with four digits."""

from collections.abc import Mapping

from tf_models.tasks import entry

FRACTIONS = ("accuracy",)
TRAINED = {"loss": "", "generator_loss": "G ", "discriminator_loss": "D "}


def show(name: str, value: float) -> str:
    """A score as text; `name` may begin with the split, as in `test_accuracy`."""
    return f"{value:.2%}" if name.rpartition("_")[2] in FRACTIONS else f"{value:.4g}"


def headline(task: str, results: Mapping[str, float], prefix: str = "") -> str | None:
    """Which of the scores stands for a result, as the task names it in `tf_models.tasks`; None where there is none."""
    return next((name for name in entry(task).headline if prefix + name in results), None)


def main_score(task: str, results: Mapping[str, float], prefix: str = "") -> str:
    """The score that stands for a result of this task, or a dash where there is none."""
    name = headline(task, results, prefix)
    if name is None:
        return "-"
    return show(name, results[prefix + name]) + ("" if name in FRACTIONS else f" {name.replace('_', ' ')}")


def training_losses(values: Mapping[str, float], prefix: str = "") -> str:
    """The losses of training among `values`, those of a GAN marked G and D; empty where there are none."""
    return ", ".join(
        mark + show("loss", values[prefix + name]) for name, mark in TRAINED.items() if prefix + name in values
    )


def printed_score(task: str, printed: Mapping[str, float]) -> str:
    """What an original printed: its test score, else `train` and its last training losses, else a dash."""
    score, losses = main_score(task, printed, "test_"), training_losses(printed, "train_")
    return f"train {losses}" if score == "-" and losses else score
