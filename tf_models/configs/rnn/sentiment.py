"""Recipes of `tf_models/rnn/sentiment.py`.

The original's figures come from 20,000 / 5,000 / 25,000 reviews of the full official archive; on a table of reviews the
split is another one, see `tf_data/datasets/imdb.py`.
"""

from dataclasses import replace

from tf_models.configs.recipe import ADAM, Original, Recipe

LABELS = "Positive is class 1 here; in the original the order of the labels followed from their frequency."

CUT = "Texts are cut into words by rules of our own (tf_data/words.py), in small letters; the original takes spaCy's."

LSTM_BIASES = "Keras has one bias for each gate where PyTorch adds two, so there are 1,024 parameters less."

RNN_SIMPLE = Recipe(
    id="rnn-simple-imdb",
    section="rnn",
    title="A simple recurrent network on padded reviews, which fails",
    builder="sentiment_rnn",
    model={"vocabulary": 20_000, "classes": 2, "cell": "simple", "embedding_dim": 64, "units": 128, "packed": False},
    dataset="imdb",
    transform={"name": "text", "size": 20_000},
    task="classify",
    optimizer="adam",
    learning_rate=1e-4,
    optimizer_options=ADAM,
    batch_size=128,
    epochs=15,
    seed=123,
    parameters=1_304_961,
    original=Original(
        "pytorch_ipynb/rnn/rnn_simple_imdb.ipynb",
        {"test_accuracy": 0.4638, "train_accuracy": 0.5016, "validation_accuracy": 0.5068, "minutes": 6.35},
    ),
    notes=(
        "The network reads on through the padding, as the original wants to show: what it has read is gone by then.",
        "Keras has one bias for each gate where PyTorch adds two, so there are 128 parameters less.",
        LABELS,
        CUT,
    ),
)

RNN_SIMPLE_PACKED = replace(
    RNN_SIMPLE,
    id="rnn-simple-packed-imdb",
    title="A simple recurrent network on packed reviews",
    model={"vocabulary": 20_000, "classes": 2, "cell": "simple", "embedding_dim": 128, "units": 256, "packed": True},
    parameters=2_659_073,
    original=Original(
        "pytorch_ipynb/rnn/rnn_simple_packed_imdb.ipynb",
        {"test_accuracy": 0.7394, "train_accuracy": 0.7931, "validation_accuracy": 0.7372, "minutes": 2.01},
    ),
    notes=(
        "Padding is masked, which gives the results of PyTorch's packed sequences.",
        "The original compares this with rnn-simple-imdb, which is half as large; --set model.packed=False compares like with like.",
        "Keras has one bias for each gate where PyTorch adds two, so there are 256 parameters less.",
        LABELS,
        CUT,
    ),
)

RNN_LSTM_PACKED = replace(
    RNN_SIMPLE,
    id="rnn-lstm-packed-imdb",
    title="An LSTM on packed reviews",
    model={"vocabulary": 20_000, "classes": 2, "cell": "lstm", "embedding_dim": 128, "units": 256, "packed": True},
    parameters=2_954_753,
    original=Original(
        "pytorch_ipynb/rnn/rnn_lstm_packed_imdb.ipynb",
        {"test_accuracy": 0.8508, "train_accuracy": 0.918, "validation_accuracy": 0.8416, "minutes": 3.07},
    ),
    notes=(
        LSTM_BIASES,
        LABELS,
        CUT,
    ),
)

RNN_LSTM_PACKED_GLOVE = replace(
    RNN_SIMPLE,
    id="rnn-lstm-packed-imdb-glove",
    title="An LSTM on packed reviews, from GloVe's vectors",
    model={
        "vocabulary": 20_000,
        "classes": 2,
        "cell": "lstm",
        "embedding_dim": 100,
        "units": 256,
        "packed": True,
        "frozen": False,
    },
    transform={"name": "text", "size": 20_000, "vectors": "glove"},
    parameters=2_366_025,
    original=Original(
        "pytorch_ipynb/rnn/rnn_lstm_packed_imdb-glove.ipynb",
        {"test_accuracy": 0.846, "train_accuracy": 0.9081, "validation_accuracy": 0.8536, "minutes": 2.45},
        "the original's embedding never gets GloVe's vectors: it is random, of 128 numbers a word",
    ),
    notes=(
        "The original asks for glove.6B.100d but never copies the vectors into its embedding, which stays random; here "
        "the embedding begins with them. Words that GloVe does not have begin as N(0, 1).",
        "--set model.embedding_dim=50 takes glove.6B.50d, and so on; --set model.frozen=True keeps the vectors as they are.",
        LSTM_BIASES,
        LABELS,
        CUT,
    ),
)

