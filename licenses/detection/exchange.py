"""Statements and findings as JSON, read strictly: what crosses the border of a child process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any, TypeVar, get_args

from licenses.detection.classes import LicenseClass
from licenses.detection.finding import Confidence, Evidence, LicenseFinding, Statement

_MOST_CHARACTERS = 8192
_MOST_ROWS = 1024
T = TypeVar("T")


def statement_to_json(statement: Statement) -> dict[str, Any]:
    return {**asdict(statement), "ids": sorted(statement.ids)}


def statement_from_json(data: object) -> Statement:
    """Read a statement; ValueError when anything in it is not as we write it."""
    row = _row(data, Statement)
    return Statement(
        spdx=_text(row["spdx"]),
        license_class=_license_class(row["license_class"]),
        confidence=_confidence(row["confidence"]),
        ids=frozenset(_rows(row["ids"], _text)),
        evidence=_rows(row["evidence"], _evidence),
        reasons=_rows(row["reasons"], _text),
        needs_review=_flag(row["needs_review"]),
        choice=_flag(row["choice"]),
    )


def finding_to_json(finding: LicenseFinding) -> dict[str, Any]:
    return asdict(finding)


def finding_from_json(data: object) -> LicenseFinding:
    """Read a finding; ValueError when anything in it is not as we write it."""
    row = _row(data, LicenseFinding)
    return LicenseFinding(
        spdx=_text(row["spdx"]),
        license_class=_license_class(row["license_class"]),
        confidence=_confidence(row["confidence"]),
        evidence=_rows(row["evidence"], _evidence),
        conflicts=_rows(row["conflicts"], _text),
        reasons=_rows(row["reasons"], _text),
        obligations=_rows(row["obligations"], _text),
        needs_review=_flag(row["needs_review"]),
    )


def _row(data: object, kind: type) -> dict[str, Any]:
    if not isinstance(data, dict) or set(data) != {field.name for field in fields(kind)}:
        raise ValueError(f"not a {kind.__name__}")
    return data


def _rows(data: object, read: Callable[[object], T]) -> tuple[T, ...]:
    if not isinstance(data, list) or len(data) > _MOST_ROWS:
        raise ValueError("not a list, or too long")
    return tuple(read(item) for item in data)


def _text(data: object) -> str:
    if not isinstance(data, str) or len(data) > _MOST_CHARACTERS:
        raise ValueError("not a text, or too long")
    return data


def _flag(data: object) -> bool:
    if not isinstance(data, bool):
        raise ValueError("not true or false")  # noqa: TRY004 one error for all that is wrong
    return data


def _license_class(data: object) -> LicenseClass:
    return LicenseClass(_text(data))


def _confidence(data: object) -> Confidence:
    for known in get_args(Confidence):
        if data == known:
            return known  # type: ignore[no-any-return]  # get_args forgets the literals
    raise ValueError("not a confidence")


def _evidence(data: object) -> Evidence:
    row = _row(data, Evidence)
    if row["source"] not in ("card", "file"):
        raise ValueError("not a source")
    lines = row["lines"]
    return Evidence(
        source=row["source"],
        path=_text(row["path"]),
        lines=None if lines is None else _lines(lines),
        quote=_text(row["quote"]),
        says=_text(row["says"]),
    )


def _lines(data: object) -> tuple[int, int]:
    first, last = _rows(data, _number)
    return (first, last)


def _number(data: object) -> int:
    if isinstance(data, bool) or not isinstance(data, int) or data < 1:
        raise ValueError("not the number of a line")
    return data
