"""How an Ollama takes a model: pulled by its own name from this yard, or made from its files."""

from __future__ import annotations

import re
from shlex import quote
from typing import Final
from urllib.parse import urlsplit

from catalog.chat_formats import chat_format
from catalog.pages.snippets.pinned import Pinned
from downloads.planning.quantizations import quantization_of
from registry.configs import ModelConfig

_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_UNKNOWN: Final = (
    "# Its chat template is of no format that is known here: Ollama gets none from this yard.\n"
)


def pull(pinned: Pinned, weights: str) -> str:
    """The line that pulls `main`; '' where that is another version, or Ollama has no such name."""
    owner, slash, name = pinned.repo.partition("/")
    version = pinned.version
    tag = quantization_of(weights) or weights.rpartition("/")[2]
    is_said = bool(slash) and "." not in owner and _TAG.fullmatch(tag)
    if version.model.head_id != version.pk or not is_said:
        return ""
    yard = urlsplit(pinned.endpoint)
    plain = yard.scheme == "http"
    place = f"http://{yard.netloc}" if plain else yard.netloc
    given = f"{'--insecure ' if plain else ''}{quote(f'{place}/{owner}/{name}:{tag}')}"
    keys = f"{yard.scheme}://{yard.netloc}/keys/"
    return f"# once: register this Ollama's id_ed25519.pub at {keys}\nollama pull {given}\n"


def chat_note(config: ModelConfig) -> str:
    """Say that a chat has to be written by its reader, where it has a template nobody knows."""
    tokenizer = getattr(config, "tokenizer", None)
    template = tokenizer.chat_template if tokenizer else ""
    return _UNKNOWN if template and chat_format(template) is None else ""
