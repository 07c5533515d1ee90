"""The licenses we know by name: card tags and SPDX ids to a class and obligations."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from license_expression import (  # type: ignore[import-untyped]  # ships no types
    AND,
    OR,
    ExpressionError,
    LicenseSymbol,
    LicenseWithExceptionSymbol,
    Licensing,
    get_license_index,
)

from licenses.detection.classes import LicenseClass, most_lenient, strictest

CATALOG = Path(__file__).resolve().parents[1] / "data" / "licenses.json"
_NAME_LIMIT = 200
_INDEX_CLASSES = {
    "Permissive": LicenseClass.PERMISSIVE,
    "Public Domain": LicenseClass.PERMISSIVE,
    "Copyleft": LicenseClass.COPYLEFT,
    "Copyleft Limited": LicenseClass.COPYLEFT,
    "Proprietary Free": LicenseClass.RESTRICTED,
    "Free Restricted": LicenseClass.RESTRICTED,
    "Source-available": LicenseClass.RESTRICTED,
    "Commercial": LicenseClass.RESTRICTED,
}
_NON_COMMERCIAL_ID = re.compile(r"(?:^|-)nc(?:-|$)|non-?commercial|academic|research")


@dataclass(frozen=True)
class License:
    """One license: its SPDX id (`LicenseRef-…` where SPDX has none), class and obligations."""

    spdx: str
    name: str
    license_class: LicenseClass
    obligations: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


@dataclass(frozen=True)
class Terms:
    """A license expression read: its normal form, class, the licenses in it, and if it offers a
    choice among them."""

    spdx: str
    license_class: LicenseClass
    ids: frozenset[str]
    obligations: tuple[str, ...]
    choice: bool = False


@cache
def licenses() -> dict[str, License]:
    """Map SPDX id to license, in the order of the data file."""
    rows = json.loads(CATALOG.read_bytes())["licenses"]
    found = [
        License(
            spdx=row["id"],
            name=row["name"],
            license_class=LicenseClass(row["class"]),
            obligations=tuple(row.get("obligations", ())),
            tags=tuple(row.get("tags", ())),
            titles=tuple(row.get("titles", ())),
            links=tuple(row.get("links", ())),
        )
        for row in rows
    ]
    return {entry.spdx: entry for entry in found}


@cache
def _by_name() -> dict[str, License]:
    found: dict[str, License] = {}
    for entry in licenses().values():
        for name in (entry.spdx, entry.name, *entry.tags):
            found.setdefault(normalized_name(name), entry)
    return found


@cache
def _index() -> dict[str, License]:
    """Map every id that license-expression knows, in lower case, to a license by its category."""
    found: dict[str, License] = {}
    for row in get_license_index():
        spdx = row["spdx_license_key"]
        if row["is_exception"] or not spdx:
            continue
        license_class = _index_class(row["category"], row["license_key"])
        for name in (spdx, *row["other_spdx_license_keys"]):
            known = License(name, name, license_class)
            found.setdefault(name.casefold(), known)
    return found


def _index_class(category: str, key: str) -> LicenseClass:
    license_class = _INDEX_CLASSES.get(category, LicenseClass.UNKNOWN)
    if license_class is LicenseClass.RESTRICTED and _NON_COMMERCIAL_ID.search(key):
        return LicenseClass.NON_COMMERCIAL
    return license_class


def normalized_name(name: str) -> str:
    """Fold case, width, invisible characters and separators, so that one name is one key."""
    folded = unicodedata.normalize("NFKC", name[:_NAME_LIMIT]).casefold()
    shown = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in folded)
    return re.sub(r"[\s_-]+", "-", shown.strip()).strip("-")


def find_license(name: str) -> License | None:
    """Look a name up: our catalog first, then every SPDX id that license-expression knows."""
    key = normalized_name(name)
    return _by_name().get(key) or _index().get(key)


def find_by_link(link: str) -> License | None:
    """Look up the address of a license text on a site that publishes it."""
    try:
        parts = urlsplit(link.strip()[:_NAME_LIMIT])
    except ValueError:
        return None
    host = (parts.netloc or "").casefold().removeprefix("www.")
    path = parts.path.casefold().rstrip("/").removesuffix(".html").removesuffix(".txt")
    return _by_link().get(f"{host}{path}")


@cache
def _by_link() -> dict[str, License]:
    found: dict[str, License] = {}
    for entry in licenses().values():
        key = entry.spdx.casefold()
        found[f"spdx.org/licenses/{key}"] = entry
        found |= dict.fromkeys(entry.links, entry)
    return found


def license_of(spdx: str) -> License:
    """Answer the license of an id; one that nobody knows has the unknown class."""
    return find_license(spdx) or License(spdx, spdx, LicenseClass.UNKNOWN)


def read_terms(value: str) -> Terms | None:
    """Read a tag or SPDX expression. None when a name in it, or its grammar, is unknown."""
    single = find_license(value)
    if single is not None:
        return _terms_of(single)
    if len(value) > _NAME_LIMIT or not re.search(r"\b(?:and|or|with)\b", value, re.IGNORECASE):
        return None
    try:
        parsed = Licensing().parse(value)
    except (ExpressionError, ValueError, TypeError):
        return None
    return None if parsed is None else _combined(parsed)


def together(parts: list[Terms]) -> Terms:
    """Join terms that all apply: the strictest class, every obligation."""
    unique = list({part.spdx: part for part in parts}.values())
    if len(unique) == 1:
        return unique[0]
    shown = [f"({part.spdx})" if part.choice else part.spdx for part in unique]
    return _joined(unique, " AND ".join(shown), strictest)


def _terms_of(entry: License) -> Terms:
    ids = frozenset({entry.spdx})
    return Terms(entry.spdx, entry.license_class, ids, entry.obligations)


def _joined(
    parts: list[Terms], spdx: str, combine: Callable[[list[LicenseClass]], LicenseClass]
) -> Terms:
    return Terms(
        spdx=spdx,
        license_class=combine([part.license_class for part in parts]),
        ids=frozenset().union(*(part.ids for part in parts)),
        obligations=tuple(dict.fromkeys(key for part in parts for key in part.obligations)),
    )


def _combined(node: object) -> Terms | None:
    if isinstance(node, LicenseWithExceptionSymbol):
        return _with_exception(node)
    if isinstance(node, LicenseSymbol):
        entry = find_license(node.key)
        return None if entry is None else _terms_of(entry)
    parts = [part for arg in getattr(node, "args", ()) if (part := _combined(arg)) is not None]
    if not isinstance(node, AND | OR) or len(parts) != len(node.args):
        return None
    if isinstance(node, AND):
        return together(parts)
    return _choice(parts)


def _with_exception(node: LicenseWithExceptionSymbol) -> Terms | None:
    entry = find_license(node.license_symbol.key)
    if entry is None or node.exception_symbol.key.casefold() not in _exceptions():
        return None
    spdx = f"{entry.spdx} WITH {_exceptions()[node.exception_symbol.key.casefold()]}"
    return Terms(spdx, entry.license_class, frozenset({spdx}), entry.obligations)


@cache
def _exceptions() -> dict[str, str]:
    keys = (row["spdx_license_key"] for row in get_license_index() if row["is_exception"])
    return {key.casefold(): key for key in keys if key}


def _choice(parts: list[Terms]) -> Terms:
    chosen = min(parts, key=lambda part: list(LicenseClass).index(part.license_class))
    spdx = " OR ".join(f"({p.spdx})" if " AND " in p.spdx else p.spdx for p in parts)
    joined = _joined(parts, spdx, most_lenient)
    return Terms(spdx, joined.license_class, joined.ids, chosen.obligations, choice=True)
