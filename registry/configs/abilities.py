"""What a language model was made to do besides answering, as far as it can be told from outside."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from registry.configs.base import Category

_CODE: Final = re.compile(r"(\{[%{]|[%}]\})")  # where Jinja code begins and ends
_TEXT: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
# Names that templates take from the caller, see "Chat templates" in the docs of transformers.
_TOOLS: Final = re.compile(r"\b(?:tools|xml_tools|builtin_tools)\b")
_THINKING: Final = re.compile(
    r"\b(?:enable_thinking|thinking|thinking_budget|reasoning_content|reasoning_effort|reasoning)\b"
)
_THOUGHT: Final = ("<think>", "<|channel|>analysis", "[THINK]", "<seed:think>")
_FEATURES: Final[dict[str, Category]] = {
    "supports_function_calling": "tools",
    "supports_tool_choice": "tools",
    "supports_reasoning": "thinking",
    "supports_vision": "vision",
}


def abilities(template: str, features: Iterable[str] = ()) -> list[Category]:
    """Name tools and thinking where the chat template has a place for them, or the host says so.

    A template that only writes the word "tools" into its text has none: it must be a name in its
    code. The work is linear in the length of the template.
    """
    code = " ".join(_pieces(template))
    names = _TEXT.sub(" ", code)
    found = [_FEATURES[name] for name in features if name in _FEATURES]
    if _TOOLS.search(names):
        found.append("tools")
    if _THINKING.search(code) or any(mark in template for mark in _THOUGHT):
        found.append("thinking")
    return list(dict.fromkeys(found))


def _pieces(template: str) -> list[str]:
    found, inside = [], False
    for piece in _CODE.split(template):
        if piece in {"{%", "{{"}:
            inside = True
        elif piece in {"%}", "}}"}:
            inside = False
        elif inside:
            found.append(piece)
    return found
