"""Language models: shape, tokenizer, advised sampling."""

from __future__ import annotations

from catalog.inspectors import gguf_config
from catalog.inspectors.sampling import sampling_facts
from catalog.inspectors.subject import Facts, Subject
from catalog.inspectors.tokenizer import tokenizer_facts
from catalog.inspectors.transformers_config import llm_facts


def facts(subject: Subject) -> Facts:
    """Read generation_config.json, tokenizer_config.json and at most three files beside it.

    A GGUF file holds all of it itself.
    """
    if not subject.config and subject.header and subject.gguf:
        return gguf_config.llm_facts(subject.header, subject.gguf, subject.problems)
    return {
        **llm_facts(subject.config),
        "sampling": sampling_facts(subject.files),
        "tokenizer": tokenizer_facts(subject.files, subject.config, subject.problems),
    }
