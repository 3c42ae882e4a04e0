"""Recurrent networks that read texts."""

from tf_models.rnn.sentiment import sentiment_rnn

__all__ = ["sentiment_rnn"]
