"""How files may import each other: no circles, arrows one way, and TensorFlow late."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("tf_data", "tf_models", "legacy_tf1", "benchmarks")
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
}
# From the ground up; a room imports what stands before it. What is not named here is free to be used by all of tf_models.
ROOMS = (
    ("layers", "losses", "schedules"),
    ("basic_ml", "mlp", "cnn", "metric", "autoencoder", "gan"),
    ("builders", "tasks"),
    ("configs",),
    ("training",),
    ("mechanics", "train", "evaluate", "predict", "export", "listing"),
)
BUILDERS = [name for name in FILES if name.startswith("tf_models.") and name.split(".")[1] in ROOMS[0] + ROOMS[1]]


def imported(name: str, late: bool) -> set[str]:
    """The project's modules that a module imports, within functions too if `late`; not for type checkers only."""
    found, package = set(), name if FILES[name].name == "__init__.py" else name.rpartition(".")[0]

    def visit(node):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            return
        if isinstance(node, (ast.FunctionDef, ast.Lambda)) and not late:
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module if not node.level else package
            found.update({base} | {f"{base}.{alias.name}" for alias in node.names})
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(FILES[name].read_text(encoding="utf-8")))
    # `from package import module` needs the module; that the package is imported besides is no arrow of its own.
    modules = found & FILES.keys()
    return {m for m in modules if m != name and not any(other.startswith(f"{m}.") for other in modules)}


def test_no_circles():
    arrows = {name: imported(name, late=False) for name in FILES}
    done, way = set(), []

    def walk(name):
        assert name not in way, f"a circle: {' -> '.join([*way[way.index(name) :], name])}"
        if name in done:
            return
        way.append(name)
        for other in sorted(arrows[name]):
            walk(other)
        done.add(way.pop())

    for name in FILES:
        walk(name)


def test_arrows_go_one_way_between_packages():
    allowed = {"tf_data": (), "tf_models": ("tf_data",), "legacy_tf1": ("tf_data", "tf_models"), "benchmarks": PACKAGES}
    for name in FILES:
        package = name.partition(".")[0]
        for other in imported(name, late=True):
            assert other.partition(".")[0] in (package, *allowed[package]), f"{name} imports {other}"


def test_arrows_go_one_way_between_rooms():
    floor = {room: number for number, rooms in enumerate(ROOMS) for room in rooms}
    for name in FILES:
        parts = name.split(".")
        if parts[0] != "tf_models" or len(parts) < 2 or parts[1] not in floor:
            continue
        for other in imported(name, late=True):
            room = [*other.split("."), ""][1]
            if other.startswith("tf_models.") and room in floor:
                assert floor[room] <= floor[parts[1]], f"{name} imports {other}"


@pytest.mark.parametrize("name", BUILDERS)
def test_builders_and_rooms_import_no_tensorflow(name):
    for node in ast.parse(FILES[name].read_text(encoding="utf-8")).body:
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert "tensorflow" not in {name.partition(".")[0] for name in names}


@pytest.mark.parametrize(
    "command",
    [
        "import tf_models, tf_data; tf_models.recipes()",
        "from tf_models import train; train.main(['--list'])",
        "from tf_models import train; train.main(['cnn-basic', '--show'])",
        *(
            f"from {module} import main\ntry: main(['--help'])\nexcept SystemExit: pass"
            for module in (
                "tf_models.train",
                "tf_models.predict",
                "tf_models.export",
                "tf_data.convert",
                "tf_data.inspect",
            )
        ),
    ],
)
def test_what_only_tells_loads_neither_tensorflow_nor_keras(command):
    script = (
        f"{command}\nimport sys; print({{'tensorflow', 'keras', 'torch', 'jax'}} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert done.stderr.strip() == "set()"
