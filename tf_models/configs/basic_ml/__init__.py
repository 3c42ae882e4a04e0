"""Recipes of traditional machine learning."""
