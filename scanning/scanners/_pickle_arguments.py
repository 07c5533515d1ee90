"""What the arguments of a call, or the state of an object, tell."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanning.scanners._globals import Trust, is_action, is_safe_method, trust
from scanning.scanners._pickle_reader import Blob
from scanning.scanners._pickle_values import Bag, Call, Global, Value
from scanning.scanners._tensors.paths import leads_away

_CODECS = frozenset({"latin1", "latin-1", "utf-8", "utf8", "ascii", "raw_unicode_escape"})
_CODEC_INDEX = 1
GETATTRS = frozenset({Global("builtins", "getattr"), Global("__builtin__", "getattr")})
_RECONSTRUCTOR = Global("copyreg", "_reconstructor")
_PAIR = 2
_DEEP = 4
_WIDE = 64
# They call their first argument, or keep it to be called: judged as that call.
_PASSING = frozenset(
    {
        Global("functools", "partial"),
        Global("torch._tensor", "_rebuild_from_type_v2"),
        Global("collections", "defaultdict"),
        Global("jax._src.array", "_reconstruct_array"),
        Global("dill._dill", "_create_array"),
    }
)
# They give back what they were given.
_GIVING_BACK = frozenset(
    {
        Global("gensim.utils", "identity"),
        *(
            Global("torch.jit._pickle", name)
            for name in [
                "build_intlist",
                "build_tensorlist",
                "build_doublelist",
                "build_boollist",
                "restore_type_tag",
            ]
        ),
    }
)
_KEEPING = frozenset({Global("functools", "partial"), Global("collections", "defaultdict")})
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


def names_codec(arguments: Value) -> bool:
    """Whether a call of `_codecs.encode` asks for a plain text encoding (the default is one)."""
    if not isinstance(arguments, tuple) or len(arguments) <= _CODEC_INDEX:
        return isinstance(arguments, tuple)
    codec = arguments[_CODEC_INDEX]
    return isinstance(codec, str) and codec.lower() in _CODECS


def has_code(arguments: Value) -> bool:
    return any(_CODE.search(text) for text in _texts(arguments))


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


def passes_on(target: Global, arguments: Value) -> Global | None:
    """The callable that a call of `target` would call in turn."""
    if not isinstance(arguments, tuple) or not arguments:
        return None
    if target == _RECONSTRUCTOR:
        # It calls the constructor of its second argument, where that is not `object` itself.
        base = arguments[1] if len(arguments) > 1 else None
        return base if isinstance(base, Global) and base.name != "object" else None
    passed = arguments[0] if target in _PASSING else None
    return passed if isinstance(passed, Global) else None


def outcome(target: Value, arguments: Value) -> Value:
    """What a call comes to: its argument where that is known, so that no call hides it."""
    if (
        isinstance(target, Global)
        and target in _GIVING_BACK
        and isinstance(arguments, tuple)
        and arguments
    ):
        return arguments[0]
    return Call(target, arguments)


def is_kept(target: Global) -> bool:
    """Whether what it is handed is not called at once."""
    return target in _KEEPING


def special_state(state: Value) -> str:
    """An attribute in a state that Python, or the library, acts on; '' when there is none."""
    parts = state if isinstance(state, tuple) else (state,)
    return next((part.special for part in parts if isinstance(part, Bag) and part.special), "")


def method_found(stack: list[Value], target: Global) -> Value:
    """The method that `getattr` finds, when stack and arguments are just that; None if unsafe.

    That of an object of a known class is a call that has yet to be made, and is judged as such.
    """
    if len(stack) != _PAIR or stack[0] is not target or not isinstance(stack[1], tuple):
        return None
    owner, name = stack[1] if len(stack[1]) == _PAIR else (None, None)
    if not isinstance(name, str):
        return None
    if isinstance(owner, Global) and is_safe_method(owner, name):
        return Global(owner.module, f"{owner.name}.{name}")
    is_object = isinstance(owner, Call) and isinstance(owner.target, Global)
    if is_object and name.isidentifier() and not name.startswith("__") and not is_action(name):
        return Call(target, stack[1]) if trust(owner.target) is Trust.ALLOWED else None
    return None
