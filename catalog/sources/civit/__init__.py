"""Parts of the CivitAI source: references, answers, files, card, refusals."""
