"""The shape of an encoder of text, and the longest text it is used with."""

from __future__ import annotations

from typing import Final

from catalog.inspectors import gguf_config
from catalog.inspectors.base import as_count, as_number
from catalog.inspectors.files import Files
from catalog.inspectors.sentence_transformers import body_folder
from catalog.inspectors.subject import CONFIG, Facts, Subject
from catalog.inspectors.tokenizer import LARGEST_SETTINGS, SETTINGS
from catalog.inspectors.transformers_config import embedding_facts

# Tokenizers that have no limit write a number of thirty digits.
_LONGEST: Final = 1 << 24


def encoder_facts(subject: Subject) -> Facts:
    """Return the fields of EncoderConfig that config.json says, be it in a folder of its own.

    Where there is none, a GGUF file says them.
    """
    if not subject.config and subject.gguf:
        return gguf_config.encoder_facts(subject.gguf)
    folder = "" if subject.config else body_folder(subject.files, subject.problems)
    inner = subject.files.object(f"{folder}/{CONFIG}") if folder else {}
    return embedding_facts(subject.config or inner)


def longest_text(files: Files, shape: Facts) -> int | None:
    """Return how many tokens the tokenizer keeps, never more than the model has places for."""
    told = files.object(SETTINGS, LARGEST_SETTINGS).get("model_max_length")
    kept = as_number(told, 1, _LONGEST)
    places = as_count(shape.get("max_position_embeddings"))
    return None if kept is None else min(int(kept), places or _LONGEST)
