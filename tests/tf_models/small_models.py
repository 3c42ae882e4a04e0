"""Large networks are counted as they are; they are trained, saved and exported as a small one of the same builder."""

BASIC = {"depth": 18, "blocks": (1, 1, 1, 1), "filters": 4, "classes": 2, "input_shape": (28, 28, 1)}
BOTTLENECK = {**BASIC, "depth": 50}
VGG = {"depth": 11, "filters": 4, "hidden": (32,), "classes": 2, "input_shape": (32, 32, 3)}
ALEXNET = {"filters": 4, "hidden": (64,), "dropout": 0.0}
NIN = {"filters": 32, "bottleneck": (32, 32), "dropout": 0.0, "classes": 2, "input_shape": (16, 16, 3)}
DENSENET = {"blocks": (1, 1, 1, 1), "growth": 8, "classes": 2, "input_shape": (32, 32, 3)}
MOBILE = {"classes": 2, "input_shape": (16, 16, 3), "dropout": 0.0}
MOBILENET_V2 = {**MOBILE, "width": 0.5, "blocks": ((1, 16, 1, 1), (6, 32, 2, 2))}
MOBILENET_V3 = {
    **MOBILE,
    "size": "small",
    "width": 0.5,
    "blocks": ((3, 16, 16, True, "relu", 2), (5, 64, 16, True, "hard_silu", 1)),
}
RECURRENT = {"vocabulary": 60, "embedding_dim": 8, "units": 8}
FACES = {"depth": 18, "blocks": (1, 1, 1, 1), "filters": 4, "input_shape": (28, 28, 3)}
SMALL = {
    "rnn-simple-imdb": RECURRENT,
    "rnn-simple-packed-imdb": RECURRENT,
    "rnn-lstm-packed-imdb": RECURRENT,
    "rnn-lstm-packed-imdb-glove": RECURRENT,
    "rnn-lstm-packed-imdb-glove-50d": RECURRENT,
    "rnn-lstm-packed-csv-imdb": RECURRENT,
    "rnn-gru-packed-imdb": RECURRENT,
    "rnn-bilstm-multilayer-imdb": RECURRENT,
    "rnn-bilstm-imdb-fast": {**RECURRENT, "pairs": 50, "dropout": 0.0},
    "mech-lstm-own-csv": RECURRENT,
    "rnn-char-dickens-fast": {"embedding_dim": 8, "units": 16},
    "vit-mnist": {"blocks": 2},
    "cnn-mobilenet-v2-cifar10": MOBILENET_V2,
    "cnn-mobilenet-v3-small-cifar10": MOBILENET_V3,
    "cnn-mobilenet-v3-large-cifar10": MOBILENET_V3,
    "cnn-mobilenet-v2-cifar10-fast": MOBILENET_V2,
    "cnn-mobilenet-v3-small-cifar10-fast": MOBILENET_V3,
    "cnn-mobilenet-v3-large-cifar10-fast": MOBILENET_V3,
    "cnn-densenet121-mnist": DENSENET,
    "cnn-densenet121-cifar10": DENSENET,
    "cnn-airbench-cifar10": {"filters": (32, 32, 32)},
    "cnn-alexnet-cifar10": ALEXNET,
    "cnn-alexnet-grouped-cifar10": ALEXNET,
    "cnn-vgg16-cifar10": VGG,
    "cnn-vgg16-cifar10-fast": VGG,
    "cnn-nin-cifar10-fast": NIN,
    "cnn-resnet18-mnist-fast": BASIC,
    "cnn-resnet18-celeba-small": BASIC,
    "cnn-resnet34-celeba-small": BASIC,
    "cnn-resnet50-celeba-small": BOTTLENECK,
    "cnn-resnet18-celeba-finetune": BASIC,
    "cnn-vgg16-celeba-small": VGG,
    "cnn-vgg19-cifar10": VGG,
    "cnn-vgg16-celeba": VGG,
    "mech-multi-gpu-vgg16-celeba": VGG,
    "cnn-nin-cifar10": NIN,
    "cnn-nin-batchnorm": NIN,
    "cnn-resnet18-mnist": BASIC,
    "cnn-resnet34-mnist": BASIC,
    "cnn-resnet50-mnist": BOTTLENECK,
    "cnn-resnet18-celeba": BASIC,
    "cnn-resnet34-celeba": BASIC,
    "cnn-resnet50-celeba": BOTTLENECK,
    "cnn-resnet101-celeba": BOTTLENECK,
    "cnn-resnet152-celeba": BOTTLENECK,
    "ae-nneighbor-celeba": {"input_shape": (28, 28, 3), "filters": (4, 8), "latent_dim": 20},
    "gan-dcgan-celeba": {"filters": 4},
    "ordinal-niu-afadlite-alexnet": {"filters": 4, "hidden": (64,), "dropout": 0.0, "input_shape": (64, 64, 3)},
    "ordinal-coral-afadlite": FACES,
    "ordinal-niu-afadlite": FACES,
    "ordinal-beckham-afadlite": FACES,
    "ordinal-baseline-afadlite-small": FACES,
    "ordinal-coral-afadlite-small": FACES,
    "ordinal-corn-afadlite-small": FACES,
    "ordinal-niu-afadlite-small": FACES,
    "ordinal-beckham-afadlite-small": FACES,
}
