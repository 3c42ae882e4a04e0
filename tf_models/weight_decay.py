"""What weight decay leaves alone."""

import keras

# As PyTorch users write it: a batch norm undoes the scale of the weights before it, so its own must not shrink.
UNDECAYED = ("bias", "gamma", "beta")


def exempt_from_decay(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """The optimizer, not built yet, set to leave biases and batch-norm parameters out of its weight decay."""
    decaying = getattr(optimizer, "inner_optimizer", optimizer)  # where losses are scaled, the one within
    # Keras compares with a variable's name, but on TensorFlow with the backend's: `hidden/bias:0`.
    decaying.exclude_from_weight_decay(var_names=[rf"(^|/){name}(:\d+)?$" for name in UNDECAYED])
    return optimizer
