"""Read one license file into a statement with the lines that prove it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

from licenses.detection.catalog import license_of
from licenses.detection.classes import LicenseClass, strictest
from licenses.detection.finding import (
    NO_ASSERTION,
    NONE,
    Evidence,
    Statement,
    quotable,
    unread_file,
)
from licenses.detection.names import MAX_TEXT, TOO_LARGE
from licenses.detection.text import Difference, TextMatch, match_text, restricted_class

_MOST_SHOWN = 8


def read_file(path: str, content: bytes) -> Statement:
    """Answer what a license file says. An empty or unreadable one asks for review."""
    path = quotable(path)
    if len(content) > MAX_TEXT:
        return unread_file(path, TOO_LARGE)
    text = _decoded(content)
    if text is None:
        return unread_file(path, "is not text and was not read")
    if not text.strip():
        return unread_file(path, "is empty")
    match = match_text(text)
    if _is_notice(path) and match.state in ("unmatched", "modified") and not match.restrictions:
        return _silent(path, match)
    return _said(path, match)


def _decoded(content: bytes) -> str | None:
    """Decode as UTF-8 or, as old license files are, Latin-1; None when it is no text."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    if b"\0" in content:
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _is_notice(path: str) -> bool:
    return PurePosixPath(path).name.lower().startswith("notice")


def _silent(path: str, match: TextMatch) -> Statement:
    quote = quotable(match.quote)
    line = Evidence("file", path, match.lines, quote, "carries notices, states no license")
    return Statement(NONE, LicenseClass.UNKNOWN, "low", evidence=(line,))


def _said(path: str, match: TextMatch) -> Statement:
    match match.state:
        case "exact":
            return _exact(path, match)
        case "named":
            return _named(path, match)
        case "titled":
            return _titled(path, match)
        case "modified":
            return _modified(path, match)
    return _unmatched(path, match)


def _exact(path: str, match: TextMatch) -> Statement:
    spdx = " AND ".join(match.ids)
    license_class = strictest(license_of(one).license_class for one in match.ids)
    says = f"is the text of {spdx}, word for word"
    return Statement(
        spdx=spdx,
        license_class=license_class,
        confidence="high",
        ids=frozenset(match.ids),
        evidence=(_evidence(path, match, says),),
        reasons=(f"{path} is {spdx}, word for word.",),
    )


def _named(path: str, match: TextMatch) -> Statement:
    spdx = match.ids[0]
    license_class = license_of(spdx).license_class
    return Statement(
        spdx=spdx,
        license_class=license_class,
        confidence="low" if license_class is LicenseClass.UNKNOWN else "medium",
        ids=frozenset({spdx}),
        evidence=(_evidence(path, match, f"names {spdx}"),),
        reasons=(f"{path} names {spdx}, without its text.",),
    )


def _titled(path: str, match: TextMatch) -> Statement:
    """Take a model license at its title; nobody has compared its wording."""
    found = _named(path, match)
    classes = [found.license_class, *(clause.license_class for clause in match.restrictions)]
    why = f"{path} has the title of {found.spdx}; its wording could not be compared."
    return replace(
        found,
        license_class=strictest(classes),
        evidence=(*found.evidence, *_clause_evidence(path, match)),
        reasons=(why,),
        needs_review=True,
    )


def _modified(path: str, match: TextMatch) -> Statement:
    spdx = match.ids[0]
    added = restricted_class(match)
    base = license_of(spdx).license_class
    changed = strictest((base, added)) if match.restrictions else LicenseClass.UNKNOWN
    lines = _clause_evidence(path, match) + _difference_evidence(path, match)
    return Statement(
        spdx=f"LicenseRef-Modified-{spdx.removeprefix('LicenseRef-')}",
        license_class=changed,
        confidence="low",
        ids=frozenset({spdx}),
        evidence=(_evidence(path, match, f"is like {spdx}, but changed"), *lines),
        reasons=(f"{path} is {spdx} with changed words.", *_clause_reasons(path, match)),
        needs_review=True,
    )


def _unmatched(path: str, match: TextMatch) -> Statement:
    found = _evidence(path, match, "is no license text we know")
    return Statement(
        spdx=NO_ASSERTION,
        license_class=restricted_class(match),
        confidence="low",
        evidence=(found, *_clause_evidence(path, match)),
        reasons=(
            f"{path} is no license text we know.",
            *_clause_reasons(path, match),
        ),
        needs_review=True,
    )


def _evidence(path: str, match: TextMatch, says: str) -> Evidence:
    return Evidence("file", path, match.lines, quotable(match.quote), says)


def _clause_evidence(path: str, match: TextMatch) -> tuple[Evidence, ...]:
    return tuple(
        Evidence("file", path, found.lines, quotable(found.quote), found.says)
        for found in match.restrictions[:_MOST_SHOWN]
    )


def _clause_reasons(path: str, match: TextMatch) -> tuple[str, ...]:
    said = (f"{path} {found.says}." for found in match.restrictions)
    return tuple(dict.fromkeys(said))


def _difference_evidence(path: str, match: TextMatch) -> tuple[Evidence, ...]:
    return tuple(_one_difference(path, found) for found in match.differences[:_MOST_SHOWN])


def _one_difference(path: str, found: Difference) -> Evidence:
    says = f"{found.kind}: {quotable(found.words)}"
    return Evidence("file", path, found.lines, quotable(found.quote), says)
