"""Transformers: what attends to all parts of its input at once."""

from tf_models.transformer.vit import vit

__all__ = ["vit"]
