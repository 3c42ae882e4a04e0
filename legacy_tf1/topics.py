"""The topics that exist as a TensorFlow 1 graph, each with its Keras partner. Importing this loads no TensorFlow."""

from dataclasses import replace

from legacy_tf1.topic import Topic
from tf_data.command import nearest
from tf_data.errors import InputError
from tf_models.configs.recipe import Original


def get(id: str) -> Topic:
    """The topic of this id. Raises `InputError` naming the nearest ids when there is none."""
    if id not in BY_ID:
        raise InputError(f"unknown topic {id!r}{nearest(id, BY_ID)} (python -m legacy_tf1.compare --list shows all)")
    return BY_ID[id]


LOGITS = {"logits_activation": "linear"}
# What the Keras models have, PyTorch's; tf.layers would have 0.99 and 1e-3.
NORM = {"epsilon": 1e-5, "momentum": 0.9}
# What the notebooks draw weights from; the Keras recipes follow the PyTorch ones, normal without truncation.
TRUNCATED = "model.initializer=truncated_normal"
PERCEPTRON_SCOPES = {"standardize": "standardize", "unit": "unit"}
MLP_SCOPES = {"fc1": "hidden1", "fc2": "hidden2", "logits": "logits"}
BACKPROP_SCOPES = {"fc1": "hidden", "logits": "logits"}
NORMS = {"fc1/norm": "hidden1_norm", "fc2/norm": "hidden2_norm"}
VGG_SCOPES = {
    f"block{block}/conv{number}": f"block{block}_conv{number}"
    for block, count in enumerate((2, 2, 3, 3, 3), 1)
    for number in range(1, count + 1)
}
AE_STAGES = {
    f"{part}/stage{number}": f"{part}_stage{number}_conv" for part in ("encoder", "decoder") for number in (1, 2)
}
GAN_PARTS = {"generator": range(4), "discriminator": range(1, 3)}
CONV_GAN_SCOPES = {
    "generator/stage0": "generator_dense",
    **{f"{part}/stage{n}": f"{part}_stage{n}_conv" for part, stages in GAN_PARTS.items() for n in stages if n},
    **{f"{part}/stage{n}/norm": f"{part}_stage{n}_norm" for part, stages in GAN_PARTS.items() for n in stages},
    "generator/pixels": "generator_pixels",
    "discriminator/score": "discriminator_score",
}
BACKPROP_NOTEBOOK = Original("tensorflow1_ipynb/mlp/mlp-lowlevel.ipynb", {"test_accuracy": 0.945})
MLP_NOTEBOOK = Original("tensorflow1_ipynb/mlp/mlp-basic.ipynb", {"test_accuracy": 0.975, "train_accuracy": 0.994})
# The notebooks print the discriminator's loss as the sum of its two halves.
SUMMED = "The notebook prints the sum of the discriminator's two halves; the figure above is their mean, as ours."
GAN_NOTES = ("The notebook, too, trains the discriminator first.",)
CONV_GAN_NOTE = (
    "The notebook's net is another one: its last transposed convolution is 3x3 with SAME padding, its convolutions have "
    "biases, and it learns at 1e-3."
)


def _gan_notebook(name: str, generator: float, discriminator: float) -> Original:
    results = {"train_generator_loss": generator, "train_discriminator_loss": discriminator / 2}
    return Original(f"tensorflow1_ipynb/gan/{name}.ipynb", results, SUMMED)


LABEL_SMOOTHING = "a target of 0.9 for real images in the discriminator's loss, nowhere else"

