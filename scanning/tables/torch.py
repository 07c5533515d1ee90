"""The table of tensors that `torch.save` wrote, from its opcodes: names, shapes, shared storages.

Only what such tables are made of is followed; anything else stands for nothing, and is never run.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final

from scanning.scanners._pickle_reader import Op, OpReader, PickleFaultError
from scanning.tables.table import Tensor

LONGEST_PICKLE: Final = 64 << 20
_MOST_OPS: Final = 20_000_000
_LEGACY: Final = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
_BEFORE_TABLE: Final = 3  # magic number, protocol, sizes of the machine
_INSIDE: Final = ("state_dict", "model", "module")
_MARK: Final = object()
Value = object


class NoTableError(ValueError):
    """No table of tensors was found, or it is written in another way."""


@dataclass(slots=True, eq=False)
class _Names:
    entries: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Known:
    module: str
    name: str


@dataclass(frozen=True, slots=True)
class _Storage:
    key: str
    kind: str


def read_torch(path: Path) -> dict[str, Tensor]:
    """The table of a file that torch.save wrote, in a zip archive or as pickles in a row."""
    with path.open("rb") as file:
        if zipfile.is_zipfile(file):
            return _table(_Reading(BytesIO(_member(file))).run())
        file.seek(0)
        is_legacy = file.read(len(_LEGACY)) == _LEGACY
        file.seek(0)
        for _ in range(_BEFORE_TABLE if is_legacy else 0):
            _Reading(file).run()
        return _table(_Reading(file).run())


def _member(file: BinaryIO) -> bytes:
    with zipfile.ZipFile(file) as archive:
        found = [one for one in archive.infolist() if one.filename.endswith("/data.pkl")]
        if len(found) != 1 or found[0].file_size > LONGEST_PICKLE:
            raise NoTableError("there is not one table of a size that is read")
        return archive.read(found[0])


def _table(value: Value) -> dict[str, Tensor]:
    if not isinstance(value, _Names):
        raise NoTableError("what is saved is no table")
    tensors = {name: one for name, one in value.entries.items() if isinstance(one, Tensor)}
    if tensors:
        return tensors
    inner = next((value.entries[name] for name in _INSIDE if name in value.entries), None)
    if not isinstance(inner, _Names):
        raise NoTableError("no tensors are named")
    return _table(inner)


class _Reading:
    """One pickle, followed to its STOP; the stream is left behind it."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.reader = OpReader(stream)
        self.stack: list[Value] = []
        self.memo: dict[int, Value] = {}

    def run(self) -> Value:
        try:
            for _ in range(_MOST_OPS):
                op = self.reader.read()
                if op.name == "STOP":
                    self.stream.seek(self.reader.position)
                    return self.stack.pop()
                self._step(op)
        except (PickleFaultError, IndexError, KeyError, TypeError, UnicodeDecodeError) as error:
            raise NoTableError(str(error)) from error
        raise NoTableError("there are more opcodes than are followed")

    def _step(self, op: Op) -> None:
        if op.name in _NOTHING:
            return
        if op.name in _PUSHED:
            self.stack.append(_PUSHED[op.name](op))
        elif op.name in _TUPLES:
            self._tuple(_TUPLES[op.name])
        elif op.name in _GETS:
            self.stack.append(self.memo[_number(op)])
        elif op.name in _PUTS:
            place = len(self.memo) if op.name == "MEMOIZE" else _number(op)
            self.memo[place] = self.stack[-1]
        elif op.name in _ACTIONS:
            _ACTIONS[op.name](self)
        else:
            raise NoTableError(f"no table has the opcode {op.name}")

    def _tuple(self, count: int) -> None:
        items = tuple(self.stack[len(self.stack) - count :]) if count else ()
        del self.stack[len(self.stack) - count :]
        self.stack.append(items)

    def _to_mark(self) -> list[Value]:
        start = len(self.stack) - 1
        while self.stack[start] is not _MARK:
            start -= 1
            if start < 0:
                raise NoTableError("there is no mark")
        items = self.stack[start + 1 :]
        del self.stack[start:]
        return items

    def tuple_from_mark(self) -> None:
        self.stack.append(tuple(self._to_mark()))

    def setitems(self) -> None:
        self._put(self._to_mark())

    def setitem(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._put([key, value])

    def _put(self, items: list[Value]) -> None:
        target = self.stack[-1]
        for key, value in zip(items[::2], items[1::2], strict=True):
            if isinstance(target, _Names) and isinstance(key, str):
                target.entries[key] = value

    def appends(self) -> None:
        self._to_mark()

    def drop(self) -> None:
        self.stack.pop()

    def stack_global(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self.stack.append(_Known(str(module), str(name)))

    def binpersid(self) -> None:
        said = self.stack.pop()
        kind, key = said[1], said[2]  # type: ignore[index]  # another form is a TypeError
        name = kind.name if isinstance(kind, _Known) else ""
        self.stack.append(_Storage(str(key), name.removesuffix("Storage")))

    def newobj(self) -> None:
        del self.stack[-2:]
        self.stack.append(None)

    def reduce(self) -> None:
        arguments, target = self.stack.pop(), self.stack.pop()
        self.stack.append(_made(target, arguments))


def _made(target: Value, arguments: Value) -> Value:
    """What the call of this name stands for: a table, a tensor, or nothing that is known."""
    if not isinstance(target, _Known) or not isinstance(arguments, tuple):
        return None
    make = _MADE.get((target.module, target.name))
    return make(arguments) if make else None


def _tensor(arguments: tuple[Value, ...]) -> Tensor | None:
    storage, offset, shape = arguments[:3]
    if not isinstance(storage, _Storage) or not isinstance(shape, tuple):
        return None
    sizes = tuple(size for size in shape if isinstance(size, int))
    return Tensor(sizes, storage.kind, f"{storage.key}:{offset}")


_MADE: dict[tuple[str, str], Callable[[tuple[Value, ...]], Value]] = {
    ("collections", "OrderedDict"): lambda _: _Names(),
    ("torch._utils", "_rebuild_tensor"): _tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): lambda arguments: arguments[0],
    ("torch._utils", "_rebuild_parameter_with_state"): lambda arguments: arguments[0],
    ("torch._utils", "_rebuild_from_type_v2"): lambda arguments: _made(arguments[0], arguments[2]),
}


def _number(op: Op) -> int:
    if op.name in {"GET", "PUT"}:
        return int(bytes(op.argument))  # type: ignore[arg-type]  # a Blob is a TypeError
    return int.from_bytes(op.argument, "little")  # type: ignore[arg-type]


def _signed(op: Op) -> int:
    return int.from_bytes(op.argument, "little", signed=True)  # type: ignore[arg-type]


def _text(op: Op) -> str | None:
    return op.argument.decode() if isinstance(op.argument, bytes) else None


def _global(op: Op) -> _Known:
    return _Known(op.argument.decode(), op.second.decode())  # type: ignore[union-attr]


_NOTHING = frozenset({"PROTO", "FRAME"})
_TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_GETS = frozenset({"GET", "BINGET", "LONG_BINGET"})
_PUTS = frozenset({"PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"})
_PUSHED: dict[str, Callable[[Op], Value]] = {
    "MARK": lambda _: _MARK,
    "EMPTY_DICT": lambda _: _Names(),
    "EMPTY_LIST": lambda _: None,
    "NONE": lambda _: None,
    "NEWTRUE": lambda _: True,
    "NEWFALSE": lambda _: False,
    "BINFLOAT": lambda _: 0.0,
    "BININT": _signed,
    "BININT1": _number,
    "BININT2": _number,
    "LONG1": _signed,
    "LONG4": _signed,
    "BINUNICODE": _text,
    "SHORT_BINUNICODE": _text,
    "BINUNICODE8": _text,
    "SHORT_BINSTRING": lambda _: None,
    "BINSTRING": lambda _: None,
    "BINBYTES": lambda _: None,
    "SHORT_BINBYTES": lambda _: None,
    "GLOBAL": _global,
}
_ACTIONS: dict[str, Callable[[_Reading], None]] = {
    "TUPLE": _Reading.tuple_from_mark,
    "SETITEM": _Reading.setitem,
    "SETITEMS": _Reading.setitems,
    "APPEND": _Reading.drop,
    "APPENDS": _Reading.appends,
    "BUILD": _Reading.drop,
    "POP": _Reading.drop,
    "STACK_GLOBAL": _Reading.stack_global,
    "BINPERSID": _Reading.binpersid,
    "NEWOBJ": _Reading.newobj,
    "REDUCE": _Reading.reduce,
}
