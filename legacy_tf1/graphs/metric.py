"""A siamese network: two images through one encoder (Bromley et al. 1993)."""

import tensorflow as tf

from legacy_tf1.graphs.built import Built, finish, gradient_descent, minimize
from legacy_tf1.layers import activation as activation_of
from legacy_tf1.layers import dense

tf1 = tf.compat.v1


def siamese_mlp(
    graph: tf.Graph,
    hidden: tuple[int, ...] = (256, 256),
    embedding_dim: int = 1,
    activation: str | None = None,
    margin: float = 1.0,
    learning_rate: float = 0.1,
    seed: int = 0,
    dtype=tf.float32,
) -> Built:
    """Two flat digits, dense ReLU layers that both pass, and the contrastive loss of their distance.

    Half the squared distance of pairs of one class, half the squared distance that others lack of the margin (Hadsell,
    Chopra and LeCun 2006, equation 4). The notebook gives the loss two embeddings and no label, so that all digits end on
    one point; its start at deviations of 0.001 ends there with any loss, hence He's. Its embedding has a ReLU:
    `activation="relu"`.
    """
    with graph.as_default():
        tf1.set_random_seed(seed)
        sides = {side: tf1.placeholder(dtype, (None, 784), name=side) for side in ("first", "second")}
        same = tf1.placeholder(dtype, (None, 1), name="same")
        he = tf1.variance_scaling_initializer(2.0, mode="fan_in", distribution="truncated_normal")
        codes = []
        for x in sides.values():
            with tf1.variable_scope("", reuse=bool(codes)):
                for number, units in enumerate(hidden, 1):
                    x = dense(x, units, f"fc{number}", activation=tf.nn.relu, initializer=he)
                codes.append(dense(x, embedding_dim, "embedding", activation=activation_of(activation), initializer=he))
        squares = tf.reduce_sum(tf.square(codes[0] - codes[1]), axis=1, keepdims=True)
        distances = tf.sqrt(squares + 1e-12, name="distances")  # the root has no slope at 0
        lacking = tf.maximum(margin - distances, 0.0)
        pulls, pushes = same * tf.square(distances), (1 - same) * tf.square(lacking)
        loss = tf.reduce_mean((pulls + pushes) / 2, name="loss")
        right = tf.equal(tf.cast(distances < margin / 2, dtype), same)
        return finish(
            inputs=sides,
            targets=same,
            outputs=distances,
            loss=loss,
            train_op=minimize(gradient_descent(learning_rate, dtype), loss),
            metrics={"loss": loss, "pair_accuracy": tf.reduce_mean(tf.cast(right, tf.float32))},
        )
