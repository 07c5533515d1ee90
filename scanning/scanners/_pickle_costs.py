"""What loading costs beyond the bytes: shared tuples that unfold, keys that collide, huge values.

A tuple is hashed item by item, each time anew, so one that holds another twice, and so on, takes
forever as a key. Numbers of one hash make a table compare every key with every other.
"""

from __future__ import annotations

from collections.abc import Sequence

from scanning.scanners._pickle_values import Bag, Call, Global, Opaque, Value

_MOST = 1 << 62  # weights are no larger
_HEAVY = 64  # a lighter tuple is counted anew where it is needed
_MAX_HEAVY = 1_000_000
_UNFOLDED = 1 << 44  # items of a structure, each counted as often as it is reached
_LARGE_UNFOLDED = 1 << 24
_MANY_FOLDS = 12  # levels on which a part is held twice: nobody's data are so by chance
_HASHED = 10_000_000
_DEEP = 10_000  # tuples in tuples: they are hashed by recursion in C
_MODULUS = (1 << 61) - 1  # Python's hash of a number
_SLOTS = 1 << 16
_ALIKE = 1000
_LARGE = 1 << 31
# Texts have another hash in each process, and of floats too few can have the same.
_SCATTERED = frozenset({str, float, bool, bytes, type(None)})
_HOLDING = frozenset({tuple, Bag})
_FRACTION = Global("fractions", "Fraction")
_PAIR = 2
_DIGITS = 1000
_ARGUMENTS = 16
TUPLE_BOMB = "unfolds to more items than any reader can go through"
HASH_BOMB = "has keys that take enormously long to hash"
COLLISIONS = "has keys that all have one hash, so that each is compared with all others"


class Costs:
    """Counts what one pickle asks of its reader; each method says what is wrong, or ''."""

    def __init__(self) -> None:
        # Kept with the tuple itself: a number of one that is gone would be given to another.
        self._heavy: dict[int, tuple[Value, int, int, int]] = {}
        self._hashed = 0
        self._slots: list[tuple[int, Value, int]] = []

    @property
    def is_full(self) -> bool:
        return len(self._heavy) >= _MAX_HEAVY

    def made(self, new: tuple[Value, ...]) -> str:
        """A tuple was made of what was there."""
        if not any(type(item) in _HOLDING for item in new):
            return ""
        weight, depth = 1, 1
        for item in new:
            inner, below = self._weigh(item)
            weight += inner
            depth = max(depth, below + 1)
        folds = 0
        if weight >= _HEAVY and not self.is_full:
            folds = self._folds(new, ())
            self._heavy[id(new)] = (new, min(weight, _MOST), depth, folds)
        return TUPLE_BOMB if _is_bomb(weight, folds) else ""

    def filled(self, bag: Bag, items: Sequence[Value]) -> str:
        """Items were put into a list, a set or, key by key, a table."""
        extra = 0
        for item in items:
            if type(item) is tuple:
                known = self._heavy.get(id(item))
                extra += known[1] if known else _HEAVY
            elif type(item) is Bag:
                extra += item.weight
        bag.weight = min(bag.weight + len(items) + extra, _MOST)
        if extra >= _HEAVY:
            bag.folds = max(bag.folds, self._folds(items, bag.items[:_PAIR]))
        keys = items[::2] if bag.kind == "dict" else items
        trouble = self.keyed(bag, keys, is_list=bag.kind == "list")  # a set may be made of it
        return trouble or (TUPLE_BOMB if _is_bomb(bag.weight, bag.folds) else "")

    def _folds(self, items: Sequence[Value], before: Sequence[Value]) -> int:
        """On how many levels a structure holds a large part of itself more than once."""
        seen = {id(one) for one in before}
        most = 0
        for item in items:
            if type(item) is Bag:
                weight, folds = item.weight, item.folds
            elif known := self._heavy.get(id(item)) if type(item) is tuple else None:
                weight, folds = known[1], known[3]
            else:
                continue
            if weight >= _HEAVY:
                most = max(most, folds + (id(item) in seen))
                seen.add(id(item))
        return most

    def hashed(self, value: Value) -> str:
        """A value is hashed."""
        weight, depth = self._weigh(value) if type(value) is tuple else (1, 1)
        self._hashed += weight if weight > _HEAVY else 0
        return HASH_BOMB if self._hashed > _HASHED or depth > _DEEP else ""

    def _weigh(self, value: Value, depth: int = 0) -> tuple[int, int]:
        if type(value) is Bag:
            return value.weight, 1
        if type(value) is not tuple:
            return 1, 0
        if known := self._heavy.get(id(value)):
            return known[1], known[2]
        if depth > _HEAVY:
            return _HEAVY, depth
        inner = [self._weigh(item, depth + 1) for item in value]
        return 1 + sum(one[0] for one in inner), 1 + max((one[1] for one in inner), default=0)

    def keyed(self, owner: Value, keys: Sequence[Value], *, is_list: bool = False) -> str:
        """A set, or an object that is like a table, got keys."""
        for key in keys:
            if _is_plain(key) or (is_list and not _is_odd(key)):
                continue
            if type(key) is tuple and not is_list and (trouble := self.hashed(key)):
                return trouble
            found = _residue(key)
            if found is not None and self._meet(owner, key, found):
                return COLLISIONS
        return ""

    def _meet(self, owner: Value, key: Value, residue: int) -> bool:
        """Whether too many different keys of one hash came behind each other in one place."""
        if not self._slots:
            self._slots = [(0, None, 0)] * _SLOTS
        slot = hash((id(owner), residue)) % _SLOTS
        before, last, count = self._slots[slot]
        is_alike = before == residue and (type(key) is Opaque or last != key)
        self._slots[slot] = (residue, key, count + is_alike)
        return count > _ALIKE


