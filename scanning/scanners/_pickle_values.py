"""Inert stand-ins for what an unpickler would build. Nothing here is ever called or compared."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from scanning.scanners._pickle_reader import Blob

KEPT_ITEMS = 64
_RENDER_DEPTH = 4
_RENDER_ITEMS = 6
_RENDER_CHARS = 80

Value = object  # str, bytes, int, float, bool, None, tuple of values, or a class below


@dataclass(frozen=True, slots=True)
class Global:
    """A name an unpickler would import; `None` parts were not constant."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(slots=True, eq=False)
class Call:
    """The result of a call that would have happened."""

    target: Value
    arguments: Value
    state: Value = None


# Shared by all empty ones, of which a large pickle has millions.
_NO_ITEMS: list[Value] = []
_NO_ENTRIES: dict[str, Value] = {}
# Attributes whose text a library (scipy.stats) runs as source when it restores the object.
_RUN_BY_STATE = frozenset({"_parse_arg_template"})
_LIST = r"[\w, ]{0,200}"
_DEFAULTS = r"[\w,.= -]{0,200}"
_TEMPLATE = re.compile(
    rf"\ndef _parse_args\(self, {_DEFAULTS}\):\n    return \({_LIST}\), {_LIST}\n"
    rf"\ndef _parse_args_rvs\(self, {_DEFAULTS}\):\n"
    rf"    return self\._argcheck_rvs\({_LIST}, size=size\)\n"
    rf"\ndef _parse_args_stats\(self, {_DEFAULTS}, moments='mv'\):\n"
    rf"    return \({_LIST}\), {_LIST}, moments\n\Z",
    re.ASCII,
)
# Attributes that only tell about an object.
_TELLING = frozenset({"__doc__", "__name__", "__qualname__", "__module__"})
# Attributes by which numpy reads and writes whatever memory their numbers point to.
MEMORY_KEYS = frozenset({"__array_interface__", "__array_struct__"})
# What tells how many bytes joblib writes behind a wrapper: needed however large the pickle is.
_ARRAY_KEYS = frozenset({"shape", "dtype", "numpy_array_alignment_bytes"})


@dataclass(slots=True, eq=False)
class Bag:
    """A list, set or dict: its first items, and the key that Python or a library acts on."""

    kind: str
    items: list[Value] = field(default_factory=lambda: _NO_ITEMS)
    entries: dict[str, Value] = field(default_factory=lambda: _NO_ENTRIES)
    special: str = ""
    is_computed: bool = False  # a key is what a call comes to
    weight: int = 1  # items in it, and in what it holds
    folds: int = 0  # levels of it on which one large part stands more than once

    def extend(self, values: list[Value]) -> None:
        if self.items is _NO_ITEMS:
            self.items = values[:KEPT_ITEMS]
        elif len(self.items) < KEPT_ITEMS:
            self.items += values[: KEPT_ITEMS - len(self.items)]

    def put(self, key: Value, value: Value, *, keep: bool) -> None:
        if not isinstance(key, str):
            self.is_computed = self.is_computed or isinstance(key, Call | Opaque)
            return
        if is_special(key) and (not self.special or key in MEMORY_KEYS):
            is_known = key in _RUN_BY_STATE and _is_own_template(value)
            self.special = self.special if is_known else key
        if not keep and key not in _ARRAY_KEYS and not _is_field(value):
            return
        if self.entries is _NO_ENTRIES:
            self.entries = {key: value}
        elif len(self.entries) < KEPT_ITEMS or key in self.entries:
            self.entries[key] = value


def is_special(key: str) -> bool:
    """Whether Python itself, or a library, acts on an attribute of this name."""
    is_hook = key.startswith("__") and key.endswith("__") and key not in _TELLING
    return is_hook or key in _RUN_BY_STATE


def _is_own_template(value: Value) -> bool:
    """What scipy itself writes there: three functions that give back their arguments."""
    return isinstance(value, str) and bool(_TEMPLATE.match(value))


def _is_field(value: Value) -> bool:
    """What numpy has for each part of a record: its type, then its place."""
    return isinstance(value, tuple) and bool(value) and isinstance(value[0], Call)


@dataclass(frozen=True, slots=True)
class Opaque:
    """A value that cannot be known without running something."""

    what: str


def render(value: Value, depth: int = 0) -> str:
    """Short readable form, bounded whatever the nesting."""
    if depth > _RENDER_DEPTH:
        return "…"
    if isinstance(value, Global):
        return str(value)
    if isinstance(value, Call):
        return f"{render(value.target, depth + 1)}({_arguments(value.arguments, depth + 1)})"
    if isinstance(value, tuple | Bag):
        return _container(value, depth + 1)
    return _plain(value)


def render_call(target: Value, arguments: Value) -> str:
    return render(Call(target, arguments))


def _arguments(arguments: Value, depth: int) -> str:
    if isinstance(arguments, tuple):
        return _joined(list(arguments), depth)
    return f"*{render(arguments, depth)}"


def _joined(values: list[Value], depth: int) -> str:
    shown = [render(value, depth) for value in values[:_RENDER_ITEMS]]
    return ", ".join([*shown, "…"] if len(values) > _RENDER_ITEMS else shown)


def _container(value: Value, depth: int) -> str:
    if isinstance(value, tuple):
        return f"({_joined(list(value), depth)})"
    assert isinstance(value, Bag)  # noqa: S101 narrows for mypy; render() passes nothing else
    if value.entries:
        pairs = list(value.entries.items())[:_RENDER_ITEMS]
        return "{" + ", ".join(f"{key!r}: {render(item, depth)}" for key, item in pairs) + "}"
    return f"[{_joined(value.items, depth)}]"


def _plain(value: Value) -> str:
    if isinstance(value, Blob):
        return f"<{value.size} bytes>"
    if isinstance(value, Opaque):
        return f"<{value.what}>"
    if isinstance(value, str | bytes):
        cut = value[:_RENDER_CHARS]
        return repr(cut) if len(value) <= _RENDER_CHARS else f"{cut!r}…"
    return repr(value)[:_RENDER_CHARS]
