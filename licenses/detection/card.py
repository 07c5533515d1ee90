"""Read the license fields of a model card. They come from YAML and may hold anything."""

from __future__ import annotations

from dataclasses import replace

from licenses.detection.catalog import Terms, find_by_link, license_of, read_terms, together
from licenses.detection.classes import LicenseClass
from licenses.detection.finding import NO_ASSERTION, Confidence, Evidence, Statement, quotable

_PATH = "README.md"
_OTHER = frozenset({"LicenseRef-Other", "LicenseRef-Unknown"})
_MOST_NAMES = 20
_MOST_SHOWN = 200


def read_card(license_field: object, name: object, link: object) -> Statement | None:
    """Answer what the card says; None when it has no license field at all."""
    if license_field is None or license_field in ("", []):
        return _without_tag(name, link)
    fields: list[object] = license_field if isinstance(license_field, list) else [license_field]
    names = [value for value in fields if isinstance(value, str)]
    if len(names) != len(fields) or len(names) > _MOST_NAMES:
        return _unread(license_field, "The card's license field is not a name or a list of names.")
    values = [value for value in names if quotable(value)]
    if not values:
        return _without_tag(name, link)
    return _from_names(values, name, link)


def _from_names(values: list[str], name: object, link: object) -> Statement:
    terms = [read_terms(value) for value in values]
    unread = [value for value, found in zip(values, terms, strict=True) if found is None]
    if unread:
        reason = f"The card's license “{quotable(unread[0])}” is none that we know."
        return _unread(values, reason)
    known = [found for found in terms if found is not None]
    stated = together(known)
    if stated.ids <= _OTHER:
        return _named_otherwise(values, name, link)
    many = "The card lists several licenses; all of them are taken to apply."
    reasons = (many,) if len(known) > 1 else ()
    return _statement(stated, ", ".join(values), "license", "medium", reasons)


def _without_tag(name: object, link: object) -> Statement | None:
    if not _text(name) and not _text(link):
        return None
    return _named_otherwise([], name, link)


def _named_otherwise(values: list[str], name: object, link: object) -> Statement:
    """Read `license: other`, which leaves the license to `license_name` and `license_link`."""
    shown = quotable(_text(name) or _text(link))
    stated = read_terms(_text(name)) if _text(name) else None
    if stated is not None and not stated.ids <= _OTHER:
        return _statement(stated, shown, "license_name", "medium")
    by_link = find_by_link(_text(link)) if _text(link) and not _text(name) else None
    if by_link is not None:
        terms = read_terms(by_link.spdx)
        if terms is not None:
            return _statement(terms, quotable(_text(link)), "license_link", "medium")
    if shown:
        return _unread(values, f"The card names its own license “{shown}”, which we do not know.")
    called = license_of(values[0]).name.lower()
    reason = f"The card says “{quotable(values[0])}” ({called}) and names no license."
    # It leaves the answer to the license file, so it does not speak against one.
    return replace(_unread(values, reason), needs_review=False)


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _statement(
    terms: Terms, quote: str, field: str, confidence: Confidence, reasons: tuple[str, ...] = ()
) -> Statement:
    says = f"{field} reads as {terms.spdx} ({terms.license_class})"
    unknown = terms.license_class is LicenseClass.UNKNOWN
    vague = (f"The card says {quotable(quote)}, which leaves open what is allowed.",)
    return Statement(
        spdx=terms.spdx,
        license_class=terms.license_class,
        confidence="low" if unknown else confidence,
        ids=terms.ids,
        evidence=(Evidence("card", _PATH, None, quotable(quote), says),),
        reasons=(*reasons, *(vague if unknown else (f"The card states {terms.spdx}.",))),
        needs_review=unknown,
        choice=terms.choice,
    )


def _unread(value: object, reason: str) -> Statement:
    values = value if isinstance(value, list) else [value]
    quote = quotable(", ".join(str(each)[:_MOST_SHOWN] for each in values[:_MOST_NAMES]))
    return Statement(
        spdx=NO_ASSERTION,
        license_class=LicenseClass.UNKNOWN,
        confidence="low",
        evidence=(Evidence("card", _PATH, None, quote, "names no known license"),),
        reasons=(reason,),
        needs_review=True,
    )
