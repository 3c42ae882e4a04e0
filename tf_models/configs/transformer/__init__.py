"""Recipes of transformers."""
