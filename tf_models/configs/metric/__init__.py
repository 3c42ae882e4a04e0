"""Recipes of metric learning."""
