"""Finished runs become rows of the results table, and only those that were trained as their recipe says."""

import shutil
from dataclasses import replace

import pytest

from benchmarks import audit, commands, hours, operations, peak, results
from tf_data.errors import InputError, speaking_options
from tf_models.configs import get, measured, recipes
from tf_models.training import provenance, trainer
from tf_models.training.run_directory import RunDirectory

RECIPE = get("logistic-regression")


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    return trainer.train(RECIPE, trainer.Options(quiet=True, figures=False), tmp_path_factory.mktemp("runs") / "own")


def changed(done, folder, **values) -> RunDirectory:
    """A copy of the run whose `run.json` says something else."""
    shutil.copytree(done.path, folder)
    run = RunDirectory.open(folder)
    if "seed" in values:
        values = {"recipe": {**run.info["recipe"], "seed": values["seed"]}, **values}
        values = {"code": provenance.code(replace(run.recipe, seed=values["seed"])), **values}
    run.update(**values)
    return RunDirectory.open(folder)


def test_a_run_becomes_a_row_and_a_line_of_the_table(done):
    row = results.collect([done])[RECIPE.id]
    assert row["results"]["test"] == done.info["results"]["test"]
    assert row["command"] == "python -m tf_models.train logistic-regression --data embedded"
    line = next(line for line in results.table({RECIPE.id: row}).splitlines() if "[`logistic-regression`]" in line)
    accuracy, samples = (row["results"]["test"][name] for name in ("accuracy", "samples"))
    assert f"| iris (embedded) | 3 | 100.00% | {accuracy:.2%} of {samples} |" in line


def test_losses_of_training_stand_beside_the_originals(done):
    row = results.collect([done])[RECIPE.id]
    losses = {"generator_loss": 0.5, "discriminator_loss": 0.7, "real_score": 0.6}
    scored = {"test": {"frechet_distance": 12.0, "samples": 30}}
    lines = results.table({"gan-fc-mnist": {**row, "results": scored, "last_epoch": losses}}).splitlines()
    line = next(line for line in lines if "[`gan-fc-mnist`]" in line)
    assert "| train G 0.7877, D 0.6469 | 12 frechet distance of 30 (train G 0.5, D 0.7) |" in line


def test_mirror_images_have_a_score_of_their_own(done):
    row = results.collect([done])[RECIPE.id]
    scored = {"test": {"accuracy": 0.9, "mirrored_accuracy": 0.925, "samples": 40}}
    assert "| 90.00% of 40 (92.50% with mirror images) |" in results.table({RECIPE.id: {**row, "results": scored}})


def test_what_was_not_run_says_how_long_it_would_take(done):
    row = results.collect([done])[RECIPE.id]
    ids = [RECIPE.id, "cnn-vgg16-cifar10", "cnn-resnet152-celeba", "cnn-vgg19-cifar10"]
    estimated = {RECIPE.id: 1.0, "cnn-vgg16-cifar10": 2.34, "cnn-resnet152-celeba": 1234.5}
    lines = results.table({RECIPE.id: row}, ids, hours=estimated).splitlines()[2:6]
    assert [line.split(" | ")[4] for line in lines][1:] == ["not run: 2.3 hours", "not run: 1,234 hours", "-"]
    assert "not run" not in lines[0]


def test_hours_are_of_recipes_without_a_row(monkeypatch, capsys):
    missing = ["cnn-vgg19-cifar10", "rnn-lstm-packed-imdb-glove", "mech-lstm-own-csv"]
    monkeypatch.setattr(hours, "measured", lambda: {r.id: {} for r in recipes() if r.id not in missing})
    assert hours.missing() == tuple(missing[:2])

    def timed(function, id, source, precision):
        assert (source, precision) == ("official", "mixed_bfloat16")
        if "glove" in id:
            raise InputError("no vectors")
        return 100.0, 45_000

    monkeypatch.setattr(hours.measure, "in_a_fresh_process", timed)
    assert hours.run(precision="mixed_bfloat16") == [
        {"recipe": missing[0], "samples": 45_000, "epochs": 20, "samples_per_second": 100.0, "hours": 2.5}
    ]
    assert "rnn-lstm-packed-imdb-glove: no vectors" in capsys.readouterr().err


def test_other_seeds_give_the_spread(done, tmp_path):
    scored = {"test": {**done.info["results"]["test"], "accuracy": 0.5}}
    other = changed(done, tmp_path / "other", seed=2, results=scored)
    spread = results.collect([done, other])[RECIPE.id]["spread"]
    assert spread["seeds"] == [2, RECIPE.seed]
    assert spread["mean"] == pytest.approx((done.info["results"]["test"]["accuracy"] + 0.5) / 2)
    with pytest.raises(InputError, match=f"recipe's own seed {RECIPE.seed}"):
        results.collect([other])