RNN_LSTM_PACKED_GLOVE_50D = replace(
    RNN_SIMPLE,
    id="rnn-lstm-packed-imdb-glove-50d",
    title="An LSTM on packed reviews, from GloVe's vectors of 50 numbers",
    model={
        "vocabulary": 20_000,
        "classes": 2,
        "cell": "lstm",
        "embedding_dim": 50,
        "units": 256,
        "packed": True,
        "frozen": False,
    },
    transform={"name": "text", "size": 20_000, "vectors": "glove"},
    parameters=1_314_725,
    original=RNN_LSTM_PACKED_GLOVE.original,
    notes=(
        "The recipe of rnn-lstm-packed-imdb-glove with half as many numbers a word. Words that GloVe does not have begin as "
        "N(0, 1).",
        "--set model.frozen=True keeps the vectors as they are.",
        LSTM_BIASES,
        LABELS,
        CUT,
    ),
)

RNN_LSTM_PACKED_CSV = replace(
    RNN_SIMPLE,
    id="rnn-lstm-packed-csv-imdb",
    title="An LSTM on packed reviews from a CSV file",
    model={"vocabulary": 20_000, "classes": 2, "cell": "lstm", "embedding_dim": 128, "units": 256, "packed": True},
    data={"form": "csv"},
    parameters=2_954_753,
    original=Original(
        "pytorch_ipynb/rnn/rnn_lstm_packed_own_csv_imdb.ipynb",
        {"test_accuracy": 0.8688, "train_accuracy": 0.8971, "validation_accuracy": 0.8554, "minutes": 4.34},
    ),
    notes=(
        "The original mixes up two of its three splits: it tests on 2,500 reviews and validates on 10,000. Here the table is cut as tf_data/datasets/imdb.py says, without the reviews that repeat another.",
        "Class 1 had index 0 in the original, which prints 1 - output therefore; here the output is the probability of class 1.",
        "A table of your own: --csv FILE --text-column COLUMN --label-column COLUMN.",
        LSTM_BIASES,
        CUT,
    ),
)

RNN_GRU_PACKED = replace(
    RNN_SIMPLE,
    id="rnn-gru-packed-imdb",
    title="A GRU on packed reviews",
    model={"vocabulary": 20_000, "classes": 2, "cell": "gru", "embedding_dim": 128, "units": 256, "packed": True},
    parameters=2_856_961,
    original=Original(
        "pytorch_ipynb/rnn/rnn_gru_packed_imdb.ipynb",
        {"test_accuracy": 0.8509, "train_accuracy": 0.9088, "validation_accuracy": 0.8488, "minutes": 2.79},
    ),
    notes=(
        LABELS,
        CUT,
    ),
)

RNN_BILSTM = replace(
    RNN_SIMPLE,
    id="rnn-bilstm-multilayer-imdb",
    title="A bidirectional LSTM of two layers on packed reviews",
    model={
        "vocabulary": 20_000,
        "classes": 2,
        "cell": "lstm",
        "embedding_dim": 128,
        "units": 128,
        "layers": 2,
        "bidirectional": True,
        "packed": True,
    },
    parameters=3_217_921,
    original=Original(
        "pytorch_ipynb/rnn/rnn_lstm_bi_imdb.ipynb",
        {"test_accuracy": 0.8321, "train_accuracy": 0.9102, "validation_accuracy": 0.8328, "minutes": 5.06},
    ),
    notes=(
        "The original's list links the notebook of the GRU by mistake; this is the LSTM's.",
        "Keras has one bias for each gate where PyTorch adds two, so there are 2,048 parameters less.",
        LABELS,
        CUT,
    ),
)

MECH_LSTM_OWN_CSV = replace(
    RNN_SIMPLE,
    id="mech-lstm-own-csv",
    section="mechanics",
    title="An LSTM on packed texts from a CSV file of your own",
    model={"vocabulary": 20_000, "classes": 2, "cell": "lstm", "embedding_dim": 128, "units": 256, "packed": True},
    dataset="text-csv",
    parameters=2_954_753,
    original=Original("pytorch_ipynb/rnn/rnn_lstm_packed_own_csv_imdb.ipynb"),
    notes=(
        "Name the table with --csv FILE --text-column COLUMN --label-column COLUMN; the network gets as many outputs as "
        "there are labels.",
        "The original's split has validation and test exchanged; here it is 70/10/20, each label in proportion.",
    ),
)
