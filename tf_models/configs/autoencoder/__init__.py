"""Recipes of autoencoders and variational autoencoders."""
