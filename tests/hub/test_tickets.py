"""A ticket is worth what was signed, until it ends, and nothing else is one."""

from __future__ import annotations

import base64
import time

import pytest

from hub import tickets
from hub.tickets import Ticket, TicketError

SECRET = "of this yard"
ENDS = int(time.time()) + 86_400
TICKET = Ticket("ab" * 32, 10, "ab" * 32, "\u00fc b.bin", "c" * 40, "17.4", ENDS)


def test_what_was_signed_is_read_back():
    word = tickets.make(TICKET, secret=SECRET)
    assert tickets.read(word, secret=SECRET) == TICKET
    assert word.isascii()
    assert not set(word) & set("/+=%? \r\n")


def test_another_secret_reads_nothing():
    with pytest.raises(TicketError, match="not made by this registry"):
        tickets.read(tickets.make(TICKET, secret="of another"), secret=SECRET)


@pytest.mark.parametrize("change", ["size", "sha256", "ends", "etag", "served", "commit"])
def test_no_word_of_it_can_be_altered(change):
    told, _, signed = tickets.make(TICKET, secret=SECRET).partition(".")
    text = base64.urlsafe_b64decode(told + "=" * (-len(told) % 4)).decode()
    value = str(getattr(TICKET, change))
    last = "8" if value.endswith("9") else "9"
    altered = text.replace(value, value[:-1] + last, 1)
    assert altered != text
    forged = base64.urlsafe_b64encode(altered.encode()).decode().rstrip("=")
    with pytest.raises(TicketError):
        tickets.read(f"{forged}.{signed}", secret=SECRET)


def test_an_end_is_an_end():
    over = Ticket("ab" * 32, 10, "ab" * 32, "b.bin", "c" * 40, "", int(time.time()) - 1)
    with pytest.raises(TicketError, match="is over"):
        tickets.read(tickets.make(over, secret=SECRET), secret=SECRET)


@pytest.mark.parametrize(
    "word", ["", ".", "x", "x.y", "=.=", "a" * 43, "a." + "b" * 43, "\u00e9.\u00e9"]
)
def test_other_words_are_no_tickets(word):
    with pytest.raises(TicketError):
        tickets.read(word, secret=SECRET)