def test_seeds_may_be_added_one_by_one(done, tmp_path):
    def scored(seed, accuracy, **values):
        test = {**done.info["results"]["test"], "accuracy": accuracy}
        return changed(done, tmp_path / str(seed), seed=seed, results={"test": test}, **values)

    known = results.collect([done])
    own = done.info["results"]["test"]["accuracy"]
    for runs, accuracies in (([scored(2, 0.5)], [0.5]), ([scored(3, 0.75)], [0.5, 0.75]), ([done], [0.5, 0.75])):
        known = results.collect(runs, known)
        spread = known[RECIPE.id]["spread"]
        assert dict(zip(spread["seeds"], spread["scores"], strict=True)) == {
            RECIPE.seed: own,
            **dict(zip((2, 3), accuracies)),
        }
    assert known[RECIPE.id]["results"] == done.info["results"]
    options = {**done.info["options"], "precision": "mixed_bfloat16"}
    for run, named in ((scored(4, 0.5, code={"recipe": "0"}), "code"), (scored(5, 0.5, options=options), "command")):
        with pytest.raises(InputError, match=f"{named} is .*, that of the recipe's own seed"):
            results.collect([run], known)
    # A row of other code takes no scores of before along.
    older = {RECIPE.id: {**known[RECIPE.id], "code": {}}}
    assert "spread" not in results.collect([done], older)[RECIPE.id]


def test_other_load_is_said(done, tmp_path):
    for cores, said in {0.0: False, 0.1: False, 0.5: True, None: False}.items():
        parts = [{**part, "other_cores": cores} for part in done.info["parts"]]
        rows = results.collect([changed(done, tmp_path / str(cores), parts=parts)])
        assert ("s, loaded" in results.table(rows)) is said


def test_half_precision_is_said(done, tmp_path):
    options = {**done.info["options"], "precision": "mixed_bfloat16"}
    parts = [{**part, "other_cores": 0.0} for part in done.info["parts"]]
    half = changed(done, tmp_path / "half", options=options, parts=parts)
    rows = results.collect([half])
    assert rows[RECIPE.id]["command"].endswith("--data embedded --precision mixed_bfloat16")
    assert "s, mixed_bfloat16 |" in results.table(rows)


def test_a_command_says_what_decides_the_bits_and_can_be_read_again(done):
    assert commands.options(commands.command(RECIPE.id, done.info)) == {}
    for changes in ({"jit": "on", "plain": True}, {"precision": "float64", "deterministic": True}):
        info = {**done.info, "options": {**done.info["options"], **changes}}
        assert commands.options(commands.command(RECIPE.id, info)) == changes


def test_a_row_says_on_what_it_was_made(done):
    row = results.collect([done])[RECIPE.id]
    assert row["environment"] == provenance.environment()
    assert row["code"] == provenance.code(RECIPE)
    assert row["first_steps"] == done.info["first_steps"]
    assert (row["precision"], row["batch_size"]) == ("float32", RECIPE.batch_size)
    # Two inputs and a unit: forwards, and backwards for the weights alone.
    assert row["operations"] == 2 * 2 * 2
    assert row["gflops"] >= 0


def test_runs_that_do_not_say_on_what_they_were_made_are_refused(done, tmp_path):
    old = changed(done, tmp_path / "old")
    del old.info["parts"]
    with pytest.raises(InputError, match="does not say on what it was made"):
        results.collect([old])
    part = done.info["parts"][0]
    other = {**part, "environment": {**part["environment"], "processor": "abacus"}}
    with pytest.raises(InputError, match="made on several machines"):
        results.collect([changed(done, tmp_path / "two", parts=[part, other])])


@pytest.mark.parametrize(
    ("id", "expected"),
    [
        # Dense layers of 784-128-256-10: thrice the products but for what would go back to the pixels.
        ("mlp-basic", 2 * 64 * (3 * (784 * 128 + 128 * 256 + 256 * 10) - 784 * 128)),
        # Convolutions of 1-4 maps on 28x28 and of 4-8 on 14x14, and a dense layer.
        ("cnn-basic", 2 * 32 * (3 * (784 * 9 * 4 + 196 * 9 * 4 * 8 + 392 * 10) - 784 * 9 * 4)),
    ],
)
def test_operations_are_counted_in_the_graph(id, expected):
    recipe = trainer.for_source(get(id), "embedded")
    data = trainer.load_data(recipe, trainer.Options(source="embedded", limit=64))
    task = trainer.build(recipe, trainer.Options(), data)
    assert operations.of_training(task, recipe.batch_size) == expected


