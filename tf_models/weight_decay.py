"""What weight decay leaves alone."""

import keras

# As PyTorch users write it: a batch norm undoes the scale of the weights before it, so its own must not shrink.
UNDECAYED = ("bias", "gamma", "beta")


def exempt_from_decay(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """The optimizer, not built yet, told to leave biases and batch-norm parameters out of its weight decay."""
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)  # the one that decays, where losses are scaled
    # Keras compares with a variable's name, but on TensorFlow with the backend's: `hidden/bias:0`.
    optimizer.exclude_from_weight_decay(var_names=[rf"(^|/){name}(:\d+)?$" for name in UNDECAYED])
    return optimizer
