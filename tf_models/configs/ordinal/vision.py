"""Recipes of `tf_models/ordinal/vision.py`."""

from dataclasses import replace

from tf_models.configs.recipe import ADAM, Original, Recipe

POOL = (
    "The original averages the last 4x4 map by four padded 7x7 windows that all cover the whole map, and divides by "
    "49 in place of 16: one average, four times and too small. Here a global average feeds the last layer."
)

NO_VALIDATION = (
    "The original has no validation split and overfits by far: CORAL's error is 0.55 years on training faces and 3.38 "
    "on test faces."
)

SMALL_DATA = (
    "For small sets of faces of AFAD-Lite's form, whose ages 18 to 39 it keeps: ResNet-18 at 64x64 pixels, and the "
    "same settings for each of the five methods."
)

ORDINAL_CORAL_AFADLITE = Recipe(
    id="ordinal-coral-afadlite",
    section="ordinal",
    title="Ages from faces by CORAL, ResNet-34",
    builder="ordinal_resnet",
    model={"head": "coral", "depth": 34, "classes": 22, "input_shape": (120, 120, 3)},
    dataset="afad-lite",
    transform={"name": "image", "eval_crop": 120, "augment": {"crop": 120}},
    task="rank",
    task_options={"loss": "coral"},
    optimizer="adam",
    learning_rate=5e-4,
    optimizer_options=ADAM,
    batch_size=512,
    epochs=150,
    seed=123,
    parameters=21_285_205,
    original=Original(
        "pytorch_ipynb/ordinal/ordinal-cnn-coral-afadlite.ipynb",
        {"test_mae": 3.38, "test_rmse": 4.71, "train_mae": 0.55, "minutes": 145.23},
    ),
    notes=(POOL, NO_VALIDATION),
)

ORDINAL_NIU_AFADLITE = replace(
    ORDINAL_CORAL_AFADLITE,
    id="ordinal-niu-afadlite",
    title="Ages from faces by Niu's binary outputs, ResNet-34",
    model={"head": "niu", "depth": 34, "classes": 22, "input_shape": (120, 120, 3)},
    task_options={"loss": "niu"},
    parameters=21_306_218,
    original=Original(
        "pytorch_ipynb/ordinal/ordinal-cnn-niu-afadlite.ipynb",
        {"test_mae": 3.91, "test_rmse": 5.4, "train_mae": 0.65, "minutes": 70.77},
        "Of an AlexNet: the original's title says ResNet-34, its network is not.",
    ),
    notes=(
        "The original's title says ResNet-34 and its network is an AlexNet, so that it does not compare with the other "
        "two; here it is the ResNet-34, and ordinal-niu-afadlite-alexnet is the original's.",
        NO_VALIDATION,
    ),
)

ORDINAL_NIU_AFADLITE_ALEXNET = replace(
    ORDINAL_CORAL_AFADLITE,
    id="ordinal-niu-afadlite-alexnet",
    title="Ages from faces by Niu's binary outputs, AlexNet",
    builder="ordinal_alexnet",
    model={"head": "niu", "classes": 22, "input_shape": (120, 120, 3)},
    task_options={"loss": "niu"},
    parameters=57_175_914,
    original=Original(
        "pytorch_ipynb/ordinal/ordinal-cnn-niu-afadlite.ipynb",
        {"test_mae": 3.91, "test_rmse": 5.4, "train_mae": 0.65, "minutes": 70.77},
    ),
    notes=("The network that the original trains, whatever its title says.", NO_VALIDATION),
)

ORDINAL_BECKHAM_AFADLITE = replace(
    ORDINAL_CORAL_AFADLITE,
    id="ordinal-beckham-afadlite",
    title="Ages from faces by Beckham and Pal's squared error, ResNet-34",
    model={"head": "beckham", "depth": 34, "classes": 22, "input_shape": (120, 120, 3)},
    task_options={"loss": "squared-error"},
    parameters=21_295_980,
    original=Original(
        "pytorch_ipynb/ordinal/ordinal-cnn-beckham2016-afadlite.ipynb",
        {"test_mae": 3.4, "test_rmse": 4.61, "train_mae": 0.9, "minutes": 141.35},
    ),
    notes=("The original's list links Niu's notebook here by mistake.", POOL, NO_VALIDATION),
)

ORDINAL_CORAL_AFADLITE_SMALL = Recipe(
    id="ordinal-coral-afadlite-small",
    section="ordinal",
    title="Ages from few faces by CORAL, ResNet-18 at 64x64",
    builder="ordinal_resnet",
    model={"head": "coral-descending", "depth": 18, "classes": 22, "input_shape": (64, 64, 3)},
    dataset="afad-lite",
    data={"size": (72, 72)},
    transform={"name": "image", "eval_crop": 64, "augment": {"crop": 64, "flip": True}},
    task="rank",
    task_options={"loss": "coral"},
    optimizer="adam",
    learning_rate=1e-3,
    optimizer_options=ADAM,
    schedule={"name": "one-cycle", "rise": 0.3},
    batch_size=64,
    epochs=30,
    seed=123,
    parameters=11_177_045,
    notes=(SMALL_DATA,),
)

ORDINAL_NIU_AFADLITE_SMALL = replace(
    ORDINAL_CORAL_AFADLITE_SMALL,
    id="ordinal-niu-afadlite-small",
    title="Ages from few faces by Niu's binary outputs, ResNet-18 at 64x64",
    model={"head": "niu", "depth": 18, "classes": 22, "input_shape": (64, 64, 3)},
    task_options={"loss": "niu"},
    parameters=11_198_058,
    original=None,
    notes=(SMALL_DATA,),
)

ORDINAL_BECKHAM_AFADLITE_SMALL = replace(
    ORDINAL_CORAL_AFADLITE_SMALL,
    id="ordinal-beckham-afadlite-small",
    title="Ages from few faces by Beckham and Pal's squared error, ResNet-18 at 64x64",
    model={"head": "beckham", "depth": 18, "classes": 22, "input_shape": (64, 64, 3)},
    task_options={"loss": "squared-error"},
    parameters=11_187_820,
    original=None,
    notes=(SMALL_DATA,),
)

ORDINAL_CORN_AFADLITE_SMALL = replace(
    ORDINAL_CORAL_AFADLITE_SMALL,
    id="ordinal-corn-afadlite-small",
    title="Ages from few faces by CORN, ResNet-18 at 64x64",
    model={"head": "corn", "depth": 18, "classes": 22, "input_shape": (64, 64, 3)},
    task_options={"loss": "corn"},
    parameters=11_187_285,
    original=None,
    notes=(SMALL_DATA,),
)

ORDINAL_BASELINE_AFADLITE_SMALL = replace(
    ORDINAL_CORAL_AFADLITE_SMALL,
    id="ordinal-baseline-afadlite-small",
    title="Ages from few faces by a plain cross-entropy, ResNet-18 at 64x64",
    model={"head": "classes", "depth": 18, "classes": 22, "input_shape": (64, 64, 3)},
    task_options={"loss": "cross-entropy"},
    parameters=11_187_798,
    original=None,
    notes=(SMALL_DATA,),
)
