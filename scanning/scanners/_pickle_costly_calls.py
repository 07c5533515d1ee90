"""Harmless callables whose price is in their arguments: what they hash, expand or set aside."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

from scanning.scanners._pickle_costs import Costs
from scanning.scanners._pickle_reader import Blob, OpReader
from scanning.scanners._pickle_values import Bag, Call, Global, Value
from scanning.scanners._regex_costs import TOO_LONG, regex_trouble

_LONGEST = 1 << 20
_MOST_DIGITS = 100_000
_EXPONENT = re.compile(r"[eE][+-]?0*(\d+)")
_TEXT_BOMB = "makes text of a whole structure, however large it unfolds"
_NUMBER_BOMB = "makes a number of millions of digits"
_SIZE = "asks for a value of enormous size"
_MOST_ITEMS = 1 << 26
_MOST_BYTES = 1 << 32
_RANGES = frozenset({Global("builtins", "range"), Global("builtins", "xrange")})


class Stage(Protocol):
    """What of the machine is needed here."""

    reader: OpReader
    costs: Costs
    asked: int


def _hashes(stage: Stage, arguments: Value) -> str:
    """A set or table of what is given, or the hash of it."""
    found = ""
    for given in arguments if isinstance(arguments, tuple) else ():
        found = found or stage.costs.hashed(given)
        if isinstance(given, tuple):
            found = found or stage.costs.filled(Bag("set"), given)
        elif isinstance(given, Bag):
            found = found or next(filter(None, map(stage.costs.hashed, given.items)), "")
    return found or _expands(stage, arguments)


def _expands(stage: Stage, arguments: Value) -> str:
    """As many items as a range has, or a number says; a little at a time is much in the end."""
    stage.asked += sum(_items(one) for one in (arguments if isinstance(arguments, tuple) else ()))
    return _SIZE if stage.asked > _MOST_ITEMS else ""


def _items(value: Value) -> int:
    if isinstance(value, Call) and value.target in _RANGES:
        numbers = [abs(one) for one in _ints(value.arguments)]
        return max(numbers, default=0)
    return 0


def _zeros(stage: Stage, arguments: Value) -> str:
    """Bytes by their number alone."""
    first = arguments[0] if isinstance(arguments, tuple) and arguments else None
    stage.asked += first if type(first) is int and first > 0 else 0
    return _expands(stage, arguments)


def _ints(value: Value) -> list[int]:
    return [one for one in value if type(one) is int] if isinstance(value, tuple) else []


def _shape(stage: Stage, arguments: Value) -> str:
    """An array, storage or table of a size that is told by numbers."""
    given = arguments if isinstance(arguments, tuple) else ()
    worst = 0
    for shape in (given, *(one for one in given if isinstance(one, tuple))):
        product = 1
        for size in _ints(shape):
            product = min(product * max(1, abs(size)), _MOST_BYTES + 1)
        worst = max(worst, product)
    return _SIZE if worst > _MOST_BYTES else ""


def _text(stage: Stage, arguments: Value) -> str:
    first = arguments[0] if isinstance(arguments, tuple) and arguments else None
    return _TEXT_BOMB if isinstance(first, tuple | Bag) else ""


def _number(stage: Stage, arguments: Value) -> str:
    """A number from text or parts: its exponent decides how many digits it has."""
    parts = list(arguments) if isinstance(arguments, tuple) else []
    for one in parts:
        if isinstance(one, Call) and isinstance(one.arguments, tuple):
            parts += one.arguments[:4]
        if isinstance(one, tuple) and any(abs(size) > _MOST_DIGITS for size in _ints(one)):
            return _NUMBER_BOMB
        texts = _EXPONENT.findall(one) if isinstance(one, str) else ()
        if isinstance(one, Blob) or any(len(digits) > 5 for digits in texts):  # noqa: PLR2004
            return _NUMBER_BOMB
        if len(parts) > 100:  # noqa: PLR2004 nobody nests them
            return ""
    return ""


def _pattern(stage: Stage, arguments: Value) -> str:
    pattern, flags = (*arguments, 0, 0)[:2] if isinstance(arguments, tuple) else (None, 0)
    if isinstance(pattern, Blob):
        if pattern.size > _LONGEST:
            return TOO_LONG
        pattern = stage.reader.constant(pattern).decode("utf-8", "replace")
    if isinstance(pattern, bytes):
        pattern = pattern.decode("latin-1")
    if not isinstance(pattern, str):
        return ""
    return regex_trouble(pattern, flags if isinstance(flags, int) else 0)


_Price = Callable[[Stage, Value], str]
_NAMES: dict[_Price, str] = {
    _hashes: "builtins:set builtins:frozenset builtins:dict builtins:hash collections:Counter "
    "collections:OrderedDict collections:defaultdict",
    _expands: "builtins:list builtins:tuple collections:deque array:array",
    _zeros: "builtins:bytes builtins:bytearray numpy:void",
    _shape: "numpy:ndarray numpy.core.multiarray:_reconstruct numpy._core.multiarray:_reconstruct "
    "torch:Tensor torch:FloatStorage torch:DoubleStorage torch:HalfStorage torch:LongStorage "
    "torch:IntStorage torch:ShortStorage torch:CharStorage torch:ByteStorage torch:BoolStorage "
    "torch:BFloat16Storage torch.storage:UntypedStorage torch.storage:TypedStorage",
    _text: "builtins:str numpy:str_",
    _number: "fractions:Fraction decimal:Decimal builtins:int builtins:round",
    _pattern: "re:_compile",
}
COSTLY: dict[Global, _Price] = {
    Global(*name.split(":")): price for price, names in _NAMES.items() for name in names.split()
}
