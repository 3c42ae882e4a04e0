"""Recipes of the convolutional zoo: the well-known networks on MNIST, CIFAR-10 and CelebA."""

from dataclasses import replace

from tf_models.recipe import Original, Recipe

# On the embedded sample of MNIST: 4,000 training digits in place of 60,000.
SMALL_SAMPLE = {"epochs": 20, "batch_size": 64}
# What the originals do to the aligned faces of 218x178 pixels.
FACES = {"crop": 178, "resize": 128}

CNN_RESIDUAL_BLOCKS_MNIST = Recipe(
    id="cnn-residual-blocks-mnist",
    section="cnn",
    title="Two residual blocks that halve the image, on MNIST",
    builder="tf_models.cnn.residual_blocks:residual_blocks",
    model={"kind": "resizing", "channels": ((4, 8), (16, 32)), "classes": 10, "input_shape": (28, 28, 1)},
    dataset="mnist",
    task="classify",
    optimizer="adam",
    learning_rate=0.01,
    batch_size=128,
    epochs=10,
    seed=123,
    parameters=17_986,
    embedded=SMALL_SAMPLE,
    original=Original(
        "pytorch_ipynb/cnn/resnet-ex-1.ipynb", {"test_accuracy": 0.9791, "train_accuracy": 0.9887, "minutes": 2.51}
    ),
    notes=(
        "The original trains this network twice, written out and as a reusable block, with identical numbers; here it "
        "is one builder. The printed minutes are those of its first variant, cnn-residual-blocks-mnist-identity.",
    ),
)

CNN_RESIDUAL_BLOCKS_MNIST_IDENTITY = replace(
    CNN_RESIDUAL_BLOCKS_MNIST,
    id="cnn-residual-blocks-mnist-identity",
    title="Two residual blocks with identity shortcuts, on MNIST",
    model={"kind": "identity", "channels": ((4, 1), (4, 1)), "classes": 10, "input_shape": (28, 28, 1)},
    parameters=7_960,
    original=Original(
        "pytorch_ipynb/cnn/resnet-ex-1.ipynb", {"test_accuracy": 0.9220, "train_accuracy": 0.9322, "minutes": 2.51}
    ),
    notes=(),
)

CNN_RESNET18_MNIST = Recipe(
    id="cnn-resnet18-mnist",
    section="cnn",
    title="ResNet-18 on MNIST",
    builder="tf_models.cnn.resnet:resnet",
    model={"depth": 18, "classes": 10, "input_shape": (28, 28, 1)},
    dataset="mnist",
    task="classify",
    optimizer="adam",
    learning_rate=1e-3,
    batch_size=128,
    epochs=10,
    seed=1,
    parameters=11_175_370,
    embedded=SMALL_SAMPLE,
    original=Original(
        "pytorch_ipynb/cnn/cnn-resnet18-mnist.ipynb",
        {"test_accuracy": 0.9906, "train_accuracy": 0.99522, "minutes": 3.59},
    ),
    notes=("The original's title claims data parallelism, which it does not use.",),
)

CNN_RESNET34_MNIST = replace(
    CNN_RESNET18_MNIST,
    id="cnn-resnet34-mnist",
    title="ResNet-34 on MNIST",
    model={"depth": 34, "classes": 10, "input_shape": (28, 28, 1)},
    parameters=21_283_530,
    original=Original(
        "pytorch_ipynb/cnn/cnn-resnet34-mnist.ipynb",
        {"test_accuracy": 0.9904, "train_accuracy": 0.99532, "minutes": 12.75},
    ),
    notes=(),
)

CNN_RESNET50_MNIST = replace(
    CNN_RESNET18_MNIST,
    id="cnn-resnet50-mnist",
    title="ResNet-50 on MNIST",
    model={"depth": 50, "classes": 10, "input_shape": (28, 28, 1)},
    learning_rate=1e-4,
    epochs=20,
    parameters=23_522_250,
    original=Original(
        "pytorch_ipynb/cnn/cnn-resnet50-mnist.ipynb",
        {"test_accuracy": 0.9839, "train_accuracy": 0.99685, "minutes": 13.67},
    ),
    notes=("The original's title says CelebA gender and its builder is called resnet34; it is ResNet-50 on MNIST.",),
)

