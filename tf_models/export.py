"""`python -m tf_models.export RUN_DIR --to FORMAT OUT`: a trained model for use elsewhere, compared with the model on test samples."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tf_data.command import Parser, import_tensorflow, run, say
from tf_data.errors import InputError
from tf_models import agreement, saving

if TYPE_CHECKING:
    import keras

    from tf_models.training.run_directory import RunDirectory

COMPARED = 64  # samples that the model and what was exported are both given


def parser() -> Parser:
    parser = Parser(prog="python -m tf_models.export", description=__doc__)
    parser.add_argument("run_dir", help="what `python -m tf_models.train` wrote")
    parser.add_argument(
        "--to",
        required=True,
        choices=tuple(saving.EXPORTS),
        help="savedmodel: a folder for TensorFlow Serving; npz: arrays by variable path; weights: Keras' .weights.h5; "
        "onnx: for ONNX Runtime, needs the onnx extra; tflite: for LiteRT. Of a GAN the generator is what runs; npz "
        "and weights hold both parts",
    )
    parser.add_argument("--data-dir", help="folder of official files, if it has moved since the training")
    parser.add_argument("out", type=Path, metavar="OUT", help="the file or folder to write; it must not exist")
    return parser


def main(argv: list[str] | None = None) -> None:
    arguments = parser().parse_args(argv)
    saving.check_export(arguments.to, arguments.out)
    import_tensorflow()
    from tf_models.training.run_directory import RunDirectory

    directory = RunDirectory.open(arguments.run_dir)
    model = directory.load_model()
    saving.export(model, arguments.to, arguments.out)
    print(f"{arguments.out}: {arguments.to}")
    if arguments.to in agreement.RUN:
        try:
            say(compared(directory, model, arguments.to, arguments.out, arguments.data_dir))
        except (InputError, ValueError) as error:
            say(f"not compared with the model: {error}")


def compared(directory: "RunDirectory", model: "keras.Model", kind: str, out: Path, data_dir: str | None = None) -> str:
    """How far an export's outputs are from those of a run's model on test samples of the run, in words.

    Raises:
        InputError: The run's data are not there any more, or a package that runs the export is missing.
        ValueError: As in `agreement.difference`.
    """
    from tf_models.training.trainer import task_with_data

    task = task_with_data(directory, data_dir, model=model)
    found, what = agreement.of_test_split(task, COMPARED), "test samples"
    if found is None:
        found, what = agreement.drawn(model, COMPARED), "drawn inputs"
    worst = agreement.difference(model, kind, out, found)
    count = len(next(iter(found.values())))
    what = what if count > 1 else what.removesuffix("s")
    return f"on {count} {what} its outputs differ from the model's by {worst:.1g} of the largest at most"


if __name__ == "__main__":
    sys.exit(run(main))