def _is_bomb(weight: int, folds: int) -> bool:
    """Loading it takes little; printing, copying, hashing or writing it takes everything."""
    return weight > _UNFOLDED or (weight > _LARGE_UNFOLDED and folds >= _MANY_FOLDS)


def _is_plain(key: Value) -> bool:
    """Whether its hash differs in each process, or is its own."""
    kind = type(key)
    if kind is tuple:
        return len(key) <= _PAIR and all(type(one) is str or _is_small(one) for one in key)  # type: ignore[arg-type, attr-defined]
    return kind in _SCATTERED or (kind is int and -_MODULUS < key < _MODULUS)  # type: ignore[operator]


def _is_small(value: Value) -> bool:
    return type(value) is int and -_LARGE < value < _LARGE


def _is_odd(key: Value) -> bool:
    """Whether an item of a list is a number, or a tuple of such, as nobody has by the thousand."""
    first = key[0] if isinstance(key, tuple) and key else key
    return isinstance(first, tuple) or (isinstance(first, int) and abs(first) > _LARGE)


def _residue(key: Value, depth: int = 0) -> int | None:
    """The hash of a number, or of what is made of numbers alone; of texts it differs each time."""
    if isinstance(key, int | float | complex):
        return hash(key)
    if isinstance(key, Opaque):
        return 0 if "number" in key.what else None
    if isinstance(key, str):
        return int(key) % _MODULUS if key.isdecimal() and len(key) < _DIGITS else None
    return _residue_of_parts(key, depth) if depth <= _PAIR else None


def _residue_of_parts(key: Value, depth: int) -> int | None:
    if isinstance(key, Call):
        return _residue_of_call(key, depth)
    parts = key if isinstance(key, tuple) else ()
    inner = [_residue(part, depth + 1) for part in parts[:_ARGUMENTS] if not isinstance(part, str)]
    if not inner or len(inner) < len(parts) or None in inner:
        return None
    return hash(tuple(inner))


def _residue_of_call(call: Call, depth: int) -> int | None:
    arguments = call.arguments if isinstance(call.arguments, tuple) else ()
    numbers = [one for one in arguments if type(one) is int]
    if call.target == _FRACTION and len(numbers) == _PAIR and numbers[1] % _MODULUS:
        return numbers[0] * pow(numbers[1], -1, _MODULUS) % _MODULUS
    if isinstance(call.state, Bag):
        arguments += tuple(call.state.entries.values())
    found = [_residue(one, depth + 1) for one in arguments[:_ARGUMENTS]]
    return hash(tuple(found)) if found and None not in found else None