POOL = (
    "The original averages the last 4x4 map by four padded 7x7 windows that all cover the whole map, and divides by 49 "
    "in place of 16: one average, four times and too small. Here a global average feeds the last layer."
)
PARALLEL = (
    "The original spreads each batch over 4 GPUs by data parallelism and keeps the learning rate of a single one; "
    "here the batch is the same, on one device unless --strategy says otherwise."
)
NOT_PARALLEL = "The original's title claims data parallelism, which it does not use."

CNN_RESNET18_CELEBA = replace(
    CNN_RESNET18_MNIST,
    id="cnn-resnet18-celeba",
    title="ResNet-18 tells female from male faces",
    model={"depth": 18, "classes": 2, "input_shape": (128, 128, 3)},
    dataset="celeba",
    data={"attribute": "Male"},
    task_options=FACES,
    batch_size=1024,
    parameters=11_177_538,
    embedded={},
    original=Original(
        "pytorch_ipynb/cnn/cnn-resnet18-celeba-dataparallel.ipynb",
        {"test_accuracy": 0.9738, "validation_accuracy": 0.97972, "train_accuracy": 0.99520, "minutes": 37.94},
    ),
    notes=(POOL, PARALLEL),
)

CNN_RESNET34_CELEBA = replace(
    CNN_RESNET18_CELEBA,
    id="cnn-resnet34-celeba",
    title="ResNet-34 tells female from male faces",
    model={"depth": 34, "classes": 2, "input_shape": (128, 128, 3)},
    parameters=21_285_698,
    original=Original(
        "pytorch_ipynb/cnn/cnn-resnet34-celeba-dataparallel.ipynb",
        {"test_accuracy": 0.9756, "validation_accuracy": 0.97836, "train_accuracy": 0.99512, "minutes": 26.75},
    ),
)

CNN_RESNET50_CELEBA = replace(
    CNN_RESNET18_CELEBA,
    id="cnn-resnet50-celeba",
    title="ResNet-50 tells female from male faces",
    model={"depth": 50, "classes": 2, "input_shape": (128, 128, 3)},
    batch_size=512,
    parameters=23_512_130,
    original=Original(
        "pytorch_ipynb/cnn/cnn-resnet50-celeba-dataparallel.ipynb",
        {"test_accuracy": 0.9740, "validation_accuracy": 0.97966, "train_accuracy": 0.99374, "minutes": 37.70},
    ),
)

CNN_RESNET101_CELEBA = replace(
    CNN_RESNET18_CELEBA,
    id="cnn-resnet101-celeba",
    title="ResNet-101 tells female from male faces",
    model={"depth": 101, "classes": 2, "input_shape": (128, 128, 3)},
    batch_size=128,
    parameters=42_504_258,
    original=Original(
        "pytorch_ipynb/cnn/cnn-resnet101-celeba.ipynb",
        {"test_accuracy": 0.9752, "validation_accuracy": 0.98017, "train_accuracy": 0.99183, "minutes": 121.09},
    ),
    notes=(POOL, NOT_PARALLEL),
)

CNN_RESNET152_CELEBA = replace(
    CNN_RESNET101_CELEBA,
    id="cnn-resnet152-celeba",
    title="ResNet-152 tells female from male faces",
    model={"depth": 152, "classes": 2, "input_shape": (128, 128, 3)},
    parameters=58_147_906,
    original=Original(
        "pytorch_ipynb/cnn/cnn-resnet152-celeba.ipynb", {"validation_accuracy": 0.97851, "train_accuracy": 0.98128}
    ),
    notes=(
        "The original stacks 3, 4, 36 and 3 blocks (57,039,938 parameters); ResNet-152 has 3, 8, 36 and 3.",
        "The original was interrupted in its seventh epoch and prints no test accuracy; its numbers are of the sixth.",
        POOL,
        NOT_PARALLEL,
    ),
)

RECIPES = (
    CNN_RESIDUAL_BLOCKS_MNIST,
    CNN_RESIDUAL_BLOCKS_MNIST_IDENTITY,
    CNN_RESNET18_MNIST,
    CNN_RESNET34_MNIST,
    CNN_RESNET50_MNIST,
    CNN_RESNET18_CELEBA,
    CNN_RESNET34_CELEBA,
    CNN_RESNET50_CELEBA,
    CNN_RESNET101_CELEBA,
    CNN_RESNET152_CELEBA,
)
