"""Recipes of `tf_models/cnn/resnet.py`."""

from dataclasses import replace

from tf_models.configs.recipe import ADAM, Original, Recipe

NOT_PARALLEL = "The original's title claims data parallelism, which it does not use."

POOL = (
    "The original averages the last 4x4 map by four padded 7x7 windows that all cover the whole map, and divides by "
    "49 in place of 16: one average, four times and too small. Here a global average feeds the last layer."
)

FEW_FACES = (
    "The original's batches are too large for the subset of 2,000 faces that this is for: it would take few steps."
)

PARALLEL = (
    "The original spreads each batch over 4 GPUs by data parallelism and keeps the learning rate of a single one; "
    "here the batch is the same, on one device unless --strategy says otherwise."
)

CNN_RESNET18_MNIST = Recipe(
    id="cnn-resnet18-mnist",
    section="cnn",
    title="ResNet-18 on MNIST",
    builder="resnet",
    model={"depth": 18, "classes": 10, "input_shape": (28, 28, 1)},
    dataset="mnist",
    task="classify",
    optimizer="adam",
    learning_rate=1e-3,
    optimizer_options=ADAM,
    batch_size=128,
    epochs=10,
    seed=1,
    parameters=11_175_370,
    embedded={"epochs": 20, "batch_size": 64},
    original=Original(
        "pytorch_ipynb/cnn/cnn-resnet18-mnist.ipynb",
        {"test_accuracy": 0.9906, "train_accuracy": 0.99522, "minutes": 3.59},
    ),
    notes=(NOT_PARALLEL,),
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

CNN_RESNET18_MNIST_FAST = replace(
    CNN_RESNET18_MNIST,
    id="cnn-resnet18-mnist-fast",
    title="ResNet-18 on MNIST, a one-cycle rate and shifts by 2 pixels",
    transform={"name": "image", "augment": {"crop": 28, "pad": 2}},
    task_options={"label_smoothing": 0.1},
    optimizer="sgd",
    learning_rate=0.05,
    # Keras' decay is not driven by the momentum: this is what PyTorch calls 5e-4 with a momentum of 0.9.
    optimizer_options={"momentum": 0.9, "nesterov": True, "weight_decay": 5e-3},
    schedule={"name": "one-cycle", "rise": 0.3},
    epochs=3,
    embedded={"epochs": 10, "batch_size": 64},
    original=Original(
        "pytorch_ipynb/cnn/cnn-resnet18-mnist.ipynb",
        {"test_accuracy": 0.9906, "train_accuracy": 0.99522, "minutes": 3.59},
    ),
    notes=("The original sees each digit 10 times, this recipe 3 times.",),
)

CNN_RESNET18_CELEBA = Recipe(
    id="cnn-resnet18-celeba",
    section="cnn",
    title="ResNet-18 tells female from male faces",
    builder="resnet",
    model={"depth": 18, "classes": 2, "input_shape": (128, 128, 3)},
    dataset="celeba",
    data={"attribute": "Male"},
    # What the originals do to the aligned faces of 218x178 pixels.
    transform={"name": "image", "crop": 178, "resize": 128},
    task="classify",
    optimizer="adam",
    learning_rate=1e-3,
    optimizer_options=ADAM,
    batch_size=1024,
    epochs=10,
    seed=1,
    parameters=11_177_538,
    original=Original(
        "pytorch_ipynb/cnn/cnn-resnet18-celeba-dataparallel.ipynb",
        {"test_accuracy": 0.9738, "validation_accuracy": 0.97972, "train_accuracy": 0.9952, "minutes": 37.94},
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
    notes=(POOL, PARALLEL),
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
        {"test_accuracy": 0.974, "validation_accuracy": 0.97966, "train_accuracy": 0.99374, "minutes": 37.7},
    ),
    notes=(POOL, PARALLEL),
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
    CNN_RESNET18_CELEBA,
    id="cnn-resnet152-celeba",
    title="ResNet-152 tells female from male faces",
    model={"depth": 152, "classes": 2, "input_shape": (128, 128, 3)},
    batch_size=128,
    parameters=58_147_906,
    original=Original(
        "pytorch_ipynb/cnn/cnn-resnet152-celeba.ipynb",
        {"validation_accuracy": 0.97851, "train_accuracy": 0.98128},
        "Interrupted in its seventh epoch, with 97.85% on the validation faces after the sixth; no test figure. It "
        "stacks 3, 4, 36 and 3 blocks in place of 3, 8, 36 and 3.",
    ),
    notes=(
        "The original stacks 3, 4, 36 and 3 blocks (57,039,938 parameters); ResNet-152 has 3, 8, 36 and 3.",
        POOL,
        NOT_PARALLEL,
    ),
)

CNN_RESNET18_CELEBA_SMALL = Recipe(
    id="cnn-resnet18-celeba-small",
    section="cnn",
    title="ResNet-18 tells female from male after 2,000 faces, a one-cycle rate",
    builder="resnet",
    model={"depth": 18, "classes": 2, "input_shape": (128, 128, 3)},
    dataset="celeba",
    data={"attribute": "Male"},
    transform={
        "name": "image",
        "crop": 178,
        "resize": 128,
        "augment": {"crop": 128, "pad": 8, "reflect": True, "flip": True},
    },
    task="classify",
    task_options={"label_smoothing": 0.1},
    optimizer="sgd",
    learning_rate=0.05,
    optimizer_options={"momentum": 0.9, "nesterov": True, "weight_decay": 5e-3},
    schedule={"name": "one-cycle", "rise": 0.3},
    batch_size=32,
    epochs=12,
    seed=1,
    parameters=11_177_538,
    original=Original(
        "pytorch_ipynb/cnn/cnn-resnet18-celeba-dataparallel.ipynb",
        {"test_accuracy": 0.9738, "validation_accuracy": 0.97972, "train_accuracy": 0.9952, "minutes": 37.94},
    ),
    notes=(FEW_FACES,),
)

CNN_RESNET34_CELEBA_SMALL = replace(
    CNN_RESNET18_CELEBA_SMALL,
    id="cnn-resnet34-celeba-small",
    title="ResNet-34 tells female from male after 2,000 faces, a one-cycle rate",
    model={"depth": 34, "classes": 2, "input_shape": (128, 128, 3)},
    parameters=21_285_698,
    original=Original(
        "pytorch_ipynb/cnn/cnn-resnet34-celeba-dataparallel.ipynb",
        {"test_accuracy": 0.9756, "validation_accuracy": 0.97836, "train_accuracy": 0.99512, "minutes": 26.75},
    ),
    notes=(FEW_FACES,),
)

CNN_RESNET50_CELEBA_SMALL = replace(
    CNN_RESNET18_CELEBA_SMALL,
    id="cnn-resnet50-celeba-small",
    title="ResNet-50 tells female from male after 2,000 faces, a one-cycle rate",
    model={"depth": 50, "classes": 2, "input_shape": (128, 128, 3)},
    parameters=23_512_130,
    original=Original(
        "pytorch_ipynb/cnn/cnn-resnet50-celeba-dataparallel.ipynb",
        {"test_accuracy": 0.974, "validation_accuracy": 0.97966, "train_accuracy": 0.99374, "minutes": 37.7},
    ),
    notes=(FEW_FACES,),
)

CNN_RESNET18_CELEBA_FINETUNE = replace(
    CNN_RESNET18_CELEBA,
    id="cnn-resnet18-celeba-finetune",
    title="A narrow ResNet-18 learns who smiles, anew or from --weights that know faces",
    model={"depth": 18, "filters": 16, "classes": 2, "input_shape": (64, 64, 3)},
    data={"attribute": "Smiling"},
    transform={
        "name": "image",
        "crop": 178,
        "resize": 64,
        "augment": {"crop": 64, "pad": 4, "reflect": True, "flip": True},
    },
    optimizer="adam",
    learning_rate=1e-3,
    optimizer_options=ADAM,
    batch_size=32,
    epochs=8,
    parameters=702_354,
    original=None,
    notes=(
        "Not among the originals: what fine-tuning is measured with (docs/fine-tuning.md). The weights to begin with are "
        "those of a training on another attribute, or PyTorch's for ImageNet with model.filters=64.",
    ),
)
