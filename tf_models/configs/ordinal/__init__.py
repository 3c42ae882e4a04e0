"""Recipes for ordered labels."""
