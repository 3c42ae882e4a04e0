"""Every id in the order of the topics: the file that holds its recipe, or what there is in place of a training."""

from dataclasses import dataclass

# The file below `tf_models/configs`, which is called as the builder's below `tf_models`.
RECIPES = {
    "perceptron": "basic_ml.perceptron",
    "perceptron-pytorch": "basic_ml.perceptron",
    "logistic-regression": "basic_ml.logistic_regression",
    "logistic-regression-tf1": "basic_ml.logistic_regression",
    "softmax-regression": "basic_ml.softmax_regression",
    "softmax-regression-tf1": "basic_ml.softmax_regression",
    "mlp-basic": "mlp.mlp",
    "mlp-dropout": "mlp.mlp",
    "mlp-dropout-tf1": "mlp.mlp",
    "mlp-batchnorm": "mlp.mlp",
    "mlp-backprop-scratch": "mlp.backprop_scratch",
    "mlp-backprop-scratch-sigmoid-mse": "mlp.backprop_scratch",
    "cnn-basic": "cnn.basic",
    "cnn-basic-wide": "cnn.basic",
    "cnn-basic-tf1": "cnn.basic",
    "cnn-he-init": "cnn.basic",
    "cnn-fc-to-conv": "cnn.fc_to_conv",
    "cnn-allconv": "cnn.allconv",
    "cnn-alexnet-cifar10": "cnn.alexnet",
    "cnn-alexnet-grouped-cifar10": "cnn.alexnet",
    "cnn-vgg16-cifar10": "cnn.vgg",
    "cnn-vgg19-cifar10": "cnn.vgg",
    "cnn-nin-cifar10": "cnn.nin",
    "cnn-nin-batchnorm": "cnn.nin",
    "cnn-lenet5-mnist": "cnn.lenet",
    "cnn-lenet5-cifar10": "cnn.lenet",
    "cnn-residual-blocks-mnist": "cnn.residual_blocks",
    "cnn-residual-blocks-mnist-identity": "cnn.residual_blocks",
    "cnn-resnet18-mnist": "cnn.resnet",
    "cnn-resnet34-mnist": "cnn.resnet",
    "cnn-resnet50-mnist": "cnn.resnet",
    "cnn-densenet121-mnist": "cnn.densenet",
    "cnn-densenet121-cifar10": "cnn.densenet",
    "cnn-airbench-cifar10": "cnn.airbench",
    "cnn-compact-mnist": "cnn.compact",
    "cnn-compact-mnist-fast": "cnn.compact",
    "cnn-vgg16-cifar10-fast": "cnn.vgg",
    "cnn-nin-cifar10-fast": "cnn.nin",
    "cnn-resnet18-mnist-fast": "cnn.resnet",
    "cnn-vgg16-celeba": "cnn.vgg",
    "cnn-resnet18-celeba": "cnn.resnet",
    "cnn-resnet34-celeba": "cnn.resnet",
    "cnn-resnet50-celeba": "cnn.resnet",
    "cnn-resnet101-celeba": "cnn.resnet",
    "cnn-resnet152-celeba": "cnn.resnet",
    "cnn-resnet18-celeba-small": "cnn.resnet",
    "cnn-resnet34-celeba-small": "cnn.resnet",
    "cnn-resnet50-celeba-small": "cnn.resnet",
    "cnn-resnet18-celeba-finetune": "cnn.resnet",
    "cnn-vgg16-celeba-small": "cnn.vgg",
    "cnn-mobilenet-v2-cifar10": "cnn.mobilenet",
    "cnn-mobilenet-v3-small-cifar10": "cnn.mobilenet",
    "cnn-mobilenet-v3-large-cifar10": "cnn.mobilenet",
    "cnn-mobilenet-v2-cifar10-fast": "cnn.mobilenet",
    "cnn-mobilenet-v3-small-cifar10-fast": "cnn.mobilenet",
    "cnn-mobilenet-v3-large-cifar10-fast": "cnn.mobilenet",
    "metric-siamese-mlp": "metric.siamese",
    "metric-siamese-mlp-2d": "metric.siamese",
    "metric-siamese-mlp-16d": "metric.siamese",
    "ae-basic": "autoencoder.dense",
    "ae-basic-tf1": "autoencoder.dense",
    "ae-deconv": "autoencoder.conv",
    "ae-deconv-tf1": "autoencoder.conv",
    "ae-deconv-nopool": "autoencoder.conv",
    "ae-deconv-jaccard": "autoencoder.conv",
    "ae-nneighbor": "autoencoder.conv",
    "ae-nneighbor-tf1": "autoencoder.conv",
    "ae-nneighbor-celeba": "autoencoder.deep",
    "ae-nneighbor-quickdraw": "autoencoder.conv",
    "ae-vae": "autoencoder.vae",
    "ae-conv-vae": "autoencoder.vae",
    "ae-cvae": "autoencoder.vae",
    "ae-cvae-no-out-concat": "autoencoder.vae",
    "ae-conv-cvae": "autoencoder.vae",
    "ae-conv-cvae-no-out-concat": "autoencoder.vae",
    "gan-fc-mnist": "gan.dense",
    "gan-conv-mnist": "gan.conv",
    "gan-conv-label-smoothing": "gan.conv",
    "gan-wgan-fc-mnist": "gan.dense",
    "gan-wgan-conv-mnist": "gan.conv",
    "gan-dcgan-celeba": "gan.conv",
    "rnn-simple-imdb": "rnn.sentiment",
    "rnn-simple-packed-imdb": "rnn.sentiment",
    "rnn-lstm-packed-imdb": "rnn.sentiment",
    "rnn-lstm-packed-imdb-glove": "rnn.sentiment",
    "rnn-lstm-packed-imdb-glove-50d": "rnn.sentiment",
    "rnn-lstm-packed-csv-imdb": "rnn.sentiment",
    "rnn-gru-packed-imdb": "rnn.sentiment",
    "rnn-bilstm-multilayer-imdb": "rnn.sentiment",
    "rnn-bilstm-imdb-fast": "rnn.voting",
    "rnn-char-dickens": "rnn.characters",
    "rnn-char-dickens-fast": "rnn.characters",
    "ordinal-coral-afadlite": "ordinal.vision",
    "ordinal-niu-afadlite": "ordinal.vision",
    "ordinal-niu-afadlite-alexnet": "ordinal.vision",
    "ordinal-beckham-afadlite": "ordinal.vision",
    "ordinal-baseline-afadlite-small": "ordinal.vision",
    "ordinal-coral-afadlite-small": "ordinal.vision",
    "ordinal-corn-afadlite-small": "ordinal.vision",
    "ordinal-niu-afadlite-small": "ordinal.vision",
    "ordinal-beckham-afadlite-small": "ordinal.vision",
    "ordinal-baseline-cement": "ordinal.mlp",
    "ordinal-coral-cement": "ordinal.mlp",
    "ordinal-corn-cement": "ordinal.mlp",
    "ordinal-niu-cement": "ordinal.mlp",
    "ordinal-beckham-cement": "ordinal.mlp",
    "ordinal-cdwce-cement": "ordinal.mlp",
    "ordinal-emd-cement": "ordinal.mlp",
    "ordinal-sord-cement": "ordinal.mlp",
    "ordinal-binomial-cement": "ordinal.mlp",
    "ordinal-clm-cement": "ordinal.mlp",
    "mech-standardize-images": "cnn.basic",
    "mech-char-rnn-own-text": "rnn.characters",
    "mech-lstm-own-csv": "rnn.sentiment",
    "mech-multi-gpu-vgg16-celeba": "cnn.vgg",
    "mech-sequential-hooks": "mlp.mlp",
    "mech-npz-chunks": "mlp.mlp",
    "mech-hdf5-images": "mlp.mlp",
    "mech-tfrecords": "mlp.mlp",
    "mech-file-queues": "mlp.mlp",
    "mech-dataset-api": "mlp.mlp",
    "mech-save-load": "mlp.mlp",
    "tricks-cyclical-lr": "cnn.basic",
    "tricks-cyclical-lr-triangular2": "cnn.basic",
    "tricks-cyclical-lr-exp-range": "cnn.basic",
    "tricks-cyclical-lr-fast": "cnn.basic",
    "vit-mnist": "transformer.vit",
}


