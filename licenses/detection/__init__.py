"""Reads what a model says about its license: card values and license files in, a finding out."""
