"""Size of the raw array that joblib writes right behind its `NumpyArrayWrapper`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from scanning.scanners._globals import modern
from scanning.scanners._pickle_values import Bag, Call, Global, Value

_WRAPPER = Global("joblib.numpy_pickle", "NumpyArrayWrapper")
_RECONSTRUCTOR = Global("copyreg", "_reconstructor")
_DTYPE = Global("numpy", "dtype")
_CODE = re.compile(r"^[<>|=]?([?a-zA-Z])(\d*)$")
_STATE_SIZE = 5
_STATE_FLAGS = 7
_HAS_OBJECT = 1
_UNICODE_WIDTH = 4


@dataclass(frozen=True, slots=True)
class ArrayPlan:
    """`is_object`: a pickle follows instead; `aligned`: one byte says how many to pad."""

    is_object: bool
    size: int = 0
    aligned: bool = False


def is_array_wrapper(value: Call) -> bool:
    """One that is made by its class, or as protocols 0 and 1 make any object."""
    if _is_global(value.target, _WRAPPER):
        return True
    if not isinstance(value.target, Global) or modern(value.target) != _RECONSTRUCTOR:
        return False
    arguments = value.arguments
    return isinstance(arguments, tuple) and _is_global(next(iter(arguments), None), _WRAPPER)


def array_plan(state: Value) -> ArrayPlan | None:
    """Plan from the wrapper's attributes; None when they are not constant enough to know."""
    if not isinstance(state, Bag):
        return None
    shape, dtype = state.entries.get("shape"), state.entries.get("dtype")
    width = _item_size(dtype)
    if width is None or not isinstance(shape, tuple):
        return None
    if width == 0:
        return ArrayPlan(is_object=True)
    sizes = [size for size in shape if isinstance(size, int) and size >= 0]
    if len(sizes) != len(shape):
        return None
    aligned = isinstance(state.entries.get("numpy_array_alignment_bytes"), int)
    return ArrayPlan(is_object=False, size=width * math.prod(sizes), aligned=aligned)


def _item_size(dtype: Value) -> int | None:
    """Bytes per item, 0 for an object array."""
    if not isinstance(dtype, Call) or not _is_global(dtype.target, _DTYPE):
        return None
    arguments, state = dtype.arguments, dtype.state
    code = arguments[0] if isinstance(arguments, tuple) and arguments else None
    match = _CODE.match(code) if isinstance(code, str) else None
    if match is None:
        return None
    if match[1] == "O" or _flags(state) & _HAS_OBJECT:
        return 0
    elsize = _state_number(state, _STATE_SIZE)
    if elsize > 0:
        return elsize
    width = int(match[2] or 1) * (_UNICODE_WIDTH if match[1] == "U" else 1)
    return width or None


def _is_global(value: Value, wanted: Global) -> bool:
    # The type first: comparing any other stand-in could be made to take forever.
    return isinstance(value, Global) and value == wanted


def _flags(state: Value) -> int:
    return max(0, _state_number(state, _STATE_FLAGS))


def _state_number(state: Value, index: int) -> int:
    if not isinstance(state, tuple) or len(state) <= index:
        return -1
    value = state[index]
    return value if isinstance(value, int) else -1
