"""The same samples by feed, by queue, and by `tf.data`. `legacy_tf1.pipelines` has all ways, and their speed."""

import numpy as np
import tensorflow as tf

tf1 = tf.compat.v1
TITLE = "samples on their way in"
WATCH = "A queue gives nothing until its runners are started, and then waits forever. Start them, ask the coordinator, and join."

SAMPLES = np.arange(6, dtype=np.float32)


def then():
    with tf1.Graph().as_default():
        # [queue]
        queue = tf1.FIFOQueue(10, tf.float32, shapes=[()])
        fill = queue.enqueue_many([tf.constant(SAMPLES)])
        runner = tf1.train.QueueRunner(queue, [fill])
        tf1.train.add_queue_runner(runner)
        batch = queue.dequeue_many(3)
        place = tf1.placeholder(tf.float32, (3,))
        # [start]
        with tf1.Session() as session:
            coordinator = tf1.train.Coordinator()
            threads = tf1.train.start_queue_runners(session, coordinator)
            try:
                # [take]
                queued = [session.run(batch) for _ in range(2)]
                fed = [session.run(place, {place: SAMPLES[start : start + 3]}) for start in (0, 3)]
            finally:
                coordinator.request_stop()
                session.run(queue.close(cancel_pending_enqueues=True))
                coordinator.join(threads)
    assert np.array_equal(queued, fed)
    return {"batches": np.array(queued)}


def now():
    # [queue]
    dataset = tf.data.Dataset.from_tensor_slices(SAMPLES).batch(3)
    # [take]
    return {"batches": np.array(list(dataset.as_numpy_iterator()))}


def trap():
    with tf1.Graph().as_default():
        queue = tf1.FIFOQueue(10, tf.float32, shapes=[()])
        tf1.train.add_queue_runner(tf1.train.QueueRunner(queue, [queue.enqueue_many([tf.constant(SAMPLES)])]))
        batch = queue.dequeue_many(3)
        # Without this limit the next line would never end.
        patience = tf1.ConfigProto(operation_timeout_in_ms=200)
        with tf1.Session(config=patience) as session:
            try:
                session.run(batch)
                outcome = "nothing"
            except tf.errors.DeadlineExceededError as error:
                outcome = type(error).__name__
    return {"a queue whose runners were not started, after 0.2 s": outcome}
