"""Recipes of `tf_models/cnn/vgg.py`."""

from dataclasses import replace

from tf_models.configs.recipe import ADAM, Original, Recipe

FOOTNOTE = (
    "The original's table says 90.72%, which is the printed probability that the first test face is female; its test "
    "accuracy is 95.48%, of a network that is a VGG-19."
)

CNN_VGG16_CIFAR10 = Recipe(
    id="cnn-vgg16-cifar10",
    section="cnn",
    title="VGG-16 on CIFAR-10",
    builder="vgg",
    model={"depth": 16, "classes": 10, "input_shape": (32, 32, 3), "initializer": "he_uniform"},
    dataset="cifar10",
    task="classify",
    optimizer="adam",
    learning_rate=1e-3,
    optimizer_options=ADAM,
    batch_size=128,
    epochs=10,
    seed=1,
    parameters=33_638_218,
    original=Original(
        "pytorch_ipynb/cnn/cnn-vgg16.ipynb", {"test_accuracy": 0.7543, "train_accuracy": 0.87974, "minutes": 5.98}
    ),
    notes=(
        "The TensorFlow 1 notebook (test accuracy 0.772) wires its last pooling to the twelfth convolution and so "
        "skips the thirteenth; here all 13 are in line.",
    ),
)

CNN_VGG19_CIFAR10 = replace(
    CNN_VGG16_CIFAR10,
    id="cnn-vgg19-cifar10",
    title="VGG-19 on CIFAR-10",
    model={"depth": 19, "classes": 10, "input_shape": (32, 32, 3), "initializer": "he_uniform"},
    epochs=20,
    parameters=38_947_914,
    original=Original(
        "pytorch_ipynb/cnn/cnn-vgg19.ipynb", {"test_accuracy": 0.7456, "train_accuracy": 0.88024, "minutes": 20.71}
    ),
    notes=(
        "The original draws all weights from N(0, 0.05), far too wide for 512 channels: its first loss is 1061. "
        "Here they are He's, as in cnn-vgg16-cifar10; model.initializer=normal with model.stddev=0.05 gives the "
        "original's.",
    ),
)

CNN_VGG16_CIFAR10_FAST = replace(
    CNN_VGG16_CIFAR10,
    id="cnn-vgg16-cifar10-fast",
    title="VGG-16 with batch norm and one small dense layer on CIFAR-10, a one-cycle rate",
    model={
        "depth": 16,
        "classes": 10,
        "input_shape": (32, 32, 3),
        "hidden": (512,),
        "batch_norm": True,
        "initializer": "he_uniform",
    },
    # What CIFAR-10 bears: shifts by up to 2 pixels and mirror images.
    transform={"name": "image", "augment": {"crop": 32, "pad": 2, "reflect": True, "flip": True}},
    task_options={"label_smoothing": 0.1},
    optimizer="sgd",
    learning_rate=0.04,
    # Keras' decay is not driven by the momentum: this is what PyTorch calls 5e-4 with a momentum of 0.9.
    optimizer_options={"momentum": 0.9, "nesterov": True, "weight_decay": 5e-3},
    schedule={"name": "one-cycle", "rise": 0.3},
    epochs=5,
    parameters=14_990_922,
    original=Original(
        "pytorch_ipynb/cnn/cnn-vgg16.ipynb", {"test_accuracy": 0.7543, "train_accuracy": 0.87974, "minutes": 5.98}
    ),
    notes=("The original sees each image 10 times, this recipe 5 times.",),
)

CNN_VGG16_CELEBA = Recipe(
    id="cnn-vgg16-celeba",
    section="cnn",
    title="VGG-16 tells female from male faces",
    builder="vgg",
    model={"depth": 16, "classes": 2, "input_shape": (128, 128, 3), "initializer": "he_uniform"},
    dataset="celeba",
    data={"attribute": "Male"},
    # What the originals do to the aligned faces of 218x178 pixels.
    transform={"name": "image", "crop": 178, "resize": 128},
    task="classify",
    optimizer="adam",
    learning_rate=1e-3,
    optimizer_options=ADAM,
    batch_size=64,
    epochs=3,
    seed=1,
    parameters=65_062_722,
    original=Original(
        "pytorch_ipynb/cnn/cnn-vgg16-celeba.ipynb",
        {"test_accuracy": 0.9548, "validation_accuracy": 0.96628, "train_accuracy": 0.95849, "minutes": 54.64},
        FOOTNOTE,
    ),
    notes=(
        "The original's network is VGG-19 (70,372,418 parameters); here it is the VGG-16 that the title says. Depth "
        "19 is model.depth=19.",
        "The original draws all weights from N(0, 0.05): its first loss is 9000. Here they are He's.",
    ),
)

MECH_MULTI_GPU_VGG16_CELEBA = replace(
    CNN_VGG16_CELEBA,
    id="mech-multi-gpu-vgg16-celeba",
    section="mechanics",
    title="VGG-16 on several devices, each batch divided among them: add --strategy mirrored",
    batch_size=256,
    original=Original(
        "pytorch_ipynb/cnn/cnn-vgg16-celeba-data-parallel.ipynb",
        {"test_accuracy": 0.9496, "validation_accuracy": 0.95661, "train_accuracy": 0.95134, "minutes": 19.24},
    ),
    notes=(
        "The original gives each of 4 GPUs 64 of a batch's images and computes the loss on the first one. Here every "
        "device computes that of its own images, and the gradients are added up: the same numbers without the way back.",
        "Its network is VGG-19, as in cnn-vgg16-celeba; here it is the VGG-16 that the title says.",
    ),
)

CNN_VGG16_CELEBA_SMALL = replace(
    CNN_VGG16_CELEBA,
    id="cnn-vgg16-celeba-small",
    title="VGG-16 with batch norm tells female from male after 2,000 faces of 64x64, a one-cycle rate",
    model={
        "depth": 16,
        "classes": 2,
        "input_shape": (64, 64, 3),
        "hidden": (512,),
        "batch_norm": True,
        "initializer": "he_uniform",
    },
    transform={
        "name": "image",
        "crop": 178,
        "resize": 64,
        "augment": {"crop": 64, "pad": 4, "reflect": True, "flip": True},
    },
    task_options={"label_smoothing": 0.1},
    optimizer="sgd",
    learning_rate=0.02,
    optimizer_options={"momentum": 0.9, "nesterov": True, "weight_decay": 5e-3},
    schedule={"name": "one-cycle", "rise": 0.3},
    batch_size=32,
    epochs=8,
    parameters=15_773_250,
    original=Original(
        "pytorch_ipynb/cnn/cnn-vgg16-celeba.ipynb",
        {"test_accuracy": 0.9548, "validation_accuracy": 0.96628, "train_accuracy": 0.95849, "minutes": 54.64},
        FOOTNOTE,
    ),
    notes=(
        "The original's batches are too large for the subset of 2,000 faces that this is for: it would take few steps.",
    ),
)
