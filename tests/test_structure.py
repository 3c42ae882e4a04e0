"""How files may import each other: no circles, arrows one way, and TensorFlow late."""

import ast
from pathlib import Path

import tf_models
from tf_models import builders

ROOT = Path(__file__).parents[1]
PACKAGES = ("tf_data", "tf_models", "legacy_tf1", "benchmarks")
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
}
# From the ground up; a room imports what stands before it. What is not named here is free to be used by all of tf_models.
ROOMS = (
    ("layers", "losses", "metrics", "optimizers", "schedules"),
    tuple(sorted({module.split(".")[1] for module in builders.BUILDERS.values()})),
    ("builders", "tasks"),
    ("configs",),
    ("training",),
    ("mechanics", "train", "evaluate", "predict", "export", "listing", "launch"),
)


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


def test_builders_take_classes_from_files_of_rooms():
    """A room that is on its way when Keras registers all classes has no names yet; its files have."""
    for name in FILES:
        if name.startswith("tf_models.") and name.split(".")[1] in ROOMS[1]:
            tree = ast.parse(FILES[name].read_text(encoding="utf-8"))
            taken = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
            assert not taken & {f"tf_models.{room}" for room in ROOMS[0]}, name


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


def imported_at_once(path) -> set[str]:
    """The modules that a file imports when it is imported itself."""
    top = ast.parse(path.read_text(encoding="utf-8")).body
    named = [alias.name for node in top if isinstance(node, ast.Import) for alias in node.names]
    return {*named, *(node.module or "" for node in top if isinstance(node, ast.ImportFrom))}


def test_datasets_import_no_tensorflow():
    for path in [*(ROOT / "tf_data" / "datasets").glob("*.py"), ROOT / "tf_data" / "dataset.py"]:
        assert not {name.partition(".")[0] for name in imported_at_once(path)} & {"tensorflow", "keras"}, path


def test_builders_import_no_framework_below_keras():
    """So that models can be built on every backend; and nothing from above."""
    sections = {builders.BUILDERS[recipe.builder].split(".")[1] for recipe in tf_models.recipes()}
    rooms = set(ROOMS[0])
    assert len(sections) > 5
    bodies = {"ordinal": {"cnn"}}  # sections that put another last layer on networks of others
    for path in (path for room in sections | rooms for path in (ROOT / "tf_models" / room).glob("*.py")):
        names = imported_at_once(path)
        assert not {name.partition(".")[0] for name in names} & {"tensorflow", "torch", "jax"}, path
        ours = {name.split(".")[1] for name in names if name.startswith("tf_models.")}
        assert ours <= rooms | {"weight_decay", "replicas", "steps", path.parent.name} | bodies.get(
            path.parent.name, set()
        ), path
