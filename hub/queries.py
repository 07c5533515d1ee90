"""Read what clients put into queries and bodies: `true`, `True` and `1` are the same to them."""

from __future__ import annotations

import json
from typing import Final
from urllib.parse import parse_qs

from django.http import HttpRequest, QueryDict

from core.cursors import decode_cursor, foreign_cursor
from hub.errors import BadRequestError

_YES: Final = frozenset({"true", "1"})
_MOST_PATHS: Final = 10_000


def is_true(query: QueryDict, name: str) -> bool:
    return query.get(name, "").lower() in _YES


def expanded(query: QueryDict) -> list[str]:
    return query.getlist("expand") + query.getlist("expand[]")


def limit_of(query: QueryDict, *, most: int) -> int:
    """How many rows a page has; more than `most` is answered with `most`."""
    text = query.get("limit") or str(most)
    if not text.isascii() or not text.isdigit() or not int(text[:9]):
        raise BadRequestError(f"limit: not a number above 0: {text[:20]!r}")
    return min(int(text[:9]), most)


def after_of(query: QueryDict) -> str:
    """The path to continue after, out of a cursor that we made; '' at the start."""
    value = _cursor(query, "")
    if not isinstance(value, str) or "\0" in value:
        raise foreign_cursor()
    return value


def before_of(query: QueryDict) -> int | None:
    """The number to continue below; None at the start."""
    value = _cursor(query, None)
    if value is not None and type(value) is not int:
        raise foreign_cursor()
    return value


def _cursor(query: QueryDict, start: object) -> object:
    cursor = query.get("cursor")
    return decode_cursor(cursor, parts=1)[0] if cursor else start


def paths_of(request: HttpRequest) -> tuple[list[str], bool]:
    """Read the body of paths-info: a form from Python clients, JSON from the others."""
    if request.content_type == "application/json":
        return _paths_in_json(request.body)
    try:
        form = parse_qs(request.body.decode(), max_num_fields=_MOST_PATHS)
    except ValueError as error:
        raise BadRequestError("The body is not a form with `paths`.") from error
    return form.get("paths", []), form.get("expand", [""])[0].lower() in _YES


def _paths_in_json(body: bytes) -> tuple[list[str], bool]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequestError("The body is not JSON.") from error
    paths = data.get("paths") if isinstance(data, dict) else None
    paths = [paths] if isinstance(paths, str) else paths
    if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
        raise BadRequestError("The body holds no list of `paths`.")
    return paths[:_MOST_PATHS], data.get("expand") is True
