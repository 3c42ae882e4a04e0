"""What a result depends on besides its recipe: machine, versions, the code, and what else ran on the machine."""

import ast
import functools
import hashlib
import importlib.util
import json
import os
import platform
import subprocess
import time
from dataclasses import MISSING, fields
from importlib import metadata
from pathlib import Path

from tf_models import builders, tasks
from tf_models.configs.recipe import Recipe
from tf_models.training import processor

ROOT = Path(__file__).parents[2]
# What of a recipe decides nothing of what it trains to.
REMARKS = ("title", "notes", "original", "embedded", "parameters")
# Rooms whose files decide what is computed, wherever they are used.
ROOMS = ("tf_models.layers", "tf_models.losses", "tf_models.schedules")
# What replaces operations of layers and optimizers in training.
REPLACING = ("tf_models.training.fast", "tf_models.training.biases", "tf_models.training.slices")
# What draws, explains or continues what a model has learned, and changes no score.
SHOWING = tuple(f"tf_models.tasks.{name}" for name in ("plots", "grids", "frames", "lexicon", "explain", "saliency"))
SHOWS = ("figures", "predict", "describe", "describe_prediction", "continued", "example")


def versions() -> dict[str, str]:
    """Versions of what decides a result."""
    packages = ("tensorflow", "keras", "numpy")
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in packages}}


def peak_memory() -> float:
    """The most memory that this process ever had, in megabytes."""
    status = Path("/proc/self/status")
    if status.exists():  # the kernel's `ru_maxrss` begins at what the process had that started this one
        fields = dict(line.split(":", 1) for line in status.read_text(encoding="ascii", errors="replace").splitlines())
        return int(fields["VmHWM"].split()[0]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # macOS counts bytes


def environment() -> dict:
    """`processor`, `cores`, `threads` of TensorFlow (0 lets it choose), whether it takes `onednn`, names of the `gpus`."""
    import tensorflow as tf

    threading = tf.config.threading
    gpus = [tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices("GPU")]
    return {
        "processor": processor.name(),
        "cores": processor.cores(),
        "threads": [threading.get_intra_op_parallelism_threads(), threading.get_inter_op_parallelism_threads()],
        "onednn": processor.onednn(),
        "gpus": [details.get("device_name", "GPU") for details in gpus],
    }


def differences(info: dict) -> list[str]:
    """What of machine and versions is not as a run's `run.json` says, a clause each; bits may then differ."""
    began = {**(info.get("environment") or {}), **(info.get("versions") or {})}
    now = {**environment(), **versions()}
    return [
        f"{name} {now[name]} in place of {began[name]}" for name in began if name in now and began[name] != now[name]
    ]


@functools.cache
def revision() -> str:
    """The code's revision: the commit of a checkout, with `+` where files were changed since, else the version."""
    try:
        git = ["git", "-C", str(ROOT)]
        top, commit = _output([*git, "rev-parse", "--show-toplevel", "--short=12", "HEAD"]).split()
        if Path(top) == ROOT.resolve():
            return commit + ("+" if _output([*git, "status", "--porcelain", "--", "tf_models", "tf_data"]) else "")
    except (OSError, ValueError, subprocess.SubprocessError):
        pass
    return metadata.version("tf-models")


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()


def code(recipe: Recipe) -> dict[str, str]:
    """A short hash each of the `recipe`, of the code of its `builder` and of its `task`.

    Comments, docstrings, imports and layout do not count. A builder's code is its file and those of its package, of
    layers, losses and schedules that it imports, directly or through each other; likewise a task's, less what only shows.
    """
    builder = builders.get(recipe.builder).__module__
    return {
        "recipe": recipe_code(recipe),
        "builder": _short("".join(_programs(builder))),
        "task": _short("".join(_programs(tasks.get(recipe.task).__module__, SHOWS))),
    }


def replacing_code() -> str:
    """A short hash of `REPLACING`, comments and the like left out: it decides no more than the last bits."""
    files = [_file(name) for name in REPLACING]
    files = [
        part for file in files for part in (sorted(file.parent.glob("*.py")) if file.stem == "__init__" else [file])
    ]
    return _short("".join(ast.dump(_Deciding(()).visit(ast.parse(file.read_text(encoding="utf-8")))) for file in files))


def recipe_code(recipe: Recipe) -> str:
    """A short hash of what a recipe says, but for remarks."""
    values = {field.name: getattr(recipe, field.name) for field in fields(recipe) if field.name not in REMARKS}
    # What stands at its default decides nothing, so a new setting leaves old recipes as they were.
    values = {name: value for name, value in values.items() if value != _default(recipe, name)}
    return _short(json.dumps(values, sort_keys=True, default=str))


def _default(recipe: Recipe, name: str):
    field = next(field for field in fields(recipe) if field.name == name)
    return field.default_factory() if field.default_factory is not MISSING else field.default


def _programs(start: str, shows: tuple[str, ...] = ()) -> list[str]:
    """The programs of a module and of those that it imports from its own package and from `ROOMS`, less some methods."""
    packages = (start.rpartition(".")[0], *ROOMS)
    found: dict[str, str] = {}
    waiting = [start]
    while waiting:
        name = waiting.pop()
        file = _file(name) if name not in found else None
        if file is None:
            continue
        text = file.read_text(encoding="utf-8")
        tree = ast.parse(text)
        found[name] = ast.dump(_Deciding(shows).visit(ast.parse(text)))
        for module, names in _imports(tree):
            if module in ROOMS:  # only what is taken from a room, not all that stands in it
                waiting += [source for source, given in _imports(_tree(module)) if names & given]
            elif module.rpartition(".")[0] in packages:
                waiting.append(module)
            elif module in packages:
                waiting += [f"{module}.{name}" for name in names]
    return [found[name] for name in sorted(found) if name not in SHOWING]


def _tree(module: str) -> ast.Module:
    return ast.parse(_file(module).read_text(encoding="utf-8"))


def _imports(tree: ast.Module) -> list[tuple[str, set[str]]]:
    """`(module, names)` of each `from module import names`."""
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module and not node.level]
    return [(node.module, {alias.name for alias in node.names}) for node in nodes]