TOPICS = (
    Topic(
        id="perceptron",
        graph="legacy_tf1.graphs.basic_ml:perceptron",
        partner="perceptron",
        scopes=PERCEPTRON_SCOPES,
        then="the rule in a tf.while_loop whose results tf.assign writes into the variables",
        now="the rule in keras.ops.fori_loop inside a train_step of the model's own",
        sizes=("features",),
        compared={"batch_size": 1},  # the notebook's way: one sample a step
        notebook=Original("tensorflow1_ipynb/basic-ml/perceptron.ipynb", {}),
    ),
    Topic(
        id="logistic-regression",
        graph="legacy_tf1.graphs.basic_ml:logistic_regression",
        partner="logistic-regression-tf1",
        scopes={"standardize": "standardize", "logits": "logits"},
        then="tf.nn.sigmoid_cross_entropy_with_logits, summed by hand, and GradientDescentOptimizer.minimize",
        now='BinaryCrossentropy(from_logits=True, reduction="sum") and SGD given to compile',
        sizes=("features",),
    ),
    Topic(
        id="softmax-regression",
        graph="legacy_tf1.graphs.basic_ml:softmax_regression",
        partner="softmax-regression-tf1",
        scopes={"logits": "logits"},
        then="placeholders of flat images and one-hot labels, fed at every step",
        now="Flatten inside the model, integer labels and SparseCategoricalCrossentropy(from_logits=True)",
        sizes=("classes",),
    ),
    Topic(
        id="mlp-basic",
        graph="legacy_tf1.graphs.mlp:mlp_raw",
        partner="mlp-basic",
        scopes=MLP_SCOPES,
        then="tf.Variable and tf.matmul, an optimizer that adds its operation to the graph, a session that runs it",
        now="Dense layers own their variables; model.train_step runs inside a tf.function",
        sizes=("hidden", "classes", "stddev"),
        constants=LOGITS,
        settings=(TRUNCATED,),
        notebook=MLP_NOTEBOOK,
        precision="float64",
    ),
    Topic(
        id="mlp-basic-layers",
        graph="legacy_tf1.graphs.mlp:mlp",
        partner="mlp-basic",
        scopes=MLP_SCOPES,
        then="variable scopes and get_variable give names and sharing, as tf.layers.dense did",
        now="a layer object is the scope: its name names the weights, calling it again shares them",
        sizes=("hidden", "classes", "stddev"),
        constants=LOGITS,
        settings=(TRUNCATED,),
        notebook=replace(MLP_NOTEBOOK, results={"test_accuracy": 0.975, "train_accuracy": 0.991}),
    ),
    Topic(
        id="mlp-dropout",
        graph="legacy_tf1.graphs.mlp:mlp",
        partner="mlp-dropout-tf1",
        scopes=MLP_SCOPES,
        then="a bool placeholder switches dropout through tf.cond; masks come from the graph's seed (here: fed)",
        now="the argument training switches it; each layer has a SeedGenerator whose masks this comparison feeds",
        sizes=("hidden", "classes", "dropout", "stddev"),
        constants=LOGITS,
        settings=(TRUNCATED,),
    ),
    Topic(
        id="mlp-batchnorm",
        graph="legacy_tf1.graphs.mlp:mlp",
        partner="mlp-batchnorm",
        scopes=MLP_SCOPES | NORMS,
        then="moving averages change only if train_op depends on the collection UPDATE_OPS",
        now="BatchNormalization updates its averages itself when called with training=True",
        sizes=("hidden", "classes", "batch_norm", "stddev"),
        constants=LOGITS | NORM,
        settings=(TRUNCATED,),
        notebook=Original(
            "tensorflow1_ipynb/mlp/mlp-batchnorm.ipynb", {"test_accuracy": 0.977, "train_accuracy": 0.998}
        ),
        precision="float64",
    ),
    Topic(
        id="mlp-backprop-scratch",
        graph="legacy_tf1.graphs.backprop:by_hand",
        partner="mlp-backprop-scratch",
        scopes=BACKPROP_SCOPES,
        then="the chain rule as tf.matmul operations, tf.assign_sub behind control dependencies",
        now="the same matrices in keras.ops inside train_step, given to optimizer.apply",
        sizes=("hidden", "classes", "stddev"),
    ),
    Topic(
        id="mlp-backprop-scratch-gradients",
        graph="legacy_tf1.graphs.backprop:with_gradients",
        partner="mlp-backprop-scratch",
        scopes=BACKPROP_SCOPES,
        then="tf.gradients adds the derivatives to the graph, tf.assign_sub applies them",
        now="a GradientTape would record them; here the Keras side still derives them by hand",
        sizes=("hidden", "classes", "stddev"),
        notebook=BACKPROP_NOTEBOOK,
    ),
    Topic(
        id="mlp-backprop-scratch-optimizer",
        graph="legacy_tf1.graphs.backprop:with_optimizer",
        partner="mlp-backprop-scratch",
        scopes=BACKPROP_SCOPES,
        then="optimizer.minimize derives and applies in one operation",
        now="Model.fit's own train_step does both; here the Keras side still derives them by hand",
        sizes=("hidden", "classes", "stddev"),
        notebook=BACKPROP_NOTEBOOK,
    ),
    Topic(
        id="cnn-basic",
        graph="legacy_tf1.graphs.cnn:cnn",
        partner="cnn-basic-tf1",
        scopes={"conv1": "block1_conv", "conv2": "block2_conv", "logits": "logits"},
        then="flat images reshaped inside the graph, tf.nn.conv2d on filters of get_variable, tf.nn.max_pool2d",
        now="Conv2D and MaxPooling2D layers on images (height, width, channels)",
        sizes=("filters", "classes"),
        precision="float64",
    ),
    Topic(
        id="cnn-vgg16-cifar10",
        graph="legacy_tf1.graphs.cnn:vgg16",
        partner="cnn-vgg16-cifar10",
        scopes=VGG_SCOPES | {"fc1": "hidden1", "fc2": "hidden2", "logits": "logits"},
        then="nested scopes block1/conv1; Adam keeps its moments as variables beside each weight",
        now="a loop over layers named block1_conv1; Adam keeps its moments in optimizer.variables",
        sizes=("input_shape", "classes", "hidden", "filters"),
        precision="float64",
        stretch=100,
        # An eighth of the filters, on digits with black margins: CIFAR-10 is not embedded, the whole takes minutes.
        compared={
            "dataset": "mnist",
            "model": {
                "depth": 16,
                "classes": 10,
                "input_shape": (32, 32, 1),
                "hidden": (64, 64),
                "filters": 8,
                "initializer": "he_uniform",
            },
        },
        notebook=Original("tensorflow1_ipynb/cnn/cnn-vgg16.ipynb", {"test_accuracy": 0.772}),
    ),
    Topic(
        id="metric-siamese-mlp",
        graph="legacy_tf1.graphs.metric:siamese_mlp",
        partner="metric-siamese-mlp",
        scopes={"fc1": "hidden1", "fc2": "hidden2", "embedding": "embedding"},
        then="two placeholders; the second call of the encoder opens its variable scope with reuse",
        now="one encoder model called on both inputs shares its weights",
        sizes=("hidden", "embedding_dim", "activation"),
    ),
    Topic(
        id="ae-basic",
        graph="legacy_tf1.graphs.autoencoder:dense_autoencoder",
        partner="ae-basic-tf1",
        scopes={"encoder/code": "encoder_code", "decoder/pixels": "decoder_pixels"},
        then="the placeholder is input and target; sigmoid_cross_entropy_with_logits, AdamOptimizer",
        now="fit(x, x) on two sub-models, encoder and decoder, that work alone as well",
        sizes=("latent_dim",),
        precision="float64",
    ),
    Topic(
        id="ae-deconv",
        graph="legacy_tf1.graphs.autoencoder:deconv_autoencoder",
        partner="ae-deconv-tf1",
        scopes=AE_STAGES | {"decoder/pixels": "decoder_pixels"},
        then="tf.nn.conv2d_transpose takes the size of its result, batch included",
        now="Conv2DTranspose derives it from stride and padding",
        sizes=("encoder_filters", "decoder_filters"),
        precision="float64",
    ),
    Topic(
        id="ae-nneighbor",
        graph="legacy_tf1.graphs.autoencoder:nearest_autoencoder",
        partner="ae-nneighbor-tf1",
        scopes=AE_STAGES | {"decoder/pixels": "decoder_pixels"},
        then="tf.image.resize_nearest_neighbor and a convolution",
        now='UpSampling2D(interpolation="nearest") and a convolution',
        sizes=("encoder_filters", "decoder_filters"),
        precision="float64",
    ),
    Topic(
        id="rnn-lstm-packed-imdb",
        graph="legacy_tf1.graphs.rnn:lstm_sentiment",
        partner="rnn-lstm-packed-imdb",
        scopes={"embedding": "embedding", "rnn/basic_lstm_cell": "lstm_cell", "logits": "logits"},
        then="BasicLSTMCell in tf.nn.dynamic_rnn, a while_loop; sequence_length keeps the state of a text that has ended",
        now="LSTM layer; Embedding(mask_zero=True) hands a mask on, which keeps the state of a text that has ended",
        sizes=("vocabulary", "embedding_dim", "units"),
        # Small, and at a rate at which something is learned in the steps of a comparison.
        compared={
            "model": {
                "vocabulary": 500,
                "classes": 2,
                "cell": "lstm",
                "embedding_dim": 16,
                "units": 24,
                "packed": True,
            },
            "transform": {"name": "text", "size": 500},
            "learning_rate": 1e-3,
            "batch_size": 32,
        },
        drawn=True,
        precision="float64",
    ),
    Topic(
        id="gan-fc-mnist",
        graph="legacy_tf1.graphs.gan:dense_gan",
        partner="gan-fc-mnist",
        scopes={
            f"{part}/{layer}": f"{part}_{layer}"
            for part, layer in (
                ("generator", "hidden"),
                ("generator", "pixels"),
                ("discriminator", "hidden"),
                ("discriminator", "score"),
            )
        },
        then="two optimizers with var_list by scope; control dependencies put the generator after the discriminator",
        now="a Model with two sub-models and a train_step of two tapes; Python's order is the order",
        sizes=("latent_dim", "hidden", "dropout", "negative_slope"),
        precision="float64",
        notebook=_gan_notebook("gan", 1.569, 1.030),
        notes=(*GAN_NOTES, "The notebook never switches its dropout on; here it drops in both parts."),
    ),
    Topic(
        id="gan-conv-mnist",
        graph="legacy_tf1.graphs.gan:conv_gan",
        partner="gan-conv-mnist",
        scopes=CONV_GAN_SCOPES,
        then="AUTO_REUSE calls the discriminator three times; updates of its averages are put in an order by hand",
        now="calling one sub-model three times shares weights and updates its averages in that order",
        sizes=("latent_dim", "filters", "negative_slope"),
        constants=NORM,
        precision="float64",
        stretch=100,
        notebook=_gan_notebook("gan-conv", 0.752, 1.363),
        notes=(*GAN_NOTES, CONV_GAN_NOTE),
    ),
    Topic(
        id="gan-conv-label-smoothing",
        graph="legacy_tf1.graphs.gan:conv_gan",
        partner="gan-conv-label-smoothing",
        scopes=CONV_GAN_SCOPES,
        then=f"tf.fill makes {LABEL_SMOOTHING}",
        now=f"GAN(label_smoothing=0.1): {LABEL_SMOOTHING}",
        sizes=("latent_dim", "filters", "negative_slope", "label_smoothing"),
        constants=NORM,
        precision="float64",
        stretch=100,
        notebook=_gan_notebook("gan-conv-smoothing", 0.833, 1.355),
        notes=(
            *GAN_NOTES,
            CONV_GAN_NOTE,
            "The original also smooths the generator's targets; here only the real ones.",
        ),
    ),
)
BY_ID = {topic.id: topic for topic in TOPICS}
