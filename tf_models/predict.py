"""`python -m tf_models.predict RUN_DIR INPUT...`: what a trained model says of pictures."""

import json
import sys

from tf_data.command import Parser, import_tensorflow, run


def parser() -> Parser:
    parser = Parser(prog="python -m tf_models.predict", description=__doc__)
    parser.add_argument("run_dir", help="what `python -m tf_models.train` wrote")
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help="pictures: PNG, JPEG, ... of any size and colour")
    parser.add_argument("--invert", action="store_true", help="exchange light and dark: MNIST is white on black")
    parser.add_argument("--top", type=int, default=3, metavar="K", help="classes to show (default 3)")
    parser.add_argument("--json", action="store_true", help="print all probabilities as JSON")
    return parser


def main(argv: list[str] | None = None) -> None:
    arguments = parser().parse_args(argv)
    from tf_models.training.run_directory import RunDirectory

    directory = RunDirectory.open(arguments.run_dir)
    import_tensorflow()
    from tf_models import tasks

    model, recipe = directory.load_model(), directory.recipe
    classes = tuple(directory.info["data"]["classes"])
    rows = tasks.make(recipe).predict(model, arguments.inputs, classes, invert=arguments.invert)
    if arguments.json:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        best = sorted(row["probabilities"].items(), key=lambda item: -item[1])[: arguments.top]
        print(f"{row['input']}: " + ", ".join(f"{name} {chance:.1%}" for name, chance in best))


if __name__ == "__main__":
    sys.exit(run(main))
