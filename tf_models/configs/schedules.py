"""Schedules of the learning rate, from a recipe's settings in epochs. Importing this loads no TensorFlow."""

from tf_data.command import nearest
from tf_data.errors import InputError
from tf_models.configs.recipe import Recipe


def one_cycle(learning_rate: float, epochs: int, steps: int, rise: float = 0.3, start: float = 25.0, end: float = 1e4):
    """A `tf_models.schedules.OneCycle` over the whole run; `rise` is a fraction of it."""
    from tf_models.schedules import OneCycle

    if epochs * steps < 2:
        raise ValueError(
            "one cycle takes two steps at least and this run has one, an epoch of a single batch; "
            "take more epochs, smaller batches, or schedule.name=none"
        )
    return OneCycle(learning_rate, epochs * steps, rise, start, end)


def cyclical(
    learning_rate: float,
    epochs: int,
    steps: int,
    base: float = 0.0,
    half_cycle: float = 2.0,
    policy: str = "triangular",
    gamma: float = 0.99998,
):
    """A `tf_models.schedules.Cyclical` between `base` and the learning rate.

    Args:
        base: The lowest rate; 0 for a quarter of the highest (Smith 2017, section 3.3).
        half_cycle: Epochs from the lowest rate to the highest, not necessarily whole ones.
        policy, gamma: As in `tf_models.schedules.Cyclical`; `gamma` counts for each step.
    """
    from tf_models.schedules import Cyclical

    return Cyclical(base or learning_rate / 4, learning_rate, round(half_cycle * steps), policy, gamma)


def linear(learning_rate: float, epochs: int, steps: int, end: float = 0.0):
    """A straight line over the whole run, from the learning rate to `end`."""
    import keras

    return keras.optimizers.schedules.PolynomialDecay(learning_rate, epochs * steps, end)


SCHEDULES = {"one-cycle": one_cycle, "cyclical": cyclical, "linear": linear}


def get(name: str):
    """The function that makes a schedule. Raises `InputError` for an unknown name."""
    if name not in SCHEDULES:
        raise InputError(f"unknown schedule {name!r}{nearest(name, SCHEDULES)}; known: {', '.join(SCHEDULES)}, none")
    return SCHEDULES[name]


def build(recipe: Recipe, steps: int | None):
    """The recipe's `LearningRateSchedule`, None for a constant rate.

    Args:
        recipe: The recipe, with all that is set for this run.
        steps: Batches in an epoch; may be None where there is no schedule.

    Raises:
        InputError: The schedule is unknown, or refuses its arguments.
    """
    if not recipe.schedule:
        return None
    if steps is None:
        raise ValueError(f"{recipe.id} has a schedule: say how many steps an epoch has")
    arguments = {"name": "", **recipe.schedule}
    function = get(arguments.pop("name"))
    try:
        return function(recipe.learning_rate, recipe.epochs, steps, **arguments)
    except (TypeError, ValueError) as error:
        raise InputError(f"{recipe.id}: schedule {recipe.schedule['name']}: {error}") from error


def spans_the_run(recipe: Recipe) -> bool:
    """Whether the schedule is laid out for the recipe's number of epochs, which then cannot change in mid-run."""
    return recipe.schedule.get("name") in ("one-cycle", "linear")
