"""How weights are carried between TensorFlow 1 and Keras; `legacy_tf1.bridge` is the door, as a command and from Python.

| module       | knows                                                                                    |
| ------------ | ---------------------------------------------------------------------------------------- |
| `sources`    | every kind of file that holds TensorFlow 1 variables                                      |
| `parts`      | which variables are weights, which slots, shadows and counters                            |
| `slots`      | which slot of a TensorFlow 1 optimizer is which variable of a Keras one                   |
| `constants`  | what the nodes of a graph hold: epsilons, slopes, learning rates, operations unknown here |
| `notebooks`  | the names and constants that the original notebooks have                                  |
| `topics`     | any source to the names of a topic's graph                                                |
| `proposals`  | which variable of any net is which of a Keras model, by name, shape and order             |
| `cells`      | LSTM and GRU cells, whose gates lie in another order                                      |
| `models`     | any source into any Keras model, and back                                                 |
"""
