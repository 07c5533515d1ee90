"""Embedding models: how long the vectors are, how they are made and compared."""

from __future__ import annotations

from catalog.inspectors.base import as_count
from catalog.inspectors.kinds._encoder import encoder_facts, longest_text
from catalog.inspectors.sentence_transformers import is_pipeline, pipeline_facts
from catalog.inspectors.subject import Facts, Subject


def facts(subject: Subject) -> Facts:
    """Read the files of sentence-transformers where there are any; else the tokenizer's limit."""
    found = encoder_facts(subject)
    if is_pipeline(subject.files):
        found |= pipeline_facts(subject.files, subject.problems)
    # Whatever is done with the states of the last layer keeps their length, projections aside.
    width = as_count(subject.config.get("projection_dim")) or found.get("hidden_size")
    found["dimension"] = found.get("dimension") or width
    if found.get("max_seq_length") is None:
        found["max_seq_length"] = longest_text(subject.files, found)
    return found
