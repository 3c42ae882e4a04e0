"""The mechanics around training: saving and loading."""
