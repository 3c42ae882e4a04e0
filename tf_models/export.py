"""`python -m tf_models.export RUN_DIR --to FORMAT OUT`: a trained model for use elsewhere."""

import sys
from pathlib import Path

from tf_data.command import Parser, import_tensorflow, run
from tf_models import saving


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
    parser.add_argument("out", type=Path, metavar="OUT", help="the file or folder to write; it must not exist")
    return parser


def main(argv: list[str] | None = None) -> None:
    arguments = parser().parse_args(argv)
    saving.check_export(arguments.to, arguments.out)
    import_tensorflow()
    from tf_models.training.run_directory import RunDirectory

    saving.export(RunDirectory.open(arguments.run_dir).load_model(), arguments.to, arguments.out)
    print(f"{arguments.out}: {arguments.to}")


if __name__ == "__main__":
    sys.exit(run(main))
