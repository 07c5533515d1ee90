"""A ticket: the right to the bytes of one content for a time, as a word of an address.

Who gives it out has decided already; who reads it asks nothing else, no key and no database. It is
therefore signed, ends, and names the content with its size and all that the answer says of it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import time
from dataclasses import asdict, dataclass, fields
from typing import Final

PREFIX: Final = "/-bytes/"  # of every address that ends in a ticket
_PURPOSE: Final = b"modelyard ticket 1\0"  # no other signature of the same secret is one
_WORD: Final = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{43})")


class TicketError(Exception):
    """Not a ticket of this yard, or not one any more; the text is for the client."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What may be had, how the answer describes it, and until when (seconds since 1970)."""

    sha256: str
    size: int
    etag: str  # without quotes
    name: str
    commit: str
    served: str  # the line of the trail that this belongs to
    ends: int


def make(ticket: Ticket, *, secret: str) -> str:
    """Sign the ticket; the word is safe in a path and in a header."""
    told = json.dumps(asdict(ticket), separators=(",", ":")).encode()
    return f"{_word(told)}.{_word(_signature(told, secret))}"


def read(word: str, *, secret: str) -> Ticket:
    """Give the ticket, or raise TicketError where it is forged, altered or over."""
    found = _WORD.fullmatch(word)
    if found is None:
        raise TicketError("This is no address of a file.")
    told, signed = _bytes(found[1]), _bytes(found[2])
    if not hmac.compare_digest(_signature(told, secret), signed):
        raise TicketError("This address was not made by this registry, or was altered.")
    ticket = _parsed(told)
    if ticket.ends < time.time():
        raise TicketError("This address is over; ask the registry for the file again.")
    return ticket


def _parsed(told: bytes) -> Ticket:
    """Read what we signed ourselves; an older version of the yard may have signed other fields."""
    values = json.loads(told)
    if set(values) != {field.name for field in fields(Ticket)}:
        raise TicketError("This address is of another version; ask the registry again.")
    return Ticket(**values)


def _signature(told: bytes, secret: str) -> bytes:
    return hmac.new(secret.encode(), _PURPOSE + told, hashlib.sha256).digest()


def _word(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(word: str) -> bytes:
    try:
        return base64.b64decode(word + "=" * (-len(word) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise TicketError("This is no address of a file.") from error
