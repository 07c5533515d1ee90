"""Readers of file headers: what weights are, from the first bytes or the directory of a file."""
