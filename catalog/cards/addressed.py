"""Text of a card that talks to a language model in place of its readers.

A sieve and not the wall: such blocks are neither sent nor taken as evidence. What holds without it
is that nothing but the card's own words can be kept (`catalog/cards/grounding.py`).
"""

from __future__ import annotations

import re
from typing import Final

_GAP: Final = r"[\w\s,'’-]{0,40}"
_ADDRESSED = re.compile(
    rf"\b(?:ignore|disregard|forget|override|bypass)\b{_GAP}\b(?:instructions?|prompts?|rules|guidelines)\b"
    r"|\b(?:system|developer|hidden|initial)\s+(?:prompt|message|instructions?)\b"
    r"|(?:^|[.!?:;\n])\s{0,9}(?:please )?(?:respond|reply|answer|output|print|return|say|write)\b"
    rf"{_GAP}\b(?:only|exactly|verbatim|instead)\b"
    r"|\byou are (?:now|no longer)\b|\bas an? (?:ai|large language) (?:language )?model,? you\b"
    r"|\b(?:new|additional|updated) instructions?\s*:"
    r"|(?:^|\n)\s{0,9}(?:system|assistant|developer)\s{0,3}:"
    r"|</?(?:system|assistant|user|instructions?|card)[\w-]*>|<\|[\w-]{2,20}\|>|\[/?INST\]"
    r"|\b(?:ignorier|vergiss)\w*\b.{0,40}\b(?:anweisung|vorgabe)\w*"
    r"|\b(?:ignore[sz]?|oublie[sz]?)\b.{0,40}\b(?:consignes|instructions)\b"
    r"|\b(?:ignora|olvida)\b.{0,40}\binstrucciones\b|忽略.{0,12}(?:指令|提示|说明|要求)",
    re.IGNORECASE,
)


def talks_to_a_model(text: str) -> bool:
    """Tell whether a text gives orders to whatever model reads it."""
    return bool(_ADDRESSED.search(text))
