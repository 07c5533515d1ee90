"""Read a card in one line, for all tests of cards."""

from __future__ import annotations

from catalog.cards import Place, analyse_card
from catalog.cards.parsing import read_document
from catalog.inspectors.front_matter import split

PLACE = Place("acme/tiny-chat-1b", "https://example.org/acme/tiny-chat-1b/resolve/abc/")


def document_of(text):
    return read_document(text, split(text).body)


def analysed(text, place=PLACE):
    front = split(text)
    return analyse_card(text, front.body, front.data, place)


def texts(items):
    return [item.text for item in items]
