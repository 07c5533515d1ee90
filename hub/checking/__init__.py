"""The check of the public address: a run of the doctor with a key of its own, and its page."""
