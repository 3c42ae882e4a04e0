"""Recipes of `tf_models/rnn/characters.py`."""

from dataclasses import replace

from tf_models.configs.recipe import ADAM, Original, Recipe

RNN_CHAR_DICKENS = Recipe(
    id="rnn-char-dickens",
    section="rnn",
    title="A character model continues Dickens",
    builder="char_rnn",
    model={"alphabet": 99, "cell": "gru", "embedding_dim": 100, "units": 100},
    dataset="dickens",
    data={"hold_out": 0.05, "test": 0.05},
    transform={"name": "characters", "size": 99},
    task="continue-text",
    task_options={"length": 200, "prime": "Th", "temperature": 0.8},
    optimizer="adam",
    learning_rate=5e-3,
    optimizer_options=ADAM,
    batch_size=1,
    epochs=6,
    seed=123,
    parameters=80_700,
    original=Original("pytorch_ipynb/rnn/char_rnn-charlesdickens.ipynb", {"train_loss": 1.78, "minutes": 50.19}),
    notes=(
        "Six epochs are 20,400 steps of one window of 200 characters; the original makes 20,000.",
        "The original holds nothing out; here the last 5 % of the text are scored, and the 5 % before them validate.",
        "The original folds the text to ASCII and takes Python's 100 printable characters; here the alphabet is the "
        "text's own, as much of it as 99 outputs hold, and one output more stands for every other character.",
        "A window of the original can end one character behind the text; here none does.",
        "The width of the embedding was taken from the hidden size by mistake; here both are 100, each by its own name.",
    ),
)

RNN_CHAR_DICKENS_FAST = replace(
    RNN_CHAR_DICKENS,
    id="rnn-char-dickens-fast",
    title="A larger LSTM continues Dickens, 64 windows a step",
    model={
        "alphabet": 99,
        "cell": "lstm",
        "embedding_dim": 64,
        "units": 768,
        "dropout": 0.5,
        "recurrent_dropout": 0.3,
    },
    task_options={"length": 100, "prime": "Th", "temperature": 0.8},
    learning_rate=3e-3,
    schedule={"name": "one-cycle", "rise": 0.1},
    batch_size=64,
    epochs=40,
    parameters=2_642_276,
    original=None,
    notes=(
        "Counting four characters before each one costs 2.09 bits a character on the same last 5 % of the text.",
        "With 512 units and no dropped states, 32 windows of 200 a step, it ends at 1.90 bits; with 30 % of these states "
        "dropped at 1.86.",
    ),
)

MECH_CHAR_RNN_OWN_TEXT = replace(
    RNN_CHAR_DICKENS,
    id="mech-char-rnn-own-text",
    section="mechanics",
    title="A character model continues a text of your own",
    dataset="text-file",
    data={},
    task_options={"length": 200, "prime": "", "temperature": 0.8},
    original=Original("pytorch_ipynb/rnn/char_rnn-charlesdickens.ipynb"),
    notes=(
        "Name the file with --text FILE; alphabet and outputs are those of the text, in any script.",
        "The original maps the text to 100 printable ASCII characters, which leaves nothing of a Chinese one.",
    ),
)
