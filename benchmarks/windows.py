"""Random windows of a text beside contiguous ones whose state is kept: the same network, steps and operations.

A window of the recipes begins with the state zero. Here the model is given the states in both ways, zeros or those of the
window before, so that a step costs the same. Both ways are scored as a run is, on the validation part.
"""

import sys
import time
from dataclasses import replace

import tensorflow as tf

import tf_data
from benchmarks import measure
from tf_data.pipeline import Batches
from tf_models.configs import get
from tf_models.rnn.characters import carrying
from tf_models.tasks.continue_text import begin
from tf_models.training import building
from tf_models.training.fast import accelerated
from tf_models.training.options import Options

# Recipe, windows in a step, epochs.
SETTINGS = (("rnn-char-dickens", 1, 6), ("rnn-char-dickens", 32, 12))
WAYS = {"random windows, state zero": True, "contiguous windows, state kept": False}
SEEDS = (1, 2)


def run(quick: bool = False) -> list[dict]:
    """A row for each setting, way and seed: steps, bits a character of the validation part, and seconds."""
    rows = []
    for id, batch_size, epochs in SETTINGS[1:] if quick else SETTINGS:
        for seed in SEEDS[:1] if quick else SEEDS:
            rows += [_trained(id, batch_size, 1 if quick else epochs, seed, way, quick) for way in WAYS]
            print(measure.table(rows[-len(WAYS) :]), file=sys.stderr, flush=True)  # all of it takes long
    return rows


def _trained(id: str, batch_size: int, epochs: int, seed: int, way: str, quick: bool) -> dict:
    recipe = replace(get(id), batch_size=batch_size, epochs=epochs, seed=seed)
    if quick:
        recipe = replace(recipe, model={**recipe.model, "units": 8})
    data = tf_data.load(recipe.dataset, "synthetic" if quick else "auto", **recipe.data)
    task = building.build(recipe, Options(quiet=True), data)
    shuffle, order = WAYS[way], task.order(data.train)
    batches = Batches(data.train, batch_size, seed=seed, shuffle=shuffle, prepare=task.prepare_training, order=order)
    model, optimizer, jit = carrying(task.model), task.model.optimizer, task.model.jit_compile

    @tf.function(jit_compile=jit, autograph=False)
    def step(given, wanted, states):
        with tf.GradientTape() as tape:
            logits, *states = model([given, *states], training=True)
            loss = task.model.loss(wanted, logits)
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        return loss, states

    began, steps = time.perf_counter(), 0
    with accelerated(model, jit):
        for epoch in range(epochs):
            states = begin(model, batch_size)
            for given, wanted in batches.dataset(epoch):
                states = [state[: len(given)] for state in states]  # at the end the last rows have no text left
                after = step(given, wanted, states)[1]
                states = states if shuffle else after
                steps += 1
    seconds = time.perf_counter() - began
    task.model.set_weights(model.get_weights())
    return {
        "measured": f"{id}, {batch_size} a step",
        "candidate": way,
        "seed": seed,
        "steps": steps,
        "bits": round(task.evaluate(data.validation)["bits"], 4),
        "seconds": round(seconds, 1),
    }
