"""`python -m tf_models.evaluate RUN_DIR`: repeat a run's test figures from its saved model, or score other data."""

import json
import sys

from tf_data import own
from tf_data.command import Parser, import_tensorflow, run, say
from tf_data.errors import InputError
from tf_data.tfds_folder import PREFIX
from tf_models.configs import own_data


def parser() -> Parser:
    parser = Parser(prog="python -m tf_models.evaluate", description=__doc__)
    parser.add_argument("run_dir", help="what `python -m tf_models.train` wrote")
    parser.add_argument("--data-dir", help="folder of official files, if it has moved since the training")
    data = parser.add_argument_group("other data than the run's")
    data.add_argument("--data", metavar="tfds:NAME", help="what tensorflow-datasets has prepared in --data-dir")
    own.add(data)
    data.add_argument("--skip-bad", action="store_true", help="leave out images that cannot be read, and list them")
    parser.add_argument("--json", action="store_true", help="print the scores as JSON")
    return parser


def main(argv: list[str] | None = None) -> None:
    arguments = parser().parse_args(argv)
    from tf_models.training.run_directory import RunDirectory

    if arguments.data and not arguments.data.startswith(PREFIX):
        raise InputError(f"--data {arguments.data}: evaluate takes tfds:NAME here; a run's own data need no option")
    directory = RunDirectory.open(arguments.run_dir)
    given = own_data.named(arguments, directory.recipe)
    import_tensorflow()
    from tf_models.training.trainer import evaluate

    task, results = evaluate(directory, arguments.data_dir, given)
    data = task.data
    if arguments.json:
        print(json.dumps({"id": directory.recipe.id, "source": data.source, "results": results}, indent=2))
        return
    say(f"{directory.recipe.id} on {data.name}, {data.source} ({data.origin})")
    for split, scores in results.items():
        say(f"{split}: {task.describe(scores)}")
    for line in (*data.skipped, *data.notes) if given else ():
        say(f"note: {line}")
    recorded = None if given else directory.info.get("results")
    if recorded and recorded != results:
        print(f"recorded at training: {json.dumps(recorded)}")


if __name__ == "__main__":
    sys.exit(run(main))
