"""Recipes of `tf_models/cnn/airbench.py`."""

from tf_models.configs.recipe import Recipe

CNN_AIRBENCH_CIFAR10 = Recipe(
    id="cnn-airbench-cifar10",
    section="cnn",
    title="The best accuracy on CIFAR-10 that half an hour on two CPU cores gives",
    builder="airbench",
    model={"filters": (64, 256, 256), "classes": 10, "input_shape": (32, 32, 3), "activation": "relu"},
    dataset="cifar10",
    # What CIFAR-10 bears: shifts by up to 2 pixels and mirror images.
    transform={"name": "image", "augment": {"crop": 32, "pad": 2, "reflect": True, "flip": True, "alternate": True}},
    task="classify",
    task_options={"label_smoothing": 0.2, "mirror": True},
    optimizer="sgd",
    learning_rate=0.75,
    optimizer_options={"momentum": 0.85, "nesterov": True, "weight_decay": 0.009},
    schedule={"name": "one-cycle", "rise": 0.25, "start": 5.0, "end": 100.0},
    batch_size=512,
    epochs=20,
    seed=1,
    parameters=1_971_352,
    notes=(
        "Widths and settings are the paper's, but for ReLU, batches of 512 with half of its rate, and no Lookahead; "
        "the epochs are what half an hour allows.",
        "With --precision mixed_bfloat16, CPUs with AVX-512 BF16 or AMX take two thirds of the time.",
    ),
)
