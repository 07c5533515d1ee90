"""Allowed functions that call what they are handed, set its state, or give it back."""

from __future__ import annotations

from typing import NamedTuple

from scanning.scanners._globals import modern
from scanning.scanners._pickle_arguments import ENCODE
from scanning.scanners._pickle_values import Call, Global, Value

_TENSOR_OF_TYPE = Global("torch._tensor", "_rebuild_from_type_v2")
_PARAMETER = Global("torch._utils", "_rebuild_parameter_with_state")
_RECONSTRUCTOR = Global("copyreg", "_reconstructor")
_NEWOBJ = Global("copyreg", "__newobj__")
_KEEPING = frozenset({Global("functools", "partial"), Global("collections", "defaultdict")})
_STATE_OF_PARAMETER = 3


class Way(NamedTuple):
    """The places, among the arguments, of a callable, of its arguments, and of states."""

    callee: int
    arguments: int | None
    states: tuple[int, ...] = ()


class Passed(NamedTuple):
    """A call that another makes, and the states that its result gets."""

    callee: Value
    arguments: tuple[Value, ...] | Value
    states: tuple[Value, ...]
    is_result: bool  # of the call that makes it


_WAYS = {
    _TENSOR_OF_TYPE: Way(0, 2, (3,)),
    Global("dill._dill", "_create_array"): Way(0, 1, (2, 3)),
    Global("jax._src.array", "_reconstruct_array"): Way(0, 1, (2,)),
    Global("numpy.random._pickle", "__randomstate_ctor"): Way(1, None),
    Global("numpy.random._pickle", "__generator_ctor"): Way(1, None),
}
# They give back what they were given, at this place.
_GIVING_BACK = {
    Global("gensim.utils", "identity"): 0,
    Global("numpy.core.multiarray", "scalar"): 1,  # for a type of objects
    Global("numpy._core.multiarray", "scalar"): 1,
    **{
        Global("torch.jit._pickle", name): 0
        for name in [
            "build_intlist",
            "build_tensorlist",
            "build_doublelist",
            "build_boollist",
            "restore_type_tag",
        ]
    },
}


def is_kept(target: Global) -> bool:
    """Whether what it is handed is not called at once."""
    return target in _KEEPING


def passes_on(target: Global, arguments: Value) -> Global | None:
    """The callable that a call of `target` constructs with, or keeps to be called."""
    if not isinstance(arguments, tuple) or not arguments:
        return None
    if target == _RECONSTRUCTOR:
        # It calls the constructor of its second argument, where that is not `object` itself.
        base = arguments[1] if len(arguments) > 1 else None
        return base if isinstance(base, Global) and base.name != "object" else None
    passed = arguments[0] if is_kept(target) else None
    return passed if isinstance(passed, Global) else None


def passed_by(target: Global, arguments: Value) -> Passed | None:
    """The call that a call of `target` makes at once."""
    way = _WAYS.get(target)
    if way is None or not isinstance(arguments, tuple) or len(arguments) <= way.callee:
        return None
    inner: Value = arguments[:1]
    if way.arguments is not None:
        inner = arguments[way.arguments] if len(arguments) > way.arguments else ()
    states = tuple(arguments[at] for at in way.states if len(arguments) > at)
    given = tuple(one for one in states if one is not None)
    return Passed(arguments[way.callee], inner, given, bool(way.states))


def state_of_parameter(target: Global, arguments: Value) -> Value:
    """What a parameter of torch gets as its attributes; None when nothing."""
    is_one = target == _PARAMETER and isinstance(arguments, tuple)
    if not is_one or not isinstance(arguments, tuple) or len(arguments) <= _STATE_OF_PARAMETER:
        return None
    return arguments[_STATE_OF_PARAMETER]


def outcome(target: Value, arguments: Value) -> Value:
    """What a call comes to, where that is known, so that no call hides it."""
    if not isinstance(target, Global) or not isinstance(arguments, tuple) or not arguments:
        return Call(target, arguments)
    new = modern(target)
    if new in _GIVING_BACK:
        return _given_back(target, arguments, _GIVING_BACK[new])
    if new in {_NEWOBJ, _RECONSTRUCTOR}:
        return Call(arguments[0], arguments[1:] if new == _NEWOBJ else ())
    passed = passed_by(new, arguments)
    if passed is not None and passed.is_result:
        return Call(passed.callee, passed.arguments)
    return Call(target, arguments)


def _given_back(target: Global, arguments: tuple[Value, ...], place: int) -> Value:
    given = arguments[place] if len(arguments) > place else None
    if place == 0:
        return given
    is_object = isinstance(given, Global) or (isinstance(given, Call) and given.target != ENCODE)
    return given if is_object else Call(target, arguments)
