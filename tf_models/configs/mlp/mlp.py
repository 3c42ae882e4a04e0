"""Recipes of `tf_models/mlp/mlp.py`."""

from dataclasses import replace

from tf_models.configs.recipe import LAST_HELD_OUT, Original, Recipe

HELD_OUT = "The original uses 45,000 of 55,000 training digits; here 5,000 are held out and all others used."

MLP_BASIC = Recipe(
    id="mlp-basic",
    section="mlp",
    title="Multilayer perceptron 784-128-256-10 on MNIST",
    builder="mlp",
    model={"input_shape": (28, 28, 1), "hidden": (128, 256), "classes": 10, "stddev": 0.1},
    dataset="mnist",
    task="classify",
    optimizer="sgd",
    learning_rate=0.1,
    batch_size=64,
    epochs=10,
    seed=1,
    parameters=136_074,
    embedded={"epochs": 60},
    original=Original(
        "pytorch_ipynb/mlp/mlp-basic.ipynb", {"test_accuracy": 0.9754, "train_accuracy": 0.99, "minutes": 2.23}
    ),
)

MLP_DROPOUT = replace(
    MLP_BASIC,
    id="mlp-dropout",
    title="Multilayer perceptron with dropout 0.5 after each hidden layer",
    model={"input_shape": (28, 28, 1), "hidden": (128, 256), "classes": 10, "dropout": 0.5, "stddev": 0.1},
    original=Original(
        "pytorch_ipynb/mlp/mlp-dropout.ipynb", {"test_accuracy": 0.9671, "train_accuracy": 0.9752, "minutes": 2.2}
    ),
    notes=(),
)

MLP_DROPOUT_TF1 = replace(
    MLP_BASIC,
    id="mlp-dropout-tf1",
    title="Multilayer perceptron with dropout, trained as long as in the TensorFlow 1 notebook",
    model={
        "input_shape": (28, 28, 1),
        "hidden": (128, 256),
        "classes": 10,
        "dropout": 0.5,
        "initializer": "truncated_normal",
        "stddev": 0.1,
    },
    epochs=20,
    seed=123,
    validation=5_000,
    embedded={"epochs": 60, "validation": 0},
    original=Original("tensorflow1_ipynb/mlp/mlp-dropout.ipynb", {"test_accuracy": 0.974, "train_accuracy": 0.985}),
    notes=(
        "The original's layers version feeds its second dropout from the first layer and so skips 256 units.",
        LAST_HELD_OUT,
    ),
)

MLP_BATCHNORM = replace(
    MLP_BASIC,
    id="mlp-batchnorm",
    title="Multilayer perceptron with batch normalisation before each ReLU",
    model={"input_shape": (28, 28, 1), "hidden": (128, 256), "classes": 10, "batch_norm": True, "stddev": 0.1},
    parameters=136_458,
    original=Original(
        "pytorch_ipynb/mlp/mlp-batchnorm.ipynb", {"test_accuracy": 0.9782, "train_accuracy": 0.9961, "minutes": 2.2}
    ),
    notes=(
        "Layers before a batch norm have no bias, as in the TensorFlow 1 notebook (test accuracy 0.977); the "
        "PyTorch one keeps 384 redundant biases (136,842 parameters).",
    ),
)

MECH_SEQUENTIAL_HOOKS = replace(
    MLP_BASIC,
    id="mech-sequential-hooks",
    section="mechanics",
    title="A perceptron to look into; python -m tf_models.mechanics.hooks shows what its layers give",
    model={"input_shape": (28, 28, 1), "hidden": (128, 256), "classes": 10, "initializer": "torch"},
    original=Original(
        "pytorch_ipynb/mechanics/mlp-sequential.ipynb",
        {"test_accuracy": 0.9782, "train_accuracy": 0.9933, "minutes": 2.08},
    ),
    notes=(
        "The original's hook keeps a tensor that the ReLU after it overwrites in place, and shows zeros for "
        "pre-activations; tf_models.mechanics.hooks.capture keeps what the layer gave.",
    ),
)

MECH_NPZ_CHUNKS = Recipe(
    id="mech-npz-chunks",
    section="mechanics",
    title="A multilayer perceptron fed from chunks of .npz files",
    builder="mlp",
    # The network that the TensorFlow 1 notebooks on file formats share.
    model={
        "input_shape": (28, 28, 1),
        "hidden": (128, 256),
        "classes": 10,
        "initializer": "truncated_normal",
        "stddev": 0.1,
    },
    dataset="mnist",
    storage="npz",
    task="classify",
    optimizer="sgd",
    learning_rate=0.1,
    batch_size=100,
    epochs=15,
    seed=123,
    validation=5_000,
    parameters=136_074,
    embedded={"epochs": 60, "validation": 0},
    original=Original("tensorflow1_ipynb/mechanics/image-data-chunking-npz.ipynb", {"validation_accuracy": 0.971}),
    notes=(
        "The original's 'test' accuracy of 0.992 was computed on training files, its chunks lack every 5,000th "
        "image and hold a black one instead; here each image is written and read once and the test files are the "
        "test digits.",
        HELD_OUT,
    ),
)

MECH_HDF5_IMAGES = replace(
    MECH_NPZ_CHUNKS,
    id="mech-hdf5-images",
    title="A multilayer perceptron fed from an HDF5 file",
    storage="hdf5",
    original=Original(
        "tensorflow1_ipynb/mechanics/image-data-chunking-hdf5.ipynb",
        {"test_accuracy": 0.974, "validation_accuracy": 0.97},
    ),
    notes=(HELD_OUT,),
)

MECH_TFRECORDS = replace(
    MECH_NPZ_CHUNKS,
    id="mech-tfrecords",
    title="A multilayer perceptron fed from TFRecord shards",
    storage="tfrecord",
    batch_size=128,
    original=Original("tensorflow1_ipynb/mechanics/tfrecords.ipynb", {"test_accuracy": 0.973}),
    notes=(
        "The original feeds test digits as 0..255 to a network trained on 0..1, and prints its costs an epoch late.",
        HELD_OUT,
    ),
)

MECH_FILE_QUEUES = replace(
    MECH_NPZ_CHUNKS,
    id="mech-file-queues",
    title="A multilayer perceptron fed from image files; tf.data in place of file queues",
    storage="images",
    batch_size=128,
    original=Original("tensorflow1_ipynb/mechanics/file-queues.ipynb", {"test_accuracy": 0.971}),
    notes=("The original feeds test digits as 0..255 to a network trained on 0..1.", HELD_OUT),
)

MECH_DATASET_API = replace(
    MECH_NPZ_CHUNKS,
    id="mech-dataset-api",
    title="A multilayer perceptron fed by tf.data from arrays",
    storage="memory",
    batch_size=128,
    original=Original("tensorflow1_ipynb/mechanics/dataset-api.ipynb", {"test_accuracy": 0.969}),
    notes=(
        "The original feeds test digits as 0..255 to a network trained on 0..1 and starts each epoch's iterator a "
        "step late.",
        HELD_OUT,
    ),
)

MECH_SAVE_LOAD = replace(
    MECH_NPZ_CHUNKS,
    id="mech-save-load",
    title="A multilayer perceptron to save in every form; python -m tf_models.mechanics.save_load RUN_DIR does",
    storage="memory",
    batch_size=64,
    epochs=10,
    original=Original(
        "tensorflow1_ipynb/mechanics/saving-and-reloading-models.ipynb",
        {"test_accuracy": 0.976, "validation_accuracy": 0.979, "train_accuracy": 0.994},
    ),
    notes=("The original applies a ReLU to its logits, which lets no class fall below 0; here they are logits.",),
)
