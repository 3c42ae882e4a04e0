"""How TensorFlow 1 fed its graphs, one mechanism a file, from the files that `tf_data.formats` writes.

Each module has `build(stored, ...)`, which adds its mechanism to the default graph and returns a `feed.Feed`. A `Feed`
opens a session with the mechanism at work, gives an epoch's feed dictionaries, and leaves no thread behind.

| topic             | module         | mechanism                                                                    |
| ----------------- | -------------- | ---------------------------------------------------------------------------- |
| mech-npz-chunks   | `npz_chunks`   | a Python generator over whole files, `feed_dict`                             |
| mech-hdf5-images  | `hdf5_images`  | runs of rows, shuffled in memory, `feed_dict`                                |
| mech-tfrecords    | `tfrecords`    | `TFRecordReader`, `shuffle_batch`                                            |
| mech-file-queues  | `file_queues`  | `string_input_producer`, `WholeFileReader`, `QueueRunner`, `Coordinator`     |
| mech-dataset-api  | `dataset_api`  | `tf.data` with one-shot, initialisable, reinitialisable, feedable iterators  |
| mech-save-load    | `save_load`    | `Saver`, a meta graph alone, npz into constants                              |

`training.train` trains the common perceptron through any of the first five; see `README.md` here for what became of each.
"""
