"""Formats of chats: known by the shape of a Jinja template, which is read and never rendered.

A template is taken apart into the texts it writes, with marks where a message's role, its content
and the end token stand. Only a format whose turns are found in that as they are known is named; of
any other nothing is said, since a wrong format makes a model answer badly and nobody sees why.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

ROLE: Final = "\ue000"
CONTENT: Final = "\ue001"
END: Final = "\ue002"
_MARKS: Final = {"role": ROLE, "content": CONTENT, "text": CONTENT, "eos_token": END}


class Turn(NamedTuple):
    """What stands before and after what somebody says."""

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ChatFormat:
    """How turns are written. Without a turn for the system its text begins that of the user."""

    slug: str
    needs: tuple[str, ...]
    user: Turn
    assistant: Turn
    system: Turn | None = None
    stops: tuple[str, ...] = ()
    refuses: tuple[str, ...] = ()

    def knows(self, skeleton: str) -> bool:
        found = all(re.search(need, skeleton) for need in self.needs)
        return found and not any(text in skeleton for text in self.refuses)

    @property
    def go_template(self) -> str:
        """The format in Go's template language, as every Ollama reads it: one turn at a time."""
        prompt = "{{ .Prompt }}"
        system = ""
        if self.system is None:
            prompt = "{{ if .System }}{{ .System }}\n\n{{ end }}" + prompt
        else:
            inner = f"{self.system.before}{{{{ .System }}}}{self.system.after}"
            system = f"{{{{ if .System }}}}{inner}{{{{ end }}}}"
        user = f"{{{{ if .Prompt }}}}{self.user.before}{prompt}{self.user.after}{{{{ end }}}}"
        return f"{system}{user}{self.assistant.before}{{{{ .Response }}}}{self.assistant.after}"


def _named(before: str, between: str, after: str) -> dict[str, Turn]:
    """Turns that differ by the name of who speaks alone."""
    names = ("user", "assistant", "system")
    return {name: Turn(f"{before}{name}{between}", after) for name in names}


