"""License text as words: what remains when layout, markup, numbering and copyright lines go."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(r"[^\W_]+|[.;:!?](?=[\s\"'\u201d\u2019*_)]|$)")
_MARKER = re.compile(
    r"^[\s>#*•·|/;-]*(?:(?:\d{1,2}(?:\.\d{1,2})*[.)]|\(?[a-z][.)]|\(?[ivx]{1,5}[.)])\s+)+"
)
_INLINE_MARKER = re.compile(
    r"\((?:[a-z]|[ivx]{1,5}|\d{1,2})\)"
    r"|(?<=[.;:])\s+(?:(?:\d{1,2}(?:\.\d{1,2})*|[a-z]|[ivx]{1,5})[.)]\s+)+"
)
_FINISHED = re.compile(r"(?:^|[.;:,!?)\]*#=\"'\u201d\u2019-]|\band|\bor)\s*$")
# One page of the GNU site has moved about; whatever it is called, it adds no term.
_GNU_LINK = re.compile(r"<?\bhttps?://(?:www\.)?(?:gnu|fsf)\.org[\w/.~#-]*>?")
_COPYRIGHT = re.compile(
    r"^[\s>#*/;.-]*(?:portions |modifications |parts )?(?:copyright\b|copr\b|©|\(c\)\s)"
)
_DATED = re.compile(r"\b(?:19|20)\d\d\b|<years?>|\[y+\]|\{y+\}|\byear\b|\byyyy\b")
_RESERVED = re.compile(r"^[\s>#*/;.-]*(?:all|some) rights reserved[\s.*]*$")
_PAIRS = {
    ("sub", "license"): "sublicense",
    ("non", "commercial"): "noncommercial",
    ("non", "commercially"): "noncommercial",
    ("per", "cent"): "percent",
}
_SPELLING = {
    "licence": "license",
    "licences": "licenses",
    "licenced": "licensed",
    "https": "http",
    "acknowledgment": "acknowledgement",
    "noncommercially": "noncommercial",
}
# A copyright line or a party's name that holds one of these says more than who owns the work.
SPEAKING = frozenset(
    re.findall(
        r"\w+",
        "academic acceptable agree are be cannot commercial commercially contact "
        "educational except excluding fee fees for forbidden grant granted if is license "
        "licensed may military must never no non noncommercial nor not only pay permission "
        "permitted personal private prohibited purchase require required requires research "
        "restricted sell shall solely subject terms to unless use used user users uses "
        "using will without you your",
    )
)
_COPYRIGHT_WORDS = 40
_TITLE_LINES = 5


@dataclass(frozen=True)
class Words:
    """Words of a text with the line each stands on; `ends` holds the index after each sentence."""

    words: tuple[str, ...]
    lines: tuple[int, ...]
    ends: tuple[int, ...]
    raw: tuple[str, ...]

    def lines_of(self, start: int, end: int) -> tuple[int, int]:
        """Answer the first and last line of the words `start` to `end`, counted from one."""
        if not self.lines:
            return (1, 1)
        first = min(start, len(self.lines) - 1)
        return (self.lines[first], self.lines[max(first, min(end, len(self.lines)) - 1)])

    def quote(self, start: int, end: int) -> str:
        first, last = self.lines_of(start, end)
        return "\n".join(self.raw[first - 1 : last])


def read_words(text: str) -> Words:
    """Split a license text into comparable words. Copyright lines go, unless they say more."""
    raw = tuple(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    words: list[str] = []
    lines: list[int] = []
    ends: list[int] = []
    for number, line in _spoken_lines(raw):
        for spoken in _TOKEN.findall(line):
            if spoken in ".;:!?":
                ends.append(len(words))
            else:
                _append(words, lines, word=spoken, number=number)
    ends.append(len(words))
    return Words(tuple(words), tuple(lines), tuple(sorted(set(ends))), raw)


def _append(words: list[str], lines: list[int], *, word: str, number: int) -> None:
    word = _SPELLING.get(word, word)
    joined = _PAIRS.get((words[-1], word)) if words else None
    if joined:
        words[-1] = joined
        return
    words.append(word)
    lines.append(number)


def _spoken_lines(raw: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    before = ""
    for number, line in enumerate(raw, start=1):
        plain = _plain(line)
        opening = not before.strip() or number <= _TITLE_LINES
        if _is_copyright(plain, opening=opening):
            before = ""
            continue
        # A number that a line break put first is part of a sentence ("under section / 7.").
        item = _MARKER.sub(" ", plain) if _FINISHED.search(before) else plain
        before = plain
        yield number, _INLINE_MARKER.sub(" ", item)


def _plain(line: str) -> str:
    # Invisible characters could split a word in two for us and leave it whole for the reader.
    folded = unicodedata.normalize("NFKC", line.replace("©", "(c)")).casefold()
    shown = "".join(c if c == "\t" or unicodedata.category(c)[0] != "C" else "" for c in folded)
    return _GNU_LINK.sub(" ", shown)


def _is_copyright(line: str, *, opening: bool) -> bool:
    if _RESERVED.match(line):
        return True
    if not _COPYRIGHT.match(line) or not (opening or _DATED.search(line)):
        return False
    words = re.findall(r"[^\W_]+", line.replace("to present", ""))
    return len(words) <= _COPYRIGHT_WORDS and SPEAKING.isdisjoint(words)
