"""`python -m tf_models.export RUN_DIR --to FORMAT OUT`: a trained model for use elsewhere."""

import os
import sys
from pathlib import Path

from tf_data.command import Parser, import_tensorflow, run, silent_stderr
from tf_data.errors import InputError
from tf_data.files import whole_file, whole_folder

SUFFIXES = {"savedmodel": "", "npz": ".npz", "weights": ".weights.h5", "onnx": ".onnx", "tflite": ".tflite"}


def parser() -> Parser:
    parser = Parser(prog="python -m tf_models.export", description=__doc__)
    parser.add_argument("run_dir", help="what `python -m tf_models.train` wrote")
    parser.add_argument(
        "--to",
        required=True,
        choices=tuple(SUFFIXES),
        help="savedmodel: a folder for TensorFlow Serving; npz: arrays by variable path; weights: Keras' .weights.h5; "
        "onnx: for ONNX Runtime, needs the onnx extra; tflite: for LiteRT",
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="the file or folder to write; it must not exist")
    return parser


def main(argv: list[str] | None = None) -> None:
    arguments = parser().parse_args(argv)
    kind, out = arguments.to, arguments.out
    if not out.name.endswith(SUFFIXES[kind]):
        raise InputError(f"{out}: a {kind} file's name ends in {SUFFIXES[kind]}")
    if out.exists():
        raise InputError(f"{out} exists already; remove it or choose another name")
    import_tensorflow()
    from tf_models.training.run_directory import RunDirectory

    model = RunDirectory.open(arguments.run_dir).load_model()
    export(model, kind, out)
    print(f"{out}: {kind}")


def export(model, kind: str, out: Path) -> None:
    """Write `model` to `out`, whole or not at all.

    Raises:
        InputError: a package that the format needs is missing, or `out` cannot be written.
    """
    import keras
    import numpy as np

    model(keras.ops.zeros((1, *model.input_shape[1:])))  # Keras exports only what was called in this process
    if kind == "savedmodel":
        with whole_folder(out) as temporary, silent_stderr():
            model.export(str(temporary), format="tf_saved_model", verbose=False)
        return
    with whole_file(out) as temporary:
        # Keras asks for its own endings, which the temporary name keeps only for the last dot.
        target = temporary.with_name(temporary.stem + SUFFIXES[kind])
        if kind == "npz":
            arrays = {weight.path: keras.ops.convert_to_numpy(weight) for weight in model.weights}
            with open(target, "wb") as file:
                np.savez(file, **arrays)
        elif kind == "weights":
            model.save_weights(target)
        else:
            try:
                with silent_stderr():
                    model.export(str(target), format="litert" if kind == "tflite" else "onnx", verbose=False)
            except ImportError as error:
                raise InputError(f"--to {kind} needs a package: {error}; pip install 'tf-models[{kind}]'") from None
        os.replace(target, temporary)


if __name__ == "__main__":
    sys.exit(run(main))
