"""A run as it is seen by the workers that write nothing."""

from pathlib import Path

from tf_models.configs.recipe import Recipe
from tf_models.training.run_directory import RunDirectory


class Follower(RunDirectory):
    """The run directory of the chief, which alone writes; what others would write stays in memory or is dropped."""

    @classmethod
    def create(cls, path: Path | None, recipe: Recipe) -> "Follower":
        return cls(path or Path())

    @property
    def checkpoints(self) -> list[Path]:
        return []  # the chief reads them, and tells

    def acquire(self) -> None:
        pass

    def release(self) -> None:
        pass

    def update(self, **values) -> None:
        self.info = {**self.info, **values}

    def write_history(self, rows: list[dict[str, float]]) -> None:
        pass

    def prune_checkpoints(self) -> None:
        pass
