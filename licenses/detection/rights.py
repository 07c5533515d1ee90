"""Read the permissions that some sources state in place of a license. They may hold anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from licenses.detection.classes import LicenseClass
from licenses.detection.finding import NO_ASSERTION, Evidence, Statement, quotable

_MOST: Final = 20
_NOT_SAID: Final = "not said"
_NO_LICENSE: Final = (
    "Permissions are stated in place of a license; the license of the base model, which counts as"
    " well, is not."
)


def read_rights(rights: object) -> Statement | None:
    """Answer what stated permissions say; None when there are none.

    `commercial_use` lists what may be sold ([]: nothing); `derivatives`, `no_credit` and
    `different_license` are true or false. They never make a class that is open: without commercial
    use it is non-commercial, else unknown, because what the model was made from is not stated.
    """
    if not isinstance(rights, Mapping):
        return None
    sold, flags = _sold(rights.get("commercial_use")), _flags(rights)
    if sold is None and all(value is None for value in flags.values()):
        return None
    forbidden = sold == []
    quote = "; ".join(f"{name}: {_word(value)}" for name, value in flags.items())
    uses = _NOT_SAID if sold is None else ", ".join(sold) or "none"
    stated_by = rights.get("stated_by")
    by = quotable(stated_by if isinstance(stated_by, str) else "") or "its source"
    says = "forbids commercial use" if forbidden else "states permissions and no license"
    ban = (f"Its creator allows no commercial use, as {by} states.",) if forbidden else ()
    return Statement(
        spdx=NO_ASSERTION,
        license_class=LicenseClass.NON_COMMERCIAL if forbidden else LicenseClass.UNKNOWN,
        confidence="low",
        evidence=(
            Evidence(
                "card",
                f"Permissions at {by}",
                None,
                quotable(f"commercial use: {uses}; {quote}"),
                says,
            ),
        ),
        reasons=(*ban, _NO_LICENSE),
        needs_review=True,
    )


def _sold(value: object) -> list[str] | None:
    if not isinstance(value, list):
        return None
    return [quotable(word) for word in value[:_MOST] if isinstance(word, str)]


def _flags(rights: Mapping[object, object]) -> dict[str, bool | None]:
    names = {
        "derivatives": "derivatives",
        "use without credit": "no_credit",
        "another license for derivatives": "different_license",
    }
    told = {words: rights.get(name) for words, name in names.items()}
    return {words: value if isinstance(value, bool) else None for words, value in told.items()}


def _word(value: bool | None) -> str:
    return _NOT_SAID if value is None else "yes" if value else "no"
