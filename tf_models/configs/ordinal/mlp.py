"""Recipes of `tf_models/ordinal/mlp.py`."""

from dataclasses import replace

from tf_models.configs.recipe import ADAM, Original, Recipe

EQUAL = "The originals give each method another learning rate; here all have the same settings, so that they compare."

TEN_CLASSES = "The original sets 10 classes for 5 and a learning rate 50 times that of the others."

ORDINAL_CORAL_CEMENT = Recipe(
    id="ordinal-coral-cement",
    section="ordinal",
    title="Strength of cement by CORAL",
    builder="ordinal_mlp",
    model={"head": "coral-descending", "classes": 5, "input_shape": (8,)},
    dataset="cement",
    transform={"name": "features", "standardize": True},
    task="rank",
    task_options={"loss": "coral"},
    optimizer="adam",
    learning_rate=1e-2,
    optimizer_options=ADAM,
    schedule={"name": "one-cycle", "rise": 0.3},
    batch_size=64,
    epochs=300,
    seed=1,
    parameters=93_904,
    original=Original(
        "pytorch_ipynb/ordinal/coral_cement.ipynb",
        {"test_mae": 0.36, "train_mae": 0.28},
        "Its second notebook, by Lightning and with 200 epochs, prints a test MAE of 0.25.",
    ),
    notes=(TEN_CLASSES, EQUAL),
)

ORDINAL_BASELINE_CEMENT = replace(
    ORDINAL_CORAL_CEMENT,
    id="ordinal-baseline-cement",
    title="Strength of cement by a plain cross-entropy",
    model={"head": "classes", "classes": 5, "input_shape": (8,)},
    task_options={"loss": "cross-entropy"},
    parameters=95_105,
    original=Original(
        "pytorch_ipynb/ordinal/baseline_cement.ipynb",
        {"test_mae": 0.37, "train_mae": 0.22},
        "Its second notebook, by Lightning and with 200 epochs, prints a test MAE of 0.29.",
    ),
    notes=(EQUAL,),
)

ORDINAL_CORN_CEMENT = replace(
    ORDINAL_CORAL_CEMENT,
    id="ordinal-corn-cement",
    title="Strength of cement by CORN",
    model={"head": "corn", "classes": 5, "input_shape": (8,)},
    task_options={"loss": "corn"},
    parameters=94_804,
    original=Original(
        "pytorch_ipynb/ordinal/corn_cement.ipynb",
        {"test_mae": 0.32, "train_mae": 0.19},
        "Its second notebook, by Lightning and with 200 epochs, prints a test MAE of 0.25.",
    ),
    notes=(EQUAL,),
)

ORDINAL_NIU_CEMENT = replace(
    ORDINAL_CORAL_CEMENT,
    id="ordinal-niu-cement",
    title="Strength of cement by Niu's binary outputs",
    model={"head": "niu", "classes": 5, "input_shape": (8,)},
    task_options={"loss": "niu"},
    parameters=96_008,
    original=Original(
        "pytorch_ipynb/ordinal/niu_cement.ipynb",
        {"test_mae": 0.31, "train_mae": 0.29},
        "Its second notebook, by Lightning and with 200 epochs, prints a test MAE of 0.32.",
    ),
    notes=(TEN_CLASSES, EQUAL),
)

ORDINAL_BECKHAM_CEMENT = replace(
    ORDINAL_CORAL_CEMENT,
    id="ordinal-beckham-cement",
    title="Strength of cement by Beckham and Pal's squared error",
    model={"head": "beckham", "classes": 5, "input_shape": (8,)},
    task_options={"loss": "squared-error"},
    parameters=95_110,
    original=Original(
        "pytorch_ipynb/ordinal/beckham_cement.ipynb",
        {"test_mae": 0.69, "train_mae": 0.66},
        "Its second notebook, by Lightning and with 200 epochs, prints a test MAE of 0.34.",
    ),
    notes=(EQUAL,),
)

ORDINAL_CDWCE_CEMENT = replace(
    ORDINAL_CORAL_CEMENT,
    id="ordinal-cdwce-cement",
    title="Strength of cement by class-distance weighted cross-entropy",
    model={"head": "classes", "classes": 5, "input_shape": (8,)},
    task_options={"loss": "class-distance"},
    parameters=95_105,
    original=Original(
        "pytorch_ipynb/ordinal/cdwce_cement.ipynb",
        {"test_mae": 0.41, "train_mae": 0.36},
        "Its second notebook, by Lightning and with 200 epochs, prints a test MAE of 0.52.",
    ),
    notes=(EQUAL,),
)

ORDINAL_EMD_CEMENT = replace(
    ORDINAL_CORAL_CEMENT,
    id="ordinal-emd-cement",
    title="Strength of cement by the earth mover's distance",
    model={"head": "classes", "classes": 5, "input_shape": (8,)},
    task_options={"loss": "earth-mover"},
    parameters=95_105,
    original=None,
    notes=(EQUAL,),
)

ORDINAL_SORD_CEMENT = replace(
    ORDINAL_CORAL_CEMENT,
    id="ordinal-sord-cement",
    title="Strength of cement by soft labels",
    model={"head": "classes", "classes": 5, "input_shape": (8,)},
    task_options={"loss": "soft-labels"},
    parameters=95_105,
    original=None,
    notes=(EQUAL,),
)

ORDINAL_BINOMIAL_CEMENT = replace(
    ORDINAL_CORAL_CEMENT,
    id="ordinal-binomial-cement",
    title="Strength of cement by binomial distributions",
    model={"head": "binomial", "classes": 5, "input_shape": (8,)},
    task_options={"loss": "cross-entropy"},
    parameters=93_902,
    original=None,
    notes=(EQUAL,),
)

ORDINAL_CLM_CEMENT = replace(
    ORDINAL_CORAL_CEMENT,
    id="ordinal-clm-cement",
    title="Strength of cement by cumulative links",
    model={"head": "cumulative-link", "classes": 5, "input_shape": (8,)},
    task_options={"loss": "cross-entropy"},
    parameters=93_904,
    original=None,
    notes=(EQUAL,),
)
