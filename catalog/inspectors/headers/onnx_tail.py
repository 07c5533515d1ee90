"""The end of an ONNX graph: inputs and outputs, found without the tensors that stand before."""

from __future__ import annotations

from typing import Final

from catalog.inspectors.base import Reader
from catalog.inspectors.headers.onnx_tensors import read_value
from catalog.inspectors.headers.protobuf import LENGTH, Wire
from catalog.inspectors.headers.ranges import Budget, Cursor
from core.errors import InvalidInputError

# How far back the end is looked for: most have few inputs and outputs, and before them are weights.
TAILS: Final = (1 << 10, 8 << 10, 64 << 10)
_INPUT, _OUTPUT = 11, 12
_INPUT_TAG: Final = b"\x5a"  # field 11 with a length
# Fields of a graph that writers put behind its tensors: inputs, outputs, types of values, notes.
_BEHIND: Final = frozenset({10, 11, 12, 13, 14, 16})
_MOST_PLACES: Final = 2000


def read_tail(reader: Reader, path: str, graph_end: int) -> tuple[Cursor, int] | None:
    """Return a cursor over the end of the file and the place of the first input; None without one.

    A place is right when from there fields follow one another that can stand there, end where the
    graph ends, and describe inputs and outputs that have names.
    """
    size = reader.size(path)
    if size - graph_end > TAILS[-1]:
        return None
    begins = sorted({max(0, graph_end - length) for length in TAILS}, reverse=True)
    found = (_found_behind(reader, path, begin, graph_end) for begin in begins)
    return next((tail for tail in found if tail), None)


def _found_behind(
    reader: Reader, path: str, begin: int, graph_end: int
) -> tuple[Cursor, int] | None:
    rest = reader.size(path) - begin
    cursor = Cursor(reader, path, Budget(rest, 1), at=begin)
    cursor.need(rest)
    window, wire = bytes(cursor.window()[0]), Wire(cursor)
    place = -1
    for _ in range(_MOST_PLACES):
        place = window.find(_INPUT_TAG, place + 1, graph_end - begin)
        if place < 0:
            return None
        cursor.at = begin + place
        if _is_end(wire, graph_end):
            return cursor, begin + place
    return None


def _is_end(wire: Wire, graph_end: int) -> bool:
    seen: set[int] = set()
    try:
        for number, form, length in wire.fields(graph_end):
            if form != LENGTH or number not in _BEHIND:
                return False
            seen.add(number)
            if number in {_INPUT, _OUTPUT} and not read_value(wire, length).name:
                return False
    except InvalidInputError:
        return False
    return {_INPUT, _OUTPUT} <= seen
