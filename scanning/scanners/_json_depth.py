"""How deep JSON is nested, without building what it says: for texts too large to be parsed."""

from __future__ import annotations

MAX_DEPTH = 900  # at about a thousand Python's own reader gives up
_BRACKETS = b"[]{}"
_OTHERS = bytes(set(range(256)) - set(_BRACKETS))


class Depth:
    """Takes a text piece by piece; brackets that close each other are struck out."""

    def __init__(self) -> None:
        self._open = b""
        self._in_text = 0
        self._cut = b""

    def grows_too_deep(self, piece: bytes) -> bool:
        """Go on with the next piece; True once it is deeper than readers can follow."""
        brackets = self._outside_of_texts(self._cut + piece).translate(None, _OTHERS)
        rest, before, rounds = self._open + brackets, -1, 0
        while len(rest) != before and rounds <= MAX_DEPTH:
            before, rounds = len(rest), rounds + 1
            rest = rest.replace(b"[]", b"").replace(b"{}", b"")
        self._open = rest.lstrip(b"]}")
        return max(rounds, len(self._open)) > MAX_DEPTH

    def _outside_of_texts(self, data: bytes) -> bytes:
        plain = data.replace(b"\\\\", b"").replace(b'\\"', b"")
        self._cut = b"\\" if plain.endswith(b"\\") else b""
        parts = plain.removesuffix(b"\\").split(b'"')
        outside = b" ".join(parts[self._in_text :: 2])
        self._in_text = (self._in_text + len(parts) - 1) % 2
        return outside
