"""Special tokens and the chat template, from the files of a tokenizer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from catalog.inspectors.base import JsonObject, Problems, as_lines, as_object, as_text
from catalog.inspectors.files import Files
from catalog.inspectors.transformers_config import language_part
from registry.configs._text import LONGEST_TEMPLATE

SETTINGS: Final = "tokenizer_config.json"
LARGEST_SETTINGS: Final = 2 << 20
LARGEST_TOKENIZER: Final = 1 << 20  # the vocabulary inside is mostly far larger, and not needed
_MAP: Final = "special_tokens_map.json"
_ADDED: Final = "added_tokens.json"
_WHOLE: Final = "tokenizer.json"
_TEMPLATE: Final = "chat_template.jinja"
_OLD_TEMPLATE: Final = "chat_template.json"
_BYTES_A_CHARACTER: Final = 4
_TOKENS: Final = ("bos_token", "eos_token", "pad_token", "unk_token")
# Tokenizers without settings of their own, by the file that is there.
_KINDS: Final[Mapping[str, str]] = {
    "tekken.json": "tekken",
    "tokenizer.model.v3": "sentencepiece",
    "tokenizer.model": "sentencepiece",
    "spiece.model": "sentencepiece",
    "sentencepiece.bpe.model": "sentencepiece",
}


def tokenizer_facts(files: Files, config: JsonObject, problems: Problems) -> dict[str, str] | None:
    """Return `Tokenizer`; None where a version has no files of one.

    A token is what tokenizer_config.json says, older versions of which leave it to
    special_tokens_map.json; one that neither mentions is looked up by its number in config.json.
    A template that is too long is a problem and left out.
    """
    settings = files.object(SETTINGS, LARGEST_SETTINGS)
    told = {**settings}
    if "added_tokens_decoder" not in settings:
        told |= {name: value for name, value in files.object(_MAP).items() if value is not None}
    facts = {name: token_text(told.get(name)) for name in _TOKENS}
    facts |= _by_number(files, config, told)
    kind = as_text(settings.get("tokenizer_class")) or _KINDS.get(files.first(*_KINDS), "")
    facts |= {"kind": kind, "chat_template": _template(files, settings, problems)}
    return facts if any(facts.values()) else None


def token_text(token: object) -> str:
    """Return the text of a token that is written as such, or as an object around it."""
    return as_text(token.get("content") if isinstance(token, dict) else token)


def _by_number(files: Files, config: JsonObject, told: JsonObject) -> dict[str, str]:
    """Look up what is not mentioned at all; one that is null was left out on purpose."""
    part = language_part(config)
    wanted: dict[str, int] = {}
    for name in _TOKENS:
        number = _number(part.get(f"{name}_id", config.get(f"{name}_id")))
        if name not in told and number is not None:
            wanted[name] = number
    if not wanted:
        return {}
    texts = _numbered(files, told)
    return {name: texts[number] for name, number in wanted.items() if number in texts}


def _number(value: object) -> int | None:
    """The first, where there are several."""
    first = value[0] if isinstance(value, list) and value else value
    return first if isinstance(first, int) and not isinstance(first, bool) else None


def _numbered(files: Files, told: JsonObject) -> dict[int, str]:
    if decoder := as_object(told.get("added_tokens_decoder")):
        return {int(n): token_text(token) for n, token in decoder.items() if _is_index(n)}
    if files.has(_ADDED):
        found = files.object(_ADDED)
        return {n: as_text(text) for text, n in found.items() if isinstance(n, int)}
    if not files.is_within(_WHOLE, LARGEST_TOKENIZER):
        return {}
    added = files.object(_WHOLE, LARGEST_TOKENIZER).get("added_tokens")
    tokens = [as_object(token) for token in added] if isinstance(added, list) else []
    return {n: token_text(token) for token in tokens if isinstance(n := token.get("id"), int)}


def _is_index(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 10  # noqa: PLR2004 2**31 has ten


def _template(files: Files, settings: JsonObject, problems: Problems) -> str:
    """A file of its own counts more than the settings, as where transformers loads them."""
    if files.has(_TEMPLATE):
        text = files.text(_TEMPLATE, _BYTES_A_CHARACTER * LONGEST_TEMPLATE)
    else:
        text = _named(settings.get("chat_template"))
    if not text and files.has(_OLD_TEMPLATE):
        text = _named(files.object(_OLD_TEMPLATE).get("chat_template"))
    if len(text) > LONGEST_TEMPLATE:
        problems.add(f"The chat template has {len(text)} characters and is left out")
        return ""
    return text


def _named(told: object) -> str:
    """Several templates have names; the one that is used without asking is the default.

    Those in `additional_chat_templates/` all have other names.
    """
    if not isinstance(told, list):
        return as_lines(told)
    pairs = [as_object(entry) for entry in told[:100]]
    named = {as_text(pair.get("name")): pair.get("template") for pair in pairs}
    only = next(iter(named.values())) if len(named) == 1 else None
    return as_lines(named.get("default", only))