@dataclass(frozen=True)
class Topic:
    """A topic that is no training of its own.

    Attributes:
        section, title, dataset: As in a recipe.
        command: The command that runs the topic; empty where it is not built yet.
    """

    section: str
    title: str
    dataset: str
    command: str = ""

    @property
    def says(self) -> str:
        """The message of `train` for this topic, to follow its id."""
        return f"is no training of its own; run: {self.command}" if self.command else "is not built yet"


OTHERS = {
    "data-mnist": Topic("data", "Handwritten digits", "mnist", "python -m tf_data.inspect mnist --sheet OUT.png"),
    "data-cifar10": Topic(
        "data", "Small colour images", "cifar10", "python -m tf_data.inspect cifar10 --sheet OUT.png"
    ),
    "data-svhn": Topic("data", "Street view house numbers", "svhn", "python -m tf_data.inspect svhn --sheet OUT.png"),
    "data-celeba": Topic("data", "Faces", "celeba", "python -m tf_data.inspect celeba --sheet OUT.png"),
    "data-quickdraw": Topic("data", "Drawings", "quickdraw", "python -m tf_data.inspect quickdraw --sheet OUT.png"),
    "mech-dataset-csv-hdf5": Topic(
        "mechanics",
        "A CSV file read in parts into HDF5",
        "iris",
        "python -m tf_data.convert FILE.csv --label COLUMN --to hdf5 --out DIR",
    ),
    "mech-dataset-celeba": Topic(
        "mechanics",
        "Faces with an attribute as label",
        "celeba",
        "python -m tf_data.convert celeba --to images --out DIR",
    ),
    "mech-dataset-quickdraw": Topic(
        "mechanics", "Drawings as PNG files", "quickdraw", "python -m tf_data.convert quickdraw --to images --out DIR"
    ),
    "mech-dataset-svhn": Topic(
        "mechanics", "House numbers as PNG files", "svhn", "python -m tf_data.convert svhn --to images --out DIR"
    ),
    "mech-pinned-memory": Topic(
        "mechanics", "Training with and without reading ahead", "cifar10", "python -m benchmarks prefetch"
    ),
    "mech-image-augmentation": Topic(
        "mechanics", "Images changed at random", "cifar10", "python -m tf_data.inspect cifar10 --augment OUT.png"
    ),
    "mech-weight-sharing": Topic(
        "mechanics", "One weight vector for ten classes", "mnist", "python -m tf_models.mechanics.weight_sharing"
    ),
    "mech-live-plot": Topic(
        "mechanics", "Curves that grow while a model trains", "mnist", "python -m tf_models.mechanics.live_plot"
    ),
    "mech-intermediate-gradients": Topic(
        "mechanics", "Gradients with respect to anything", "toy-2d", "python -m tf_models.mechanics.gradients"
    ),
}
