"""Keras finds every class of ours in a file after `import tf_models`, which itself loads neither Keras nor TensorFlow."""

import ast
import subprocess
import sys
from pathlib import Path

import divided
import keras
import numpy as np
import pytest

import tf_models
from tf_models import agreement, runtimes
from tf_models.training import building
from tf_models.training.options import Options

PACKAGE = Path(tf_models.__file__).parent
EXACT = ("classify", "reconstruct", "variational")  # tasks whose models give the same bits in another process


def kinds() -> list[str]:
    """Recipes, smallest first, of which each has something that those before have not.

    That is a builder with these settings, with labels among its outputs or without, a task, a head, a loss or a schedule.
    """
    found, seen = [], set()
    for recipe in sorted(tf_models.recipes(), key=lambda recipe: recipe.parameters):
        model = (recipe.builder, recipe.model.get("label_output"), *sorted(recipe.model))
        ends = (recipe.task, f"{recipe.model.get('head')} head", f"{recipe.task_options.get('loss')} loss")
        what = {model, *ends, recipe.schedule.get("name")}
        if what - seen:
            found.append(recipe.id)
            seen |= what
    return found


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A compiled model with a layer, a loss and a schedule of ours."""
    from tf_models.layers import FastBias
    from tf_models.losses import SmoothedCrossentropy
    from tf_models.schedules import OneCycle

    inputs = keras.Input((4,), name="features")
    model = keras.Model(inputs, FastBias(name="bias")(keras.layers.Dense(3, name="logits")(inputs)), name="probe")
    model.compile(keras.optimizers.SGD(OneCycle(0.1, steps=10)), SmoothedCrossentropy(0.1))
    folder = tmp_path_factory.mktemp("registered")
    model.save(folder / "model.keras")
    np.save(folder / "outputs.npy", model(np.ones((2, 4), np.float32)))
    return folder


@pytest.mark.parametrize(
    "imports",
    [
        "import keras, tf_models",
        "import tf_models, importlib.util; importlib.util.find_spec('keras'); import keras",
        pytest.param("from tf_models.gan.model import GAN; import keras", marks=pytest.mark.slow),
        # Whatever is the first to import Keras is on its way itself when all others are registered.
        "import tf_models.losses, keras",
    ],
)
def test_load_model_in_a_fresh_process(imports, saved):
    script = f"""
{imports}
import sys
import numpy as np
model = keras.models.load_model(sys.argv[1] + "/model.keras")
assert np.array_equal(model(np.ones((2, 4), np.float32)), np.load(sys.argv[1] + "/outputs.npy"))
assert type(model.loss).__name__ == "SmoothedCrossentropy"
assert type(model.optimizer._learning_rate).__name__ == "OneCycle"
assert not [finder for finder in sys.meta_path if type(finder).__module__.startswith("tf_models")]
"""
    done = subprocess.run([sys.executable, "-c", script, str(saved)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_kind_of_model_loads_in_a_fresh_process(tmp_path):
    ids = kinds()
    for id in ids:
        recipe, options, data = divided.prepared(divided.small(id), Options(quiet=True))
        model = building.build(recipe, options, data).model
        model.save(tmp_path / f"{id}.keras")
        inputs, served = list(agreement.drawn(model, 4).values()), runtimes.serving(model)
        outputs = keras.tree.flatten(served(keras.tree.pack_sequence_as(served.input, inputs)))
        saved = {"in": inputs, "out": outputs, "weight": model.get_weights()}
        named = {f"{of}{n}": value for of, values in saved.items() for n, value in enumerate(values)}
        # A process that has run much else need not add in the same order: of ranks, once in some ten runs of all tests it
        # did not.
        np.savez(tmp_path / id, close=0.0 if recipe.task in EXACT else 1e-6, **named)
    script = """
import sys
import keras, numpy as np
import tf_models
folder, *ids = sys.argv[1:]
models = {id: keras.models.load_model(f"{folder}/{id}.keras") for id in ids}
from tf_models import runtimes
for id, model in models.items():
    saved = np.load(f"{folder}/{id}.npz")
    for number, weight in enumerate(model.get_weights()):
        assert np.array_equal(weight, saved[f"weight{number}"]), id
    served = runtimes.serving(model)
    inputs = keras.tree.pack_sequence_as(served.input, [saved[f"in{number}"] for number, _ in enumerate(served.inputs)])
    for number, output in enumerate(keras.tree.flatten(served(inputs))):
        np.testing.assert_allclose(output, saved[f"out{number}"], rtol=saved["close"], atol=saved["close"], err_msg=id)
    assert model.compiled and model.optimizer.variables, id
print("equal", len(ids))
"""
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path), *ids], capture_output=True, text=True)
    assert done.stdout.split() == ["equal", str(len(ids))], done.stderr


def test_every_class_is_registered_by_importing_the_package():
    marked = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                marks = [ast.unparse(mark) for mark in node.decorator_list]
                if any("register_keras_serializable" in mark for mark in marks):
                    assert marks == ["keras.saving.register_keras_serializable(package='tf_models')"], path
                    marked.add(f"tf_models>{node.name}")
    script = """
import tf_models, keras
print(*(name for name in keras.saving.get_custom_objects() if name.startswith("tf_models>")))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == marked
    # Files that were written before a class moved name it so.
    assert marked >= {f"tf_models>{name}" for name in ("Sampling", "PixelLoss", "Cyclical", "GAN", "pair_accuracy")}


def test_importing_the_package_loads_no_framework():
    script = """
import sys
import tf_models
tf_models.recipes()
print([name for name in ("keras", "tensorflow", "torch", "jax") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
