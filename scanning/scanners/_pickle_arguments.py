"""What the arguments of a call, or the state of an object, tell."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanning.scanners._globals import Trust, is_action, is_safe_method, trust
from scanning.scanners._pickle_reader import Blob
from scanning.scanners._pickle_values import Bag, Call, Global, Opaque, Value
from scanning.scanners._tensors.paths import leads_away

_CODECS = frozenset({"latin1", "latin-1", "utf-8", "utf8", "ascii", "raw_unicode_escape"})
_CODEC_INDEX = 1
_LAST_LATIN = "\xff"
ENCODE = Global("_codecs", "encode")
GETATTRS = frozenset({Global("builtins", "getattr"), Global("__builtin__", "getattr")})
NESTED_LOADER = Global("torch.storage", "_load_from_bytes")
# Harmless only where they are called at once, with arguments that can be seen.
CALLED_AT_ONCE = GETATTRS | {NESTED_LOADER}
_PAIR = 2
_PARTS_OF_STATE = 2
_TABLES = frozenset({"dict", "OrderedDict", "defaultdict", "Counter", "Bunch", "FrozenDict"})
_DEEP = 4
_WIDE = 64
_TEXT_MAKERS = frozenset(
    Global(module, name)
    for module in ("builtins", "__builtin__", "_codecs", "numpy")
    for name in ("str", "unicode", "bytes", "str_", "encode")
)
_PLACE = re.compile(r"[\w.-]+(?:/[\w.-]+)+\Z|[\w.-]+\.(?:py|so|dll|pkl|pt|pth|bin|ckpt|ya?ml)\Z")
_CODE = re.compile(
    r"\bimport\s+\w|__import__|\b(?:os|subprocess|sys|socket|shutil)\.\w|\b(?:eval|exec|compile)\s*\("
    r"|/bin/|\bcmd\.exe|powershell|\b(?:curl|wget|bash|nc|chmod|rm|python\d?)\s+-?\w"
    r"|\bhttps?://|\bftp://|;base64|\$\(|&&|\blambda\b.*:",
    re.IGNORECASE,
)


def could_be_text(value: Value) -> bool:
    """Whether a computed value could be a name: a call that makes text, or a text too long."""
    if isinstance(value, Call):
        return not isinstance(value.target, Global) or value.target in _TEXT_MAKERS
    return isinstance(value, str | Blob)


def could_be_tuple(value: Value) -> bool:
    """Whether a computed value could be the arguments of a call, which picklers write out."""
    return isinstance(value, Call | Opaque | Bag)


def names_codec(arguments: Value) -> bool:
    """Whether a call of `_codecs.encode` asks for a plain text encoding (the default is one)."""
    if not isinstance(arguments, tuple) or len(arguments) <= _CODEC_INDEX:
        return isinstance(arguments, tuple)
    codec = arguments[_CODEC_INDEX]
    return isinstance(codec, str) and codec.lower() in _CODECS


def has_code(arguments: Value) -> bool:
    return any(_CODE.search(text) for text in _texts(arguments))


def bytes_told(value: Value) -> bytes | Blob | None:
    """Bytes as they are, or as protocols below 3 write them; None where they are computed.

    A long text is given as it is: `open_constant` makes bytes of it.
    """
    if isinstance(value, bytes | Blob):
        return value
    if not isinstance(value, Call) or value.target != ENCODE:
        return None
    match value.arguments:
        case (str(told), "latin1") if max(told, default="") <= _LAST_LATIN:
            return told.encode("latin-1")
        case (Blob() as told, "latin1"):
            return told
    return None


def names_place(text: str) -> bool:
    """Whether it could name a file, an address or a repository."""
    return leads_away(text) or bool(_PLACE.match(text))


def texts_in(arguments: Value) -> list[str]:
    """The arguments that are texts themselves."""
    given = arguments if isinstance(arguments, tuple) else ()
    return [one for one in given if isinstance(one, str)]


def _texts(value: Value, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes):
        yield value.decode("latin-1")
    elif depth < _DEEP:
        for part in _parts(value)[:_WIDE]:
            yield from _texts(part, depth + 1)


def _parts(value: Value) -> list[Value]:
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Bag):
        return [*value.items, *value.entries.values()]
    return [value.arguments] if isinstance(value, Call) else []


def special_state(state: Value) -> str:
    """An attribute in a state that Python, or the library, acts on; '' when there is none."""
    parts = _parts_of_state(state)
    return next((part.special for part in parts if isinstance(part, Bag) and part.special), "")


def hides_names(state: Value) -> bool:
    """Whether the names of attributes in a state come of calls: no pickler writes that."""
    parts = state[1:_PARTS_OF_STATE] if isinstance(state, tuple) else (state,)
    return any(
        part.is_computed if isinstance(part, Bag) else isinstance(part, Call) and _is_table(part)
        for part in parts
    )


def is_plain_state(state: Value) -> bool:
    """A table whose every name is written out."""
    return isinstance(state, Bag) and state.kind == "dict" and not state.is_computed


def _parts_of_state(state: Value) -> tuple[Value, ...]:
    return state[:_PARTS_OF_STATE] if isinstance(state, tuple) else (state,)


def _is_table(state: Call) -> bool:
    target = state.target
    return not isinstance(target, Global) or target.name in _TABLES


def encodes(stack: list[Value]) -> bool:
    """Whether the next call makes bytes of a text, as arguments of another call."""
    return len(stack) > _PAIR and stack[-2] == ENCODE


def found_in_call(stack: list[Value], target: Global) -> Value:
    """What is called in the end, when stack and arguments are just that; None if it is unsafe."""
    if len(stack) != _PAIR or stack[0] is not target or not isinstance(stack[1], tuple):
        return None
    if target == NESTED_LOADER:
        return target if len(stack[1]) == 1 else None
    return _method_found(stack[1], target)


def _method_found(arguments: tuple[Value, ...], target: Global) -> Value:
    """The method that `getattr` finds; None if it is unsafe.

    That of an object of a known class is a call that has yet to be made, and is judged as such.
    """
    owner, name = arguments if len(arguments) == _PAIR else (None, None)
    if not isinstance(name, str):
        return None
    if isinstance(owner, Global) and is_safe_method(owner, name):
        return Global(owner.module, f"{owner.name}.{name}")
    if not isinstance(owner, Call) or not isinstance(owner.target, Global):
        return None
    if name.isidentifier() and not name.startswith("__") and not is_action(name):
        return Call(target, arguments) if trust(owner.target) is Trust.ALLOWED else None
    return None
