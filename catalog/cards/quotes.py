"""Find the words of a quotation in a text, however its white space and its quotation marks are."""

from __future__ import annotations

from typing import Final

_ALIKE: Final = str.maketrans(
    {"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "‑": "-", "\u00a0": " "}
)


def normal(text: str) -> str:
    """Write white space as one space, and marks that only look different as one mark."""
    return " ".join(text.translate(_ALIKE).split())


def place_of(quote: str, text: str) -> tuple[int, int] | None:
    """Give the characters [start, end) of a text that say the quotation; None where none do."""
    wanted = normal(quote)
    if not wanted:
        return None
    letters: list[str] = []
    places: list[int] = []
    for at, letter in enumerate(text.translate(_ALIKE)):
        if not letter.isspace():
            letters.append(letter)
        elif letters and letters[-1] != " ":
            letters.append(" ")
        else:
            continue
        places.append(at)
    found = "".join(letters).find(wanted)
    if found < 0:
        return None
    return places[found], places[found + len(wanted) - 1] + 1
