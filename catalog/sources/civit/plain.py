"""Turn the HTML of a description into plain text, in bounds."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Final

from catalog.sources.civit.values import text

LONGEST: Final = 2000
_READ: Final = 32 << 10  # of the HTML; the parser is slow on broken markup
_HIDDEN: Final = frozenset({"script", "style", "template", "noscript"})
_BLOCKS: Final = frozenset(
    {"p", "div", "br", "li", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "tr", "pre"}
    | {"blockquote", "table"}
)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[list[str]] = [[]]
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._hidden += tag in _HIDDEN
        self._break_at(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN and self._hidden:
            self._hidden -= 1
        self._break_at(tag)

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.lines[-1].append(data)

    def _break_at(self, tag: str) -> None:
        if tag in _BLOCKS and self.lines[-1]:
            self.lines.append([])


def plain_text(value: object, limit: int = LONGEST) -> str:
    """Return the words of an HTML text, a line for each block; '' for what is no text.

    Markup, scripts and characters that turn text around are gone; at most `limit` characters stay.
    """
    if not isinstance(value, str):
        return ""
    reader = _Reader()
    reader.feed(value[:_READ])
    reader.close()
    lines = (text("".join(line), limit) for line in reader.lines)
    whole = "\n".join(line for line in lines if line)
    return whole if len(whole) <= limit else f"{whole[: limit - 2].rstrip()} …"
