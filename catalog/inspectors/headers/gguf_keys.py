"""The key/value table of a GGUF file, in bounds: long arrays are counted and passed over."""

from __future__ import annotations

import struct
from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from catalog.inspectors.base import Problems
from catalog.inspectors.headers.ranges import BudgetSpentError, Cursor
from core.errors import InvalidInputError

# struct's letter for each type of value that has one size; 8 is a text, 9 an array.
SCALARS: Final = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q",
                  12: "d"}  # fmt: skip
NAMES: Final = {0: "uint8", 1: "int8", 2: "uint16", 3: "int16", 4: "uint32", 5: "int32",
                6: "float32", 7: "bool", 10: "uint64", 11: "int64", 12: "float64"}  # fmt: skip
SIZES: Final = {kind: struct.calcsize(f"<{letter}") for kind, letter in SCALARS.items()}
# The least of what follows the name of a key.
_TYPE_AND_VALUE: Final = 5
TEXT: Final = 8
ARRAY: Final = 9
MOST_KEYS: Final = 20_000
LONGEST_KEY: Final = 1 << 16  # the format's own limit is one less
LONGEST_TEXT: Final = 64 << 10
LONGEST_TEMPLATE: Final = 2 << 20
MOST_KEPT: Final = 1024
DEEPEST: Final = 4
# All that is kept together, with what Python adds to each value.
LARGEST_KEPT: Final = 8 << 20
OVERHEAD: Final = 64
# Of tokens as of merges; the largest vocabularies have a quarter of a million.
MOST_TEXTS: Final = 2_000_000
LARGEST_VOCABULARY: Final = 16 << 20
_LENGTH: Final = struct.Struct("<Q")
TEMPLATE: Final = "tokenizer.chat_template"
TOKENS: Final = "tokenizer.ggml.tokens"


@dataclass(frozen=True, slots=True)
class LongArray:
    """An array that was passed over: its type and length are known, its values are not kept."""

    kind: str
    length: int


@dataclass(slots=True)
class Vocabulary:
    """The tokens as they lie in the file, for the few that somebody asks for."""

    form: struct.Struct = _LENGTH
    content: bytearray = field(default_factory=bytearray)
    places: array[int] = field(default_factory=lambda: array("I"))

    def token(self, number: int) -> str | None:
        """Return one token; None where it is not known."""
        if not 0 <= number < len(self.places):
            return None
        begin = self.places[number] + self.form.size
        (length,) = self.form.unpack_from(self.content, self.places[number])
        return self.content[begin : begin + length].decode("utf-8", "replace")

    @property
    def is_full(self) -> bool:
        """Whether no more tokens are kept."""
        return len(self.content) > LARGEST_VOCABULARY


