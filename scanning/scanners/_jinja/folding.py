"""Compute what filters, methods and operators make of constants, within bounds and by our code."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

from scanning.scanners._jinja.values import MAX_TEXT, Constant, Table

_MAX_ITEMS = 4096
_MAX_NUMBER = 1 << 64
_FIELD = re.compile(r"\{[^{}]*\}")
_PLACE = re.compile(r"\{\d{0,2}(:c)?\}")


class NotFoldedError(Exception):
    """The result is not ours to know: not a constant, too large, or an error when rendered."""


def checked(value: object) -> Constant:
    """The value as a constant of bounded size."""
    if isinstance(value, list | tuple) and len(value) <= _MAX_ITEMS:
        return tuple(checked(one) for one in value)
    if isinstance(value, dict) and len(value) <= _MAX_ITEMS:
        return Table(tuple((checked(k), checked(v)) for k, v in value.items()))
    if isinstance(value, str | int | float | Table | None) and _is_small(value):
        return value
    raise NotFoldedError


def _is_small(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= MAX_TEXT
    return not isinstance(value, int) or abs(value) <= _MAX_NUMBER


def fold(function: Callable[..., object], *arguments: object, **named: object) -> Constant:
    """Call one of the functions of this module; any failure means that nothing is known."""
    try:
        return checked(function(*arguments, **named))
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:
        raise NotFoldedError from error


def items(value: Constant) -> list[Constant]:
    """What a loop over the value would see."""
    if isinstance(value, Table):
        return [key for key, _ in value.pairs]
    if isinstance(value, str | tuple):
        return list(value[:_MAX_ITEMS])
    raise NotFoldedError


def text(value: Constant) -> str:
    if isinstance(value, str):
        return value
    return str(_plain(value))


def _plain(value: Constant) -> Any:  # noqa: ANN401 what JSON may be
    if isinstance(value, Table):
        return {_plain(key): _plain(one) for key, one in value.pairs}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value


def subscript(value: Constant, key: Constant) -> object:
    if isinstance(value, Table):
        return dict(value.pairs)[key]
    if isinstance(value, str | tuple) and isinstance(key, int):
        return value[key]
    raise NotFoldedError


def sliced(value: Constant, parts: Sequence[Any]) -> object:
    if isinstance(value, str | tuple):
        return value[slice(*parts)]
    raise NotFoldedError


def _join(value: Constant, separator: Constant = "", attribute: Constant = None) -> str:
    if attribute is not None:
        raise NotFoldedError
    return text(separator).join(text(one) for one in items(value))


def _replace(value: Constant, old: Constant, new: Constant, count: int | None = None) -> str:
    if len(text(value)) * max(1, len(text(new))) > MAX_TEXT * 16:
        raise NotFoldedError
    return text(value).replace(text(old), text(new), -1 if count is None else count)


def _format(value: Constant, *arguments: Constant, **named: Constant) -> str:
    return percent(value, named or tuple(arguments))


def percent(value: Constant, arguments: object) -> str:
    """Printf formatting; a width in the text could ask for any amount of memory."""
    template = text(value)
    if any(character.isdigit() or character == "*" for character in template):
        raise NotFoldedError
    return template % (arguments if isinstance(arguments, tuple | dict) else (arguments,))


def _reverse(value: Constant) -> object:
    return value[::-1] if isinstance(value, str) else items(value)[::-1]


def _first(value: Constant) -> object:
    return items(value)[0]


def _sorted(value: Constant, *_: Constant, **__: Constant) -> object:
    return sorted(items(value), key=text)


def _unchanged(value: Constant) -> object:
    return value


def _default(value: Constant, other: Constant = "", boolean: Constant = 0) -> object:
    return value or other if boolean else value


FILTERS: dict[str, Callable[..., object]] = {
    "string": text, "safe": _unchanged, "escape": text, "e": text, "forceescape": text,
    "lower": lambda v: text(v).lower(), "upper": lambda v: text(v).upper(),
    "capitalize": lambda v: text(v).capitalize(), "title": lambda v: text(v).title(),
    "trim": lambda v, c=None: text(v).strip(c), "striptags": text,
    "join": _join, "replace": _replace, "format": _format, "reverse": _reverse,
    "first": _first, "last": lambda v: items(v)[-1], "list": items,
    "length": lambda v: len(items(v)), "count": lambda v: len(items(v)),
    "int": lambda v, d=0: int(text(v)), "float": lambda v: float(text(v)),
    "abs": abs, "sort": _sorted, "unique": lambda v: list(dict.fromkeys(items(v))),
    "tojson": lambda v, **_: json.dumps(_plain(v)), "default": _default, "d": _default,
    "urlencode": lambda v: quote(text(v)), "center": lambda v, w=80: text(v).center(min(w, 200)),
    "items": lambda v: list(v.pairs), "dictsort": lambda v, **_: sorted(v.pairs, key=text),
    "random": _unchanged,
}  # fmt: skip
_TEXT_METHODS_NAMES = """
lower upper capitalize title strip lstrip rstrip replace split rsplit splitlines join
swapcase removeprefix removesuffix startswith endswith find index count partition rpartition
casefold
"""
_TEXT_METHODS = frozenset(_TEXT_METHODS_NAMES.split())


def method(value: Constant, name: str, arguments: Sequence[Any]) -> object:
    """Call a method of a constant text or table."""
    if isinstance(value, Table) and name in {"keys", "values", "items", "get"}:
        table = dict(value.pairs)
        return table.get(*arguments) if name == "get" else list(getattr(table, name)())
    if isinstance(value, str) and name == "format":
        return _braces(value, arguments)
    if not isinstance(value, str) or name not in _TEXT_METHODS:
        raise NotFoldedError
    if name == "replace":
        return _replace(value, *arguments)
    return getattr(value, name)(*arguments)


def _braces(template: str, arguments: Sequence[Any]) -> str:
    """Format by places alone: no attribute, no width."""
    if not all(_PLACE.fullmatch(field) for field in _FIELD.findall(template)):
        raise NotFoldedError
    return template.format(*arguments)


def _times(left: Any, right: Any) -> object:  # noqa: ANN401 as operators are
    size = max((len(one) for one in (left, right) if isinstance(one, str | tuple)), default=0)
    number = next((one for one in (left, right) if isinstance(one, int)), 0)
    if size * abs(number) > MAX_TEXT:
        raise NotFoldedError
    return left * right


OPERATORS: dict[str, Callable[[Any, Any], object]] = {
    "+": operator.add, "-": operator.sub, "*": _times, "//": operator.floordiv,
    "%": lambda a, b: percent(a, b) if isinstance(a, str) else a % b,
}  # fmt: skip
