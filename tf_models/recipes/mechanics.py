"""Recipes of the mechanics around training: how samples are kept, read and standardised."""

from dataclasses import replace

from tf_models.recipe import Original, Recipe

# The network that the TensorFlow 1 notebooks on file formats share.
COMMON_MLP = {
    "input_shape": (28, 28, 1),
    "hidden": (128, 256),
    "classes": 10,
    "initializer": "truncated_normal",
    "kernel_stddev": 0.1,
}
SMALL_SAMPLE = {"epochs": 60, "validation": 0}
HELD_OUT = "The original uses 45,000 of 55,000 training digits; here 5,000 are held out and all others used."

MECH_STANDARDIZE_IMAGES = Recipe(
    id="mech-standardize-images",
    section="mechanics",
    title="cnn-basic on digits with mean 0 and standard deviation 1",
    builder="tf_models.cnn.basic:cnn",
    model={"input_shape": (28, 28, 1), "filters": (4, 8), "classes": 10, "initializer": "torch", "standardize": True},
    dataset="mnist",
    task="classify",
    optimizer="sgd",
    learning_rate=0.05,
    batch_size=128,
    epochs=10,
    seed=1,
    parameters=4_266,
    embedded={"epochs": 60, "batch_size": 32},
    original=Original(
        "pytorch_ipynb/cnn/cnn-standardized.ipynb", {"test_accuracy": 0.9807, "train_accuracy": 0.9818, "minutes": 2.69}
    ),
    notes=(
        "The original averages the deviations of batches (0.3077), which is too small; here the true one (0.3081) is "
        "computed in one pass and kept in the model's first layer.",
    ),
)

MECH_NPZ_CHUNKS = Recipe(
    id="mech-npz-chunks",
    section="mechanics",
    title="A multilayer perceptron fed from chunks of .npz files",
    builder="tf_models.mlp.mlp:mlp",
    model=COMMON_MLP,
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
    embedded=SMALL_SAMPLE,
    original=Original("tensorflow1_ipynb/mechanics/image-data-chunking-npz.ipynb", {"validation_accuracy": 0.971}),
    notes=(
        "The original's 'test' accuracy of 0.992 was computed on training files, its chunks lack every 5,000th image and "
        "hold a black one instead; here each image is written and read once and the test files are the test digits.",
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
        {"test_accuracy": 0.974, "validation_accuracy": 0.970},
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
    MECH_TFRECORDS,
    id="mech-file-queues",
    title="A multilayer perceptron fed from picture files; tf.data in place of file queues",
    storage="images",
    original=Original("tensorflow1_ipynb/mechanics/file-queues.ipynb", {"test_accuracy": 0.971}),
    notes=("The original feeds test digits as 0..255 to a network trained on 0..1.", HELD_OUT),
)

MECH_DATASET_API = replace(
    MECH_TFRECORDS,
    id="mech-dataset-api",
    title="A multilayer perceptron fed by tf.data from arrays",
    storage="memory",
    original=Original("tensorflow1_ipynb/mechanics/dataset-api.ipynb", {"test_accuracy": 0.969}),
    notes=(
        "The original feeds test digits as 0..255 to a network trained on 0..1 and starts each epoch's iterator a step late.",
        HELD_OUT,
    ),
)

MECH_SAVE_LOAD = replace(
    MECH_DATASET_API,
    id="mech-save-load",
    title="A multilayer perceptron to save in every form; python -m tf_models.mechanics.save_load RUN_DIR does",
    batch_size=64,
    epochs=10,
    original=Original(
        "tensorflow1_ipynb/mechanics/saving-and-reloading-models.ipynb",
        {"test_accuracy": 0.976, "validation_accuracy": 0.979, "train_accuracy": 0.994},
    ),
    notes=("The original applies a ReLU to its logits, which lets no class fall below 0; here they are logits.",),
)

RECIPES = (
    MECH_STANDARDIZE_IMAGES,
    MECH_NPZ_CHUNKS,
    MECH_HDF5_IMAGES,
    MECH_TFRECORDS,
    MECH_FILE_QUEUES,
    MECH_DATASET_API,
    MECH_SAVE_LOAD,
)
