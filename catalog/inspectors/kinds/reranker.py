"""Rerankers: how many scores, and what is done with them."""

from __future__ import annotations

from catalog.inspectors.base import JsonObject, as_object, as_text
from catalog.inspectors.kinds._encoder import encoder_facts, longest_text
from catalog.inspectors.kinds._labels import labels_of
from catalog.inspectors.subject import Facts, Subject


def facts(subject: Subject) -> Facts:
    """Read config.json and the tokenizer's limit."""
    found = encoder_facts(subject)
    return {
        **found,
        "max_seq_length": longest_text(subject.files, found),
        "num_labels": labels_of(subject.config)[1],
        "activation": _activation(subject.config),
    }


def _activation(config: JsonObject) -> str:
    """The last part of the class that sentence-transformers puts behind the scores."""
    told = as_object(config.get("sentence_transformers")).get("activation_fn")
    told = told or config.get("sbert_ce_default_activation_function")
    return as_text(told).rpartition(".")[2].lower()
