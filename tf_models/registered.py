"""Importing this module makes Keras know every class of the project that a saved file can name.

Keras finds a class in a file by its registered name, `tf_models>Sampling`, wherever the class stands, but only once its
module has been imported. `import tf_models` sees to it; see `tf_models.keras_import`.
"""

import importlib

# The rooms, and the models that have a `train_step` of their own.
MODULES = (
    "tf_models.layers",
    "tf_models.losses",
    "tf_models.metrics",
    "tf_models.optimizers",
    "tf_models.schedules",
    "tf_models.basic_ml.perceptron",
    "tf_models.gan.model",
    "tf_models.mlp.backprop_scratch",
)
for _module in MODULES:
    # By name: where one of these was the first to import Keras, it is still on its way.
    importlib.import_module(_module)
