"""Recipes of recurrent networks."""
