"""The five classes of license and how they combine."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class LicenseClass(StrEnum):
    """What a license lets its reader do; the order of the members is the order of strictness."""

    PERMISSIVE = "permissive"
    COPYLEFT = "copyleft"
    RESTRICTED = "restricted"
    NON_COMMERCIAL = "non-commercial"
    UNKNOWN = "unknown"


_ORDER = tuple(LicenseClass)


def strictness(license_class: LicenseClass) -> int:
    return _ORDER.index(license_class)


def strictest(classes: Iterable[LicenseClass]) -> LicenseClass:
    """Combine licenses that apply together. One unknown makes the whole unknown."""
    return max(classes, key=strictness, default=LicenseClass.UNKNOWN)


def most_lenient(classes: Iterable[LicenseClass]) -> LicenseClass:
    """Combine licenses among which the reader may choose. Unknown is never the choice."""
    return min(classes, key=strictness, default=LicenseClass.UNKNOWN)
