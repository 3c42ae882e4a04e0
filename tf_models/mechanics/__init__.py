"""Demonstrations of the mechanics around training: `python -m tf_models.mechanics.save_load`."""
