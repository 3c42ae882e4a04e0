"""Recipes of `tf_models/cnn/mobilenet.py`."""

from dataclasses import replace

from tf_models.configs.recipe import ADAM, Original, Recipe

BEST = (
    "The original keeps the weights of its best validation accuracy beside the last ones; here the last ones are "
    "scored, beside the original's last."
)

SCALE = (
    "The original gives the network pixels in -1..1 and tests on the middle 64x64 pixels of images scaled to "
    "70x70; here they are in 0..1, which the first batch norm makes good, and the whole image is tested."
)

CNN_MOBILENET_V2_CIFAR10 = Recipe(
    id="cnn-mobilenet-v2-cifar10",
    section="cnn",
    title="MobileNet-V2 on CIFAR-10, scaled to 64x64, random crops",
    builder="mobilenet_v2",
    model={"classes": 10, "input_shape": (64, 64, 3)},
    dataset="cifar10",
    transform={"name": "image", "resize": 64, "augment": {"resize": 70, "crop": 64}},
    task="classify",
    optimizer="adam",
    learning_rate=0.01,
    optimizer_options=ADAM,
    batch_size=128,
    epochs=150,
    seed=123,
    validation=5_000,
    parameters=2_236_682,
    original=Original("pytorch_ipynb/cnn/cnn-mobilenet-v2-cifar10.ipynb", {"test_accuracy": 0.8633, "minutes": 149}),
    notes=(BEST, SCALE),
)

CNN_MOBILENET_V3_SMALL_CIFAR10 = replace(
    CNN_MOBILENET_V2_CIFAR10,
    id="cnn-mobilenet-v3-small-cifar10",
    title="MobileNet-V3 small on CIFAR-10, scaled to 64x64, random crops",
    builder="mobilenet_v3",
    model={"size": "small", "classes": 10, "input_shape": (64, 64, 3)},
    parameters=1_528_106,
    original=Original(
        "pytorch_ipynb/cnn/cnn-mobilenet-v3-small-cifar10.ipynb", {"test_accuracy": 0.8583, "minutes": 131}
    ),
    notes=(
        "The original cannot load its best weights, whose shapes do not fit: its printed result, better than that "
        "of the large network, may be of another one.",
        SCALE,
    ),
)

CNN_MOBILENET_V3_LARGE_CIFAR10 = replace(
    CNN_MOBILENET_V2_CIFAR10,
    id="cnn-mobilenet-v3-large-cifar10",
    title="MobileNet-V3 large on CIFAR-10, scaled to 64x64, random crops",
    builder="mobilenet_v3",
    model={"size": "large", "classes": 10, "input_shape": (64, 64, 3)},
    parameters=4_214_842,
    original=Original(
        "pytorch_ipynb/cnn/cnn-mobilenet-v3-large-cifar10.ipynb", {"test_accuracy": 0.8159, "minutes": 136}
    ),
    notes=(BEST, SCALE),
)

SHORT = "The original sees each image 150 times, this recipe 15 times; it mirrors half of the images besides."

CNN_MOBILENET_V2_CIFAR10_FAST = Recipe(
    id="cnn-mobilenet-v2-cifar10-fast",
    section="cnn",
    title="MobileNet-V2 on CIFAR-10, scaled to 64x64, a one-cycle rate",
    builder="mobilenet_v2",
    model={"classes": 10, "input_shape": (64, 64, 3)},
    dataset="cifar10",
    transform={"name": "image", "resize": 64, "augment": {"resize": 70, "crop": 64, "flip": True}},
    task="classify",
    task_options={"label_smoothing": 0.1},
    optimizer="sgd",
    learning_rate=0.1,
    # Keras' decay is not driven by the momentum: this is what PyTorch calls 1e-4 with a momentum of 0.9.
    optimizer_options={"momentum": 0.9, "nesterov": True, "weight_decay": 1e-3},
    schedule={"name": "one-cycle", "rise": 0.3},
    batch_size=128,
    epochs=15,
    seed=123,
    validation=5_000,
    parameters=2_236_682,
    original=Original("pytorch_ipynb/cnn/cnn-mobilenet-v2-cifar10.ipynb", {"test_accuracy": 0.8633, "minutes": 149}),
    notes=(SHORT, SCALE),
)

CNN_MOBILENET_V3_SMALL_CIFAR10_FAST = replace(
    CNN_MOBILENET_V2_CIFAR10_FAST,
    id="cnn-mobilenet-v3-small-cifar10-fast",
    title="MobileNet-V3 small on CIFAR-10, scaled to 64x64, a one-cycle rate",
    builder="mobilenet_v3",
    model={"size": "small", "classes": 10, "input_shape": (64, 64, 3)},
    parameters=1_528_106,
    original=Original(
        "pytorch_ipynb/cnn/cnn-mobilenet-v3-small-cifar10.ipynb", {"test_accuracy": 0.8583, "minutes": 131}
    ),
    notes=(SHORT, SCALE),
)

CNN_MOBILENET_V3_LARGE_CIFAR10_FAST = replace(
    CNN_MOBILENET_V2_CIFAR10_FAST,
    id="cnn-mobilenet-v3-large-cifar10-fast",
    title="MobileNet-V3 large on CIFAR-10, scaled to 64x64, a one-cycle rate",
    builder="mobilenet_v3",
    model={"size": "large", "classes": 10, "input_shape": (64, 64, 3)},
    parameters=4_214_842,
    original=Original(
        "pytorch_ipynb/cnn/cnn-mobilenet-v3-large-cifar10.ipynb", {"test_accuracy": 0.8159, "minutes": 136}
    ),
    notes=(SHORT, SCALE),
)
