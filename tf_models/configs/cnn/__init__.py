"""Recipes of convolutional networks."""