_ANYBODY: Final = f"(?:user|{ROLE})"
_INST: Final = ("<<SYS>>", "[SYSTEM_PROMPT]", "[AVAILABLE_TOOLS]")
FORMATS: Final = (
    ChatFormat(
        "chatml",
        (rf"<\|im_start\|>{_ANYBODY}\n{CONTENT}<\|im_end\|>\n", r"<\|im_start\|>assistant\n"),
        stops=("<|im_start|>", "<|im_end|>"),
        refuses=("<|im_sep|>",),
        **_named("<|im_start|>", "\n", "<|im_end|>\n"),
    ),
    ChatFormat(
        "phi4",
        (
            rf"<\|im_start\|>{_ANYBODY}<\|im_sep\|>{CONTENT}<\|im_end\|>",
            r"<\|im_start\|>assistant<\|im_sep\|>",
        ),
        stops=("<|im_start|>", "<|im_sep|>", "<|im_end|>"),
        **_named("<|im_start|>", "<|im_sep|>", "<|im_end|>"),
    ),
    ChatFormat(
        "llama3",
        (
            rf"<\|start_header_id\|>{_ANYBODY}<\|end_header_id\|>\n\n{CONTENT}<\|eot_id\|>",
            r"<\|start_header_id\|>assistant<\|end_header_id\|>\n\n",
        ),
        stops=("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
        **_named("<|start_header_id|>", "<|end_header_id|>\n\n", "<|eot_id|>"),
    ),
    ChatFormat(
        "gemma",
        (
            rf"<start_of_turn>{_ANYBODY}\n",
            rf"{CONTENT}[^{CONTENT}]*<end_of_turn>\n",
            "<start_of_turn>model\n",
        ),
        user=Turn("<start_of_turn>user\n", "<end_of_turn>\n"),
        assistant=Turn("<start_of_turn>model\n", "<end_of_turn>\n"),
        stops=("<start_of_turn>", "<end_of_turn>"),
    ),
    ChatFormat(
        "mistral",
        (rf"\[INST\] {CONTENT} \[/INST\]", rf"{CONTENT}{END}"),
        user=Turn("[INST] ", " [/INST]"),
        assistant=Turn("", "</s>"),
        stops=("[INST]", "[/INST]"),
        refuses=_INST,
    ),
    ChatFormat(
        "mistral-v3",
        (rf"\[INST\] {CONTENT}\[/INST\]", f" {CONTENT}{END}"),
        user=Turn("[INST] ", "[/INST]"),
        assistant=Turn(" ", "</s>"),
        stops=("[INST]", "[/INST]"),
        refuses=_INST[:2],
    ),
    ChatFormat(
        "mistral-tekken",
        (rf"\[INST\]{CONTENT}\[/INST\]", f"{CONTENT}{END}"),
        user=Turn("[INST]", "[/INST]"),
        assistant=Turn("", "</s>"),
        stops=("[INST]", "[/INST]"),
        refuses=_INST[:2],
    ),
    ChatFormat(
        "zephyr",
        (rf"<\|(?:user|{ROLE})\|>\n{CONTENT}{END}", r"<\|assistant\|>"),
        stops=("<|system|>", "<|user|>", "<|assistant|>", "</s>"),
        refuses=("<|end|>", "[gMASK]"),
        **_named("<|", "|>\n", "</s>\n"),
    ),
    ChatFormat(
        "phi3",
        (rf"<\|(?:user|{ROLE})\|>\n{CONTENT}<\|end\|>\n", r"<\|assistant\|>\n"),
        stops=("<|system|>", "<|user|>", "<|assistant|>", "<|end|>"),
        **_named("<|", "|>\n", "<|end|>\n"),
    ),
    ChatFormat(
        "granite",
        (
            rf"<\|start_of_role\|>{_ANYBODY}<\|end_of_role\|>{CONTENT}<\|end_of_text\|>\n",
            r"<\|start_of_role\|>assistant",
        ),
        stops=("<|start_of_role|>", "<|end_of_role|>", "<|end_of_text|>"),
        **_named("<|start_of_role|>", "<|end_of_role|>", "<|end_of_text|>\n"),
    ),
    ChatFormat(
        "command-r",
        (
            rf"<\|START_OF_TURN_TOKEN\|><\|USER_TOKEN\|>{CONTENT}<\|END_OF_TURN_TOKEN\|>",
            r"<\|START_OF_TURN_TOKEN\|><\|CHATBOT_TOKEN\|>",
        ),
        system=Turn("<|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>", "<|END_OF_TURN_TOKEN|>"),
        user=Turn("<|START_OF_TURN_TOKEN|><|USER_TOKEN|>", "<|END_OF_TURN_TOKEN|>"),
        assistant=Turn("<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>", "<|END_OF_TURN_TOKEN|>"),
        stops=("<|START_OF_TURN_TOKEN|>", "<|END_OF_TURN_TOKEN|>"),
        refuses=("<|START_RESPONSE|>",),
    ),
)


@lru_cache(maxsize=256)
def chat_format(template: str) -> ChatFormat | None:
    """Name the format that a Jinja chat template writes; None for every one that is not known."""
    skeleton = skeleton_of(template)
    return next((one for one in FORMATS if one.knows(skeleton)), None)


def skeleton_of(template: str) -> str:
    """What a template writes, in the order of its text, with marks; '' where it is no Jinja."""
    from jinja2 import Environment, TemplateSyntaxError  # noqa: PLC0415 for who asks, not for all

    environment = Environment(trim_blocks=True, lstrip_blocks=True, autoescape=False)  # noqa: S701
    try:
        tokens = [(token.type, str(token.value)) for token in environment.lexer.tokenize(template)]
    except (TemplateSyntaxError, UnicodeDecodeError):
        return ""
    return "".join(_written(tokens))


def _written(tokens: list[tuple[str, str]]) -> Iterator[str]:
    """Texts outside of code, and those inside it that are put out or kept for that."""
    said: list[tuple[str, str]] = []
    for kind, value in tokens:
        if kind == "data":
            yield value
        elif kind in {"variable_begin", "block_begin"}:
            said = []
        elif kind == "variable_end":
            yield from _expression(said)
        elif kind == "block_end":
            if said[:1] == [("name", "set")] and ("assign", "=") in said:
                yield from _expression(said[said.index(("assign", "=")) + 1 :])
        else:
            said.append((kind, value))


def _expression(tokens: list[tuple[str, str]]) -> Iterator[str]:
    """Texts and marks of one expression; what is compared or given to a function is not written."""
    calls: list[bool] = []
    inside = 0
    for place, (kind, value) in enumerate(tokens):
        before = tokens[place - 1] if place else ("", "")
        if kind == "lparen":
            calls.append(before[0] == "name" and before[1] not in {"else", "if", "and", "or"})
            inside += calls[-1]
        elif kind == "rparen" and calls:
            inside -= calls.pop()
        elif inside or before[0] in {"eq", "ne"} or before == ("name", "in"):
            continue
        elif kind == "string" and not _is_key(tokens, place):
            yield value
        elif kind in {"string", "name"} and not _is_owner(tokens, place):
            yield _MARKS.get(value, "")


def _is_key(tokens: list[tuple[str, str]], place: int) -> bool:
    """Tell `['content']` from a text: there is something before the bracket to look into."""
    around = (tokens[place - 1][0] if place else "", *(kind for kind, _ in tokens[place + 1 :][:1]))
    owned = place > 1 and tokens[place - 2][0] in {"name", "rbracket", "rparen"}
    return around == ("lbracket", "rbracket") and owned


def _is_owner(tokens: list[tuple[str, str]], place: int) -> bool:
    """Tell a name of which only a part is written, as `content` in `content['text']`.

    A method (`content.strip()`) gives the text itself, but for its ends.
    """
    after = [kind for kind, _ in tokens[place + 1 : place + 4]]
    is_method = after == ["dot", "name", "lparen"]
    return tokens[place][0] == "name" and after[:1] in (["dot"], ["lbracket"]) and not is_method
