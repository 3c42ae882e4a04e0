"""Recipes of multilayer perceptrons."""
