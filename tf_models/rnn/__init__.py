"""Recurrent networks that read texts, and that write them."""

from tf_models.rnn.characters import char_rnn
from tf_models.rnn.sentiment import sentiment_rnn
from tf_models.rnn.voting import voting_rnn

__all__ = ["char_rnn", "sentiment_rnn", "voting_rnn"]
