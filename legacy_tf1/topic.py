"""One topic as a TensorFlow 1 graph and its Keras partner. Importing this loads no TensorFlow."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tf_data import tables
from tf_data.errors import InputError
from tf_models.configs import get as get_recipe
from tf_models.configs.overrides import override
from tf_models.configs.recipe import Original, Recipe

ACTIVATIONS = ("linear", "relu", "tanh", "sigmoid")


@dataclass(frozen=True)
class Topic:
    """A graph and the recipe that does the same in Keras.

    Attributes:
        id: The topic's id; variants append a word.
        graph: `module:function` that builds the graph.
        partner: Id of the recipe.
        scopes: The Keras layer of each variable scope; this is the map of names that the bridge goes by.
        then: How the topic's mechanism is written in TensorFlow 1, one line.
        now: How it is written in Keras 3, one line.
        sizes: Arguments of the recipe's builder that the graph's function takes as well.
        constants: What neither variables nor the builder's arguments hold of the net: `epsilon` and `momentum` of its batch
            norms, and `logits_activation`; `--set model.NAME=...` changes them.
        settings: `key=value` texts that make the recipe follow the notebook.
        asked: `key=value` texts of the user, which come last.
        compared: Fields of the recipe that replace its own when both sides are compared, to keep that short.
        drawn: Whether drawn samples are compared where no folder of official files is named, because none are embedded.
        precision: Number type of the comparison: float64 where training amplifies rounding so fast that float32 shows
            nothing else.
        steps: Steps of the comparison.
        stretch: Steps after which the Keras side takes over TensorFlow 1's state, once it was compared: where training
            amplifies rounding so fast that in the end float64 shows nothing else; None for never.
        notebook: The TensorFlow 1 notebook and what it printed, in terms of what the recipe reports; None where the recipe
            names it.
        notes: Notes in place of the recipe's, where those are about the PyTorch notebook; None for the recipe's.
    """

    id: str
    graph: str
    partner: str
    scopes: Mapping[str, str]
    then: str
    now: str
    sizes: tuple[str, ...] = ()
    constants: Mapping[str, Any] = field(default_factory=dict)
    settings: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    compared: Mapping[str, Any] = field(default_factory=dict)
    drawn: bool = False
    precision: str = "float32"
    steps: int = 1000
    stretch: int | None = None
    notebook: Original | None = None
    notes: tuple[str, ...] | None = None

    def recipe(self) -> Recipe:
        """The partner with the notebook's settings and the user's."""
        return self._resolve({})

    def compared_recipe(self) -> Recipe:
        """As `recipe`, as small as it is when both sides are compared."""
        return self._resolve(self.compared)

    def _resolve(self, fields: Mapping[str, Any]) -> Recipe:
        recipe = override(replace(override(get_recipe(self.partner), self.settings), **fields), self.asked)
        notes = recipe.notes if self.notes is None else self.notes
        return replace(recipe, original=self.notebook or recipe.original, notes=notes)

    def with_settings(self, settings: Iterable[str]) -> "Topic":
        """The topic with `key=value` texts applied, as `override` takes them, and `model.NAME` of its constants.

        Raises:
            InputError: An unknown key, or a value that does not fit.
        """
        constants, asked = dict(self.constants), []
        for text in settings:
            key, _, value = text.partition("=")
            name = key.strip().removeprefix("model.")
            if key.strip().startswith("model.") and name in constants:
                constants[name] = _constant(text, value.strip(), constants[name])
            else:
                asked.append(text)
        changed = replace(self, constants=constants, asked=(*self.asked, *asked))
        changed.recipe()  # raises now where something does not fit
        return changed

    def build(self, recipe: Recipe, precision: str = "float32"):
        """The graph in the recipe's sizes and in this type: a `legacy_tf1.graphs.built.Built`."""
        import tensorflow as tf

        sizes = {name: recipe.model[name] for name in self.sizes if name in recipe.model}
        build = tables.load(self.graph)
        settings = {"learning_rate": recipe.learning_rate, "seed": recipe.seed, "dtype": tf.as_dtype(precision)}
        return build(tf.Graph(), **settings, **sizes, **self.constants)


def _constant(text: str, value: str, present: Any) -> Any:
    """A constant of the type of the present one."""
    if isinstance(present, str):
        if value not in ACTIVATIONS:
            raise InputError(f"--set {text}: choose one of {', '.join(ACTIVATIONS)}")
        return value
    try:
        return float(value)
    except ValueError:
        raise InputError(f"--set {text}: expected a number like {present}") from None