def _file(name: str) -> Path | None:
    """The program of a module; None for what is no module of its own, such as a function or a program being run."""
    try:
        spec = importlib.util.find_spec(name)
    except (ModuleNotFoundError, ValueError):
        return None
    return Path(spec.origin) if spec and spec.origin and spec.origin.endswith(".py") else None


class _Deciding(ast.NodeTransformer):
    """Takes docstrings, imports and some functions out of a program."""

    def __init__(self, left: tuple[str, ...]):
        self._left = left

    def generic_visit(self, node):
        body = getattr(node, "body", None)
        if (
            isinstance(body, list)
            and body
            and isinstance(body[0], ast.Expr)
            and isinstance(body[0].value, ast.Constant)
        ):
            node.body = body[1:]
        return super().generic_visit(node)

    def visit_Import(self, node):
        return None

    visit_ImportFrom = visit_Import

    def visit_FunctionDef(self, node):
        return None if node.name in self._left else self.generic_visit(node)


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


class OtherLoad:
    """How many cores other processes kept busy since this was made; what tells a time taken alone from others."""

    def __init__(self):
        self._begin = self._now()

    @staticmethod
    def _now() -> tuple[float, float, float] | None:
        """Seconds that all cores were busy, that this process was, and the time; None where the system does not tell."""
        try:
            fields = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]
        except OSError:
            return None
        user, nice, system, _, _, irq, softirq, steal = map(int, fields)
        busy = (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
        return busy, time.process_time(), time.perf_counter()

    def cores(self) -> float | None:
        """The mean number of cores, 0 or more; None where the system does not tell."""
        begin, now = self._begin, self._now()
        if begin is None or now is None or now[2] <= begin[2]:
            return None
        busy, own, seconds = (b - a for a, b in zip(begin, now, strict=True))
        return round(max(0.0, (busy - own) / seconds), 3)
