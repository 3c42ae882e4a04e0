"""`python -m tf_models.mechanics.live_plot`: the loss of `cnn-basic` as it falls, and what watching costs.

The original redraws a figure after every batch, which is slow, and leaves margins by factors, which fail below zero. Here
`tf_models.training.live.LivePlot` draws at most every half second. `python -m tf_models.train RECIPE --live` uses it.
"""

import sys
import time

from tf_data.command import Parser, import_tensorflow, run
from tf_models.mechanics import digits


def parser() -> Parser:
    parser = Parser(prog="python -m tf_models.mechanics.live_plot", description=__doc__)
    digits.add_option(parser)
    parser.add_argument("--epochs", type=int, default=10, help="default 10, as the original")
    return parser


def main(argv: list[str] | None = None) -> None:
    arguments = parser().parse_args(argv)
    import_tensorflow()
    import keras

    import tf_models
    from tf_models.training.live import LivePlot

    data = digits.load(arguments.data_dir)
    model = tf_models.build("cnn-basic")
    model.compile(keras.optimizers.SGD(0.05), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    live, begin = LivePlot(), time.perf_counter()
    model.fit(data.train.batches(128, seed=1), epochs=arguments.epochs, shuffle=False, verbose=0, callbacks=[live])
    seconds = time.perf_counter() - begin
    print(f"{live.drawings} drawings took {live.seconds:.3f} of {seconds:.1f} s, {live.seconds / seconds:.2%}")


if __name__ == "__main__":
    sys.exit(run(main))
