"""Say whether a regular expression can take forever: a repetition of what repeats by itself.

Parsed by Python's own parser, never compiled or matched. `(a+)+` can divide a text in as many ways
as there are, and tries them all before it fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

Tree = Any  # of Python's own parser, which has no types
_MANY = 16
_LONGEST = 1 << 20
_FLAGS = re.IGNORECASE | re.MULTILINE | re.DOTALL | re.VERBOSE | re.ASCII
TOO_LONG = "has a regular expression of more than a megabyte"
NEVER_ENDS = "has a regular expression that can take forever: "


def regex_trouble(pattern: str, flags: int = 0) -> str:
    """What is wrong with a pattern, '' when nothing; a broken one ends the reader's own way."""
    from re import _parser  # type: ignore[attr-defined]  # noqa: PLC0415 few pickles have one

    if len(pattern) > _LONGEST:
        return TOO_LONG
    try:
        tree = _parser.parse(pattern, flags & int(_FLAGS))
    except (re.error, RecursionError, OverflowError, ValueError):
        return ""
    return f"{NEVER_ENDS}{pattern[:80]!r}" if any(map(_divides, _repeated(tree))) else ""


def _repeated(tree: Tree) -> Iterator[Sequence[Tree]]:
    """What stands in each repetition that may go on for long."""
    pending = [tree]
    while pending:
        for operation, argument in pending.pop():
            if (body := _body(operation, argument)) is not None:
                yield body
            pending += _inside(argument)


def _body(operation: object, argument: Tree) -> Tree:
    """What is repeated, often and not always as often; None where no way leads back."""
    if str(operation) not in {"MAX_REPEAT", "MIN_REPEAT"}:
        return None
    least, most, body = argument
    return body if most >= _MANY and most > least else None


def _inside(argument: Tree) -> list[Tree]:
    if hasattr(argument, "getwidth"):
        return [argument]
    found = []
    for part in argument if isinstance(argument, tuple | list) else ():
        found += _inside(part)
    return found


def _divides(body: Tree) -> bool:
    """Whether what repeats can be nothing but one repetition, and so be cut anywhere."""
    parts = list(body)
    for index, (operation, argument) in enumerate(parts):
        if any(not _may_be_empty(other) for other in parts[:index] + parts[index + 1 :]):
            continue
        if _body(operation, argument) is not None:
            return True
        if str(operation) in {"SUBPATTERN", "BRANCH"} and any(map(_divides, _inside(argument))):
            return True
    return False


def _may_be_empty(part: tuple[Tree, Tree]) -> bool:
    operation, argument = part
    name = str(operation)
    if name in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
        return argument[0] == 0 or _is_narrow(argument[2])
    if name in {"AT", "ASSERT", "ASSERT_NOT"}:
        return False  # what stands around it decides where it may be cut
    return bool(inner := _inside(argument)) and any(map(_is_narrow, inner))


def _is_narrow(tree: Tree) -> bool:
    return bool(tree.getwidth()[0] == 0)
