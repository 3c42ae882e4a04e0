"""Recipes of generative adversarial networks."""
