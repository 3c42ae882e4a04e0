"""What `train --list` and `--show` print. Importing this loads no TensorFlow."""

import itertools
from collections.abc import Mapping
from fnmatch import fnmatchcase

from tf_data import columns
from tf_data.errors import InputError
from tf_models.configs import measured, recipes, topics
from tf_models.configs.overrides import GROUPS
from tf_models.configs.recipe import Original, Recipe
from tf_models.scores import main_score, printed_score


def rows(words: list[str]) -> list[dict]:
    """A row for every recipe and every other topic, ready for JSON, of which each word says something.

    Args:
        words: Parts of id, section, dataset or title in any case, or patterns (`cnn-*`) of id, section or dataset.

    Raises:
        InputError: No row matches.
    """
    every = [
        *({"id": recipe.id, **_of_recipe(recipe)} for recipe in recipes()),
        *({"id": id, **_of_topic(topic)} for id, topic in topics.OTHERS.items()),
    ]
    found = [row for row in every if all(_says(row, word.lower()) for word in words)]
    if not found:
        raise InputError(f"no topic matches {' '.join(words)!r}; --list alone shows all")
    return found


def _says(row: dict, word: str) -> bool:
    names = [row[name].lower() for name in ("id", "section", "dataset")]
    if set(word) & set("*?["):
        return any(fnmatchcase(name, word) for name in names)
    return any(word in text for text in (*names, row["title"].lower()))


def _of_recipe(recipe: Recipe) -> dict:
    return {
        "section": recipe.section,
        "title": recipe.title,
        "dataset": recipe.dataset,
        "task": recipe.task,
        "parameters": recipe.parameters,
        "original": dict(recipe.original.results) if recipe.original else None,
        "measured": measured().get(recipe.id),
        "command": f"python -m tf_models.train {recipe.id}",
    }


def _of_topic(topic: topics.Topic) -> dict:
    nothing = dict.fromkeys(("task", "parameters", "original", "measured"))
    return {
        "section": topic.section,
        "title": topic.title,
        "dataset": topic.dataset,
        **nothing,
        "command": topic.command,
    }


def table(found: list[dict], width: int) -> str:
    """Rows as a table for each section: dataset, the original's result, ours; below them what runs the other topics."""
    cells, others = [], [("other topics", "run by")]
    for section, members in itertools.groupby(found, lambda row: row["section"]):
        trained = [row for row in members if row["task"]]
        if trained:
            cells += [("",) * 4] * bool(cells) + [(section, "dataset", "original", "ours")]
        for row in trained:
            ours = (row["measured"] or {}).get("results", {}).get("test", {})
            cells.append(
                (
                    row["id"],
                    row["dataset"],
                    printed_score(row["task"], row["original"] or {}),
                    main_score(row["task"], ours),
                )
            )
    others += [(row["id"], row["command"] or "not built yet") for row in found if not row["task"]]
    parts = [columns.text(cells, width=width)] if cells else []
    parts += [columns.text(others, width=width)] if len(others) > 1 else []
    return "\n\n".join(parts)


def show(recipe: Recipe, width: int) -> str:
    """The recipe in full; what can be set stands as `--set` names it."""
    groups = {field: group for group, field in GROUPS.items()}
    cells = []
    for name, value in vars(recipe).items():
        if isinstance(value, Mapping):
            cells += [(f"{groups.get(name, name)}.{key}", str(one)) for key, one in value.items()]
        elif isinstance(value, Original):
            printed = ", ".join(f"{key} {one}" for key, one in value.results.items())
            cells += [("original", text) for text in (value.notebook, printed, value.footnote) if text]
        elif isinstance(value, tuple):
            cells += [("note" if name == "notes" else name, text) for text in value]
        elif value not in (None, ""):
            cells.append((name, str(value)))
    return columns.text(cells, width=width)