def test_the_audit_tries_rows(done, capsys, monkeypatch):
    row = results.collect([done])[RECIPE.id]
    rows = {RECIPE.id: row}
    assert audit.main(rows, RECIPE.id) == 0
    out = capsys.readouterr().out
    steps = min(20, len(row["first_steps"]["loss"]))
    assert f"replay of {RECIPE.id}: {steps} steps on the row's machine, equal to the bit" in out

    elsewhere = {**row, "environment": {**row["environment"], "processor": "abacus"}}
    assert audit.replay(RECIPE.id, {RECIPE.id: elsewhere})[1]
    losses = row["first_steps"]["loss"]
    for other in (row, elsewhere):
        wrong = {**other, "first_steps": {**row["first_steps"], "loss": [*losses[:-1], losses[-1] * 1.01]}}
        assert audit.main({RECIPE.id: wrong}, RECIPE.id) == 1
    by_others = {**row, "replacing": "another"}
    assert audit.replay(RECIPE.id, {RECIPE.id: by_others}) == audit.replay(RECIPE.id, rows)  # they changed no bit of it
    nearly = {**row["first_steps"], "loss": [*losses[:-1], losses[-1] * (1 + 1e-5)]}
    text, equal = audit.replay(RECIPE.id, {RECIPE.id: {**by_others, "first_steps": nearly}})
    assert equal
    assert "on the row's machine, by operations changed since, apart by 1.0e-05 of the value" in text
    assert not audit.replay(RECIPE.id, {RECIPE.id: {**row, "first_steps": nearly}})[1]
    for name in ("recipe", "builder", "task"):
        old = {**row, "code": {**row["code"], name: "another"}}
        assert audit.judged({RECIPE.id: old}) == ([], [f"{RECIPE.id}: older than its {name}"])
        with pytest.raises(InputError, match="no row of today's code"):
            audit.main({RECIPE.id: old}, RECIPE.id)
    assert audit.judged({"mlp-basic": {"seconds": 3}}) == ([], ["mlp-basic: does not say on what it was made"])
    monkeypatch.setattr(peak, "known", lambda: {peak.machine(row["environment"]): {"float32": 100.0}})
    assert audit.judged({RECIPE.id: {**row, "gflops": 104.0}}) == ([], [])
    faults, _ = audit.judged({RECIPE.id: {**row, "gflops": 120.0}})
    assert faults == [f"{RECIPE.id}: 120 GFLOP/s in float32, above the peak of 100"]


def test_a_row_is_renewed_where_the_code_gives_the_same(done):
    row = results.collect([done])[RECIPE.id]
    old = {**row, "code": {**row["code"], "task": "another"}}
    assert audit.renew(done, old) == {**row, "renewed": provenance.revision()}
    losses = row["first_steps"]["loss"]
    other = {**old, "first_steps": {**row["first_steps"], "loss": [losses[0] + 1e-6, *losses[1:]]}}
    with pytest.raises(InputError, match="other bits"):
        audit.renew(done, other)
    with pytest.raises(InputError, match="train it again"):
        audit.renew(done, {**old, "results": {**row["results"], "test": {"loss": 0.0}}})


def test_all_rows_in_the_package_are_possible():
    assert audit.judged(measured())[0] == []


def test_options_of_the_audit():
    for arguments, message in {
        ("--audit", "x"): "takes no run directories",
        ("--replay", "mlp-basic"): "--replay goes with --audit",
        ("--data-dir", "."): "--data-dir goes with --audit",
    }.items():
        with speaking_options(), pytest.raises(InputError, match=message):
            results.main(list(arguments))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"status": "interrupted"}, "is interrupted, not done"),
        ({"recipe": replace(RECIPE, epochs=3).as_dict()}, f"epochs is 3, the recipe says {RECIPE.epochs}"),
        ({"recipe": replace(RECIPE, learning_rate=3.0).as_dict()}, "learning_rate is 3.0, the recipe says"),
        ({"options": {"limit": 40, "precision": "float32"}}, "only 40 samples of each split"),
    ],
)
def test_a_run_that_is_not_its_recipe_is_refused(done, tmp_path, values, message):
    with pytest.raises(InputError, match=message):
        results.collect([changed(done, tmp_path / "changed", **values)])


def test_settings_named_on_the_command_line_may_be_the_recipes(done, tmp_path):
    """Such a run states the parameters of the recipe that it changed."""
    run = changed(done, tmp_path / "set", recipe=replace(RECIPE, parameters=RECIPE.parameters + 1).as_dict())
    assert results.collect([run])[RECIPE.id]["results"] == done.info["results"]


def test_faults_of_the_originals_table_are_footnoted():
    lines = results.table({}).splitlines()
    line = next(line for line in lines if "[`cnn-vgg16-celeba`]" in line)
    assert "| 95.48%[^cnn-vgg16-celeba] | - |" in line
    assert sum(line.startswith("[^cnn-vgg16-celeba]: ") and "90.72%" in line for line in lines) == 1
