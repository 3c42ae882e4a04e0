"""The topics as TensorFlow 1 graphs, one file a family; `legacy_tf1.topics` names the function of each."""
