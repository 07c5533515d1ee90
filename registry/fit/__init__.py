"""How much memory a model takes, and which devices hold it."""