class KeyReader:
    """Reads the table into `keys`; what came before a fault or the budget's end stays there."""

    def __init__(self, cursor: Cursor, version: int, path: str, problems: Problems) -> None:
        self.keys: dict[str, object] = {}
        self.vocabulary = Vocabulary()
        self.version = version
        self._cursor = cursor
        self._length = "I" if version == 1 else "Q"
        self._path = path
        self._problems = problems
        # What surely follows all keys.
        self.behind = 0
        self._room = LARGEST_KEPT
        self._texts = MOST_TEXTS

    def read(self, count: int) -> None:
        """Read so many pairs. Raises InvalidInputError, or BudgetSpentError where it ends."""
        if count > MOST_KEYS:
            raise InvalidInputError(f"it claims {count} keys")
        seen: Counter[str] = Counter()
        for number in range(1, count + 1):
            after = self.behind + (count - number) * (self._least + _TYPE_AND_VALUE)
            self._cursor.behind = after + _TYPE_AND_VALUE
            key = self._key()
            seen[key] += 1
            self._cursor.behind = after + 1
            self.keys[key] = self._value(key, self._cursor.unpack("I")[0], 0, after)
        for key in sorted(key for key, times in seen.items() if times > 1):
            self._problems.add(f"{self._path} gives {key[:80]!r} twice")
            del self.keys[key]

    def text(self, limit: int, what: str) -> str:
        """Read a text that must not be longer than `limit` bytes."""
        length = self._count()
        if length > limit:
            raise InvalidInputError(f"{what} claims {length} bytes")
        return self._taken(length)

    def _taken(self, length: int) -> str:
        self._spend(length)
        return self._cursor.take(length).decode("utf-8", "replace")

    def _spend(self, size: int) -> None:
        self._room -= size + OVERHEAD
        if self._room < 0:
            raise InvalidInputError("its keys hold too much")

    def _key(self) -> str:
        return self.text(LONGEST_KEY, "a key")

    def _count(self) -> int:
        count: int = self._cursor.unpack(self._length)[0]
        return count

    def _value(self, key: str, kind: int, depth: int, after: int) -> object:
        """Read a value behind which the header goes on for at least `after` bytes."""
        self._cursor.behind = after
        if kind in SCALARS:
            return self._cursor.unpack(SCALARS[kind])[0]
        if kind == TEXT:
            return self._text_value(key)
        if kind == ARRAY and depth < DEEPEST:
            return self._array(key, depth, after)
        fault = "nests arrays too deeply" if kind == ARRAY else f"has a value of type {kind}"
        raise InvalidInputError(f"the key {key[:80]!r} {fault}")

    def _text_value(self, key: str) -> str | None:
        length = self._count()
        limit = LONGEST_TEMPLATE if key.startswith(TEMPLATE) else LONGEST_TEXT
        if length > limit:
            self._cursor.skip(length)
            self._problems.add(f"{self._path}: {key[:80]} has {length} bytes and is not read")
            return None
        return self._taken(length)

    def _array(self, key: str, depth: int, after: int) -> object:
        self._cursor.behind = after + self._least
        kind: int = self._cursor.unpack("I")[0]
        self._cursor.behind = after
        length = self._count()
        if length * SIZES.get(kind, self._least) > self._cursor.size - self._cursor.at:
            raise InvalidInputError(f"the key {key[:80]!r} claims {length} values")
        if kind in SCALARS:
            return self._numbers(kind, length)
        if kind == TEXT and (length > MOST_KEPT or key == TOKENS):
            # Known even where the budget ends among them.
            self.keys[key] = LongArray("text", length)
            self._pass_texts(length, self.vocabulary if key == TOKENS else None, after)
            return self.keys[key]
        if length > MOST_KEPT:
            raise InvalidInputError(f"the key {key[:80]!r} nests {length} arrays")
        self._spend(length)
        left = range(length - 1, -1, -1)
        return [self._value(key, kind, depth + 1, after + n * self._least) for n in left]

    @property
    def _least(self) -> int:
        return struct.calcsize(f"<{self._length}")

    def _numbers(self, kind: int, length: int) -> object:
        if length > MOST_KEPT:
            self._cursor.skip(length * SIZES[kind])
            return LongArray(NAMES[kind], length)
        self._spend(length * OVERHEAD)
        return list(self._cursor.unpack(f"{length}{SCALARS[kind]}"))

    def _pass_texts(self, count: int, kept: Vocabulary | None, after: int) -> None:
        """Walk over texts, unless at their length so far the budget will not reach their end."""
        form, begin, left = struct.Struct(self._cursor.order + self._length), self._cursor.at, count
        self._texts -= count
        if self._texts < 0:
            raise InvalidInputError("its lists of texts are too long")
        if kept is not None:
            kept.form = form
        while left:
            self._cursor.behind = after + (left - 1) * form.size
            self._cursor.need(form.size)
            left -= self._pass_window(left, form, kept) or self._pass_one(form, kept)
            ahead = left * (self._cursor.at - begin) // (count - left)
            if self._cursor.at + ahead > self._cursor.reach:
                raise BudgetSpentError

    def _pass_window(self, left: int, form: struct.Struct, kept: Vocabulary | None) -> int:
        """Pass the texts that are at hand whole."""
        window, start = self._cursor.window()
        places: list[int] = []
        at, end, width = start, len(window) - form.size, form.size
        while len(places) < left and at <= end:
            following = at + width + form.unpack_from(window, at)[0]
            if following > end + width:
                break
            places.append(at)
            at = following
        if kept is not None and not kept.is_full:
            shift = len(kept.content) - start
            kept.places.extend([place + shift for place in places])
            kept.content += window[start:at]
        self._cursor.at += at - start
        return len(places)

    def _pass_one(self, form: struct.Struct, kept: Vocabulary | None) -> int:
        """Pass a text that is only begun: a token is fetched, what is long is jumped over."""
        length = self._count()
        wanted = kept is not None and not kept.is_full
        short = wanted and length <= LONGEST_TEXT
        text = self._cursor.take(length) if short else b""
        if kept is not None and wanted:
            kept.places.append(len(kept.content))
            kept.content += form.pack(len(text)) + text
        self._cursor.skip(length - len(text))
        return 1
