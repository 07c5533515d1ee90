"""Read a list of models, a line each: a faulty line is told by its number and blocks no other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

ENDING: Final = re.compile(r"(?:^|\s)#.*$")
LONGEST_LINE: Final = 500
MOST_LINES: Final = 1000
OPTIONS: Final = ("or",)
# The minimal set, in the same words as models.txt.
MINIMAL: Final = """\
deepseek-ai/Janus-Pro-1B
unsloth/Qwen2.5-Omni-3B-GGUF or=ggml-org/Qwen2.5-Omni-3B-GGUF
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One model, and the names to try after its own when it cannot be had."""

    number: int
    uri: str
    others: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return (self.uri, *self.others)


@dataclass(frozen=True, slots=True)
class Fault:
    """A line that cannot be used, and why."""

    number: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.number}: {self.reason}"


@dataclass(frozen=True, slots=True)
class ModelList:
    lines: tuple[Line, ...] = ()
    faults: tuple[Fault, ...] = ()


def read_list(data: bytes) -> ModelList:
    """Read `URI[@revision] [or=URI]… [# words]` lines; blank lines and comments are passed over."""
    lines: list[Line] = []
    faults: list[Fault] = []
    first: dict[str, int] = {}
    for number, raw in enumerate(data.splitlines(), start=1):
        if number > MOST_LINES:
            faults.append(Fault(number, f"a list has at most {MOST_LINES} lines; the rest is left"))
            break
        read = _line(number, raw)
        if isinstance(read, Line) and read.uri in first:
            read = Fault(number, f"{read.uri!r} stands in line {first[read.uri]} already")
        if isinstance(read, Fault):
            faults.append(read)
        elif read is not None:
            first[read.uri] = number
            lines.append(read)
    return ModelList(tuple(lines), tuple(faults))


def _line(number: int, raw: bytes) -> Line | Fault | None:
    try:
        text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError:
        return Fault(number, "it is no UTF-8 text")
    text = ENDING.sub("", text).strip()
    if not text:
        return None
    if len(text) > LONGEST_LINE or not text.isprintable():
        return Fault(number, f"it is longer than {LONGEST_LINE} characters, or not printable")
    uri, *words = re.split(r"\s+(?=\w+=)", text)
    others = []
    for word in words:
        name, _, value = word.partition("=")
        if name not in OPTIONS or not value:
            known = ", ".join(f"{one}=URI" for one in OPTIONS)
            return Fault(number, f"there is no option {word!r}. Known: {known}")
        others.append(value.strip())
    return Line(number, uri, tuple(others))
