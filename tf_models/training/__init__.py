"""One trainer for all recipes: run directory, checkpoints, compiled loop, devices."""
