"""Keras' recurrent layers by the names that builders take."""

import keras

CELLS = {"simple": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}
