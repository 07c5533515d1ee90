"""Turn the HTML of a description into plain text, in bounds."""

from __future__ import annotations

import html
import re
from typing import Final

from catalog.sources.civit.values import text

LONGEST: Final = 2000
_READ: Final = 64 << 10  # of the HTML
# A parser of HTML takes time that grows with the square of broken markup; these do not.
_COMMENT: Final = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_HIDDEN: Final = re.compile(
    r"<(script|style|template|noscript)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE
)
_BLOCK: Final = re.compile(
    r"</?(?:p|div|br|li|ul|ol|h[1-6]|hr|tr|table|pre|blockquote)\b[^<>]{0,2000}>", re.IGNORECASE
)
_TAG: Final = re.compile(r"</?[A-Za-z!][^<>]{0,2000}>")


def plain_text(value: object, limit: int = LONGEST) -> str:
    """Return the words of an HTML text, a line for each block; '' for what is no text.

    Markup, scripts and characters that turn text around are gone; at most `limit` characters stay.
    """
    if not isinstance(value, str):
        return ""
    bare = _HIDDEN.sub(" ", _COMMENT.sub(" ", value[:_READ]))
    bare = html.unescape(_TAG.sub("", _BLOCK.sub("\n", bare.replace("\n", " "))))
    lines = (text(line, limit) for line in bare.split("\n"))
    whole = "\n".join(line for line in lines if line)
    return whole if len(whole) <= limit else f"{whole[: limit - 2].rstrip()} …"
