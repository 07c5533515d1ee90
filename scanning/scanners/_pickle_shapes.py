"""What a value must be by its class, or by the state it gets: shared, a mapping, a lie."""

from __future__ import annotations

import re

from scanning.scanners._globals import Trust, modern, trust
from scanning.scanners._globals_allowed import is_distribution
from scanning.scanners._pickle_values import Bag, Call, Global, Value

_DTYPE = Global("numpy", "dtype")
_OBJECT_CODE = re.compile(r"[<>|=]?O")
_FIELDS, _FLAGS = 4, 7  # places in the state of a dtype
_HAS_OBJECT = 1
# They give an object that everybody else has too.
_SHARING = frozenset({Global("logging", "getLogger")})
_MAPPINGS = frozenset(
    Global("collections", name) for name in ("OrderedDict", "defaultdict", "Counter")
)
_CLASS = re.compile(r"_*[A-Z]")
_LAZY_METHODS = frozenset({"_infer_parameters", "_lazy_load_hook"})
_SCRIPT_OBJECT = Global("torch", "ScriptObject")
_QUANTIZED = re.compile(r"__torch__\.torch\.classes\.(?:quantized|rnn)\.\w+ParamsBase\Z")
_PAIR = 2


def is_shared(value: Value) -> bool:
    return isinstance(value, Call) and _is_one_of(value.target, _SHARING)


def runs_its_state(value: Call) -> bool:
    """An object of a class that runs a text of its state when it is restored."""
    return isinstance(value.target, Global) and is_distribution(value.target.module)


def is_mapping(value: Call) -> bool:
    """One whose items are nothing but items."""
    return _is_one_of(value.target, _MAPPINGS)


def is_plain_object(value: Value) -> bool:
    """An object of a class that is known to be harmless, and not made to be called."""
    if not isinstance(value, Call) or not isinstance(value.target, Global):
        return False
    is_class = bool(_CLASS.match(value.target.name))
    return is_class and trust(value.target) is Trust.ALLOWED


def is_pure_method(looked_up: Call) -> bool:
    """Whether a method only computes: a distribution's, or a lazy layer's that finds its shape."""
    arguments = looked_up.arguments
    owner, name = (
        arguments if isinstance(arguments, tuple) and len(arguments) == _PAIR else ("", "")
    )
    target = owner.target if isinstance(owner, Call) else None
    if not isinstance(target, Global):
        return False
    is_lazy = target.module.startswith("torch.nn.modules.") and target.name.startswith("Lazy")
    return is_distribution(target.module) or (is_lazy and name in _LAZY_METHODS)


def is_unknown_script_class(target: Call, state: Value) -> bool:
    """An object of C++ is made by its class's own code from its state: of these few are known."""
    if not _is_one_of(target.target, frozenset({_SCRIPT_OBJECT})):
        return False
    name = state[-1] if isinstance(state, tuple) and state else None
    return not isinstance(name, str) or not _QUANTIZED.match(name)


def forges_dtype(target: Call, state: Value) -> bool:
    """Whether numpy is told that a type of objects holds none: it then takes bytes as pointers."""
    if not _is_one_of(target.target, frozenset({_DTYPE})) or not isinstance(state, tuple):
        return False
    flags = state[_FLAGS] if len(state) > _FLAGS else None
    if not isinstance(flags, int) or flags & _HAS_OBJECT:
        return False
    fields = state[_FIELDS]
    parts = fields.entries.values() if isinstance(fields, Bag) else ()
    inner = [part[0] for part in parts if isinstance(part, tuple) and part]
    base = state[_FIELDS - 2]
    inner += base[:1] if isinstance(base, tuple) else [base]
    return _is_of_objects(target) or any(_is_of_objects(one) for one in inner)


def _is_of_objects(value: Value) -> bool:
    if not isinstance(value, Call) or not _is_one_of(value.target, frozenset({_DTYPE})):
        return False
    arguments = value.arguments
    code = arguments[0] if isinstance(arguments, tuple) and arguments else None
    if isinstance(code, bytes):
        code = code.decode("latin-1")
    if isinstance(code, Global):
        return code.name in {"object", "object_"}
    return not isinstance(code, str) or bool(_OBJECT_CODE.match(code))


def _is_one_of(value: Value, wanted: frozenset[Global]) -> bool:
    return isinstance(value, Global) and modern(value) in wanted
