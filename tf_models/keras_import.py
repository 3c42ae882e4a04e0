"""`keras.models.load_model` knows this project's classes as soon as `tf_models` and Keras have been imported.

Registering a class needs Keras, and `import tf_models` must not load it. So the classes are registered at once where Keras is
there already, and else right after whoever needs Keras has imported it: a finder of `sys.meta_path` waits for that.
"""

import importlib
import sys
from importlib.abc import MetaPathFinder


def register_with_keras() -> None:
    """Import `tf_models.registered` as soon as Keras is there: now or later."""
    if "keras" in sys.modules:
        importlib.import_module("tf_models.registered")
    else:
        sys.meta_path.insert(0, _AfterKeras())


class _AfterKeras(MetaPathFinder):
    """Finds `keras` as the other finders do, and adds a last step to its import."""

    def find_spec(self, name, path=None, target=None):
        if name != "keras":
            return None
        others = (finder for finder in sys.meta_path if finder is not self and hasattr(finder, "find_spec"))
        spec = next(filter(None, (finder.find_spec(name, path, target) for finder in others)), None)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_and_register(module):
                load(module)
                sys.meta_path.remove(self)
                importlib.import_module("tf_models.registered")

            spec.loader.exec_module = load_and_register
        return spec
