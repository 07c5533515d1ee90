"""What models of pictures and of films have in common."""

from __future__ import annotations

from itertools import islice
from typing import Final
from urllib.parse import quote

from catalog.inspectors.base import as_object, as_text
from catalog.inspectors.subject import Subject

MOST_PREVIEWS: Final = 50
_ADULT: Final = frozenset({"not-for-all-audiences", "nsfw"})
_HOME: Final = "https://huggingface.co"
_LONGEST: Final = 2000


def is_adult(subject: Subject) -> bool | None:
    """Tell whether it is marked as not for all; None where it is not, which proves nothing."""
    return True if _ADULT & {tag.lower() for tag in subject.tags} else None


def trigger_words(subject: Subject) -> tuple[str, ...]:
    """Return the words that a card says an add-on answers to."""
    word = as_text(subject.card.data.get("instance_prompt"))
    return (word,) if word else ()


def previews(subject: Subject) -> tuple[dict[str, str], ...]:
    """Return `Preview`s of a card's gallery: pictures of the version itself or at an address."""
    shown = subject.card.data.get("widget")
    entries = shown[:1000] if isinstance(shown, list) else []
    urls = (as_object(as_object(entry).get("output")).get("url") for entry in entries)
    found = dict.fromkeys(address for url in urls if (address := _address(subject, url)))
    return tuple({"url": address} for address in islice(found, MOST_PREVIEWS))


def _address(subject: Subject, url: object) -> str:
    text = as_text(url, _LONGEST + 1)
    if text.startswith("https://") and len(text) <= _LONGEST:
        return text
    ref = subject.listing.ref
    if ref.source != "huggingface" or not subject.files.has(text):
        return ""
    address = f"{_HOME}/{ref.repo_id}/resolve/{subject.listing.commit}/{quote(text)}"
    return address if len(address) <= _LONGEST else ""
