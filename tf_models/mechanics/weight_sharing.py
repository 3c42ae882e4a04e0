"""`python -m tf_models.mechanics.weight_sharing`: one weight vector for ten classes, and one matrix for two layers.

First the original's example: logits x . w + b_k whose weight vector w is shared by all classes. Whatever w, the class with
the largest bias wins for every image, so that the network learns how frequent the classes are and nothing else: on
MNIST's test digits 11.35 %, the fraction of ones. The output layer is CORAL's (`tf_models.layers.CoralHead`), where the
outputs are ordered and sharing makes sense. Then the useful form: an autoencoder whose decoder is the encoder transposed.
"""

import sys
from typing import TYPE_CHECKING

import numpy as np

from tf_data.command import Parser, import_tensorflow, run
from tf_models.mechanics import digits

if TYPE_CHECKING:
    import keras


def shared_vector_cnn(classes: int = 10) -> "keras.Model":
    """`tf_models.cnn.cnn` with a last layer of one weight vector, without bias of its own, and a bias for each class.

    Args:
        classes: Number of outputs, 1 or more.

    Returns:
        A model from images `(batch, 28, 28, 1)` to logits `(batch, classes)`; 738 parameters for 10 classes.
    """
    import keras

    from tf_models.cnn import cnn
    from tf_models.layers.ordinal import CoralHead

    body = cnn()
    logits = CoralHead(classes + 1, name="logits")(body.get_layer("logits").input)
    return keras.Model(body.input, logits, name="shared_vector_cnn")


def tied_autoencoder(features: int = 784, code: int = 32) -> "keras.Model":
    """An autoencoder with one weight matrix W: the code is relu(x W + b), the reconstruction's logits are code W' + c.

    Args:
        features: Numbers of a sample.
        code: Numbers of its code.

    Returns:
        A model from `(batch, features)` to logits `(batch, features)`. Its first layer owns W, its last one uses it.
    """
    import keras
    from keras import ops

    class Transposed(keras.layers.Layer):
        """x W' + c with the kernel W of a dense layer, which owns it."""

        def __init__(self, tied_to, **kwargs):
            super().__init__(**kwargs)
            # In a list, so that the variable is counted with its owner and not a second time here.
            self._owner = [tied_to]

        def build(self, input_shape):
            self.bias = self.add_weight((features,), initializer="zeros", name="bias")

        def call(self, x):
            return ops.matmul(x, ops.transpose(self._owner[0].kernel)) + self.bias

        def compute_output_shape(self, input_shape):
            return (*input_shape[:-1], features)

    inputs = keras.Input((features,), name="features")
    encoder = keras.layers.Dense(code, activation="relu", name="encoder")
    x = encoder(inputs)
    return keras.Model(inputs, Transposed(encoder, name="decoder")(x), name="tied_autoencoder")


def gradient_by_use(model: "keras.Model", x: np.ndarray) -> dict[str, np.ndarray]:
    """The gradient of the mean squared error of a `tied_autoencoder` by its matrix: whole, and of each use alone.

    Args:
        model: The autoencoder.
        x: Samples `(batch, features)`.

    Returns:
        `shared`, what the tape gives for the variable; `encoder` and `decoder`, where the other use is held fixed.
    """
    import tensorflow as tf

    encoder, decoder = model.get_layer("encoder"), model.get_layer("decoder")
    x = tf.convert_to_tensor(x, tf.float32)
    with tf.GradientTape() as tape:
        error = tf.reduce_mean(tf.square(model(x) - x))
    shared = tape.gradient(error, encoder.kernel.value)
    first, second = (tf.identity(encoder.kernel.value) for _ in range(2))
    with tf.GradientTape() as tape:
        tape.watch([first, second])
        code = tf.nn.relu(x @ first + encoder.bias.value)
        error = tf.reduce_mean(tf.square(code @ tf.transpose(second) + decoder.bias.value - x))
    parts = tape.gradient(error, [first, second])
    return {"shared": shared.numpy(), "encoder": parts[0].numpy(), "decoder": parts[1].numpy()}


def parser() -> Parser:
    parser = Parser(prog="python -m tf_models.mechanics.weight_sharing", description=__doc__)
    digits.add_option(parser)
    parser.add_argument("--epochs", type=int, default=10, help="default 10, as the original")
    return parser


def main(argv: list[str] | None = None) -> None:
    arguments = parser().parse_args(argv)
    import_tensorflow()
    import keras

    from tf_models.seeding import seeded

    data = digits.load(arguments.data_dir)
    with seeded(1):
        model = shared_vector_cnn()
        tied = tied_autoencoder()
    model.compile(
        keras.optimizers.SGD(0.1),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
    )
    for epoch in range(arguments.epochs):
        model.fit(data.train.batches(128, seed=1, epoch=epoch), shuffle=False, verbose=0)
    scores = model.evaluate(data.test.batches(1000), verbose=0, return_dict=True)
    biases = np.asarray(model.get_layer("logits").bias)
    print(f"{model.count_params()} parameters, {arguments.epochs} epochs, {data.source} digits")
    print(f"test accuracy {scores['accuracy']:.2%} of {len(data.test):,}; every digit is taken for a {biases.argmax()}")
    print(f"biases: {np.array2string(biases, precision=4, max_line_width=100)}")
    found = gradient_by_use(tied, np.random.default_rng(0).random((16, 784)))
    apart = np.abs(found["shared"] - found["encoder"] - found["decoder"]).max()
    print(f"tied autoencoder: {tied.count_params():,} parameters, a matrix fewer than two layers of their own have")
    print(f"gradient of the shared matrix less the sum over its two uses: at most {apart:.1e}")


if __name__ == "__main__":
    sys.exit(run(main))
