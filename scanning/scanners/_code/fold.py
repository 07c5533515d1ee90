"""Work out what constant expressions of Python come to, so that a hidden name is a name again.

Only pure functions of text, bytes and numbers are followed, by our own code and with bounds: the
source is never compiled or run.
"""

from __future__ import annotations

import ast
import base64
import binascii
import bz2
import codecs
import lzma
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_VALUE = 1 << 20
MAX_STEPS = 1_000_000
_MAX_DEPTH = 40
_FAULTS = (
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    OSError,
    EOFError,
    binascii.Error,
    zlib.error,
    lzma.LZMAError,
)
Resolve = Callable[[ast.expr], str | None]


class Unknown(Exception):  # noqa: N818 an answer, not a fault
    """The expression depends on more than constants."""


def _unpack(make: Callable[[], Any]) -> Callable[[bytes], bytes]:
    def bounded(data: bytes) -> bytes:
        unpacked: bytes = make().decompress(data, MAX_VALUE)
        return unpacked

    return bounded


def _decode_by(data: Any, codec: str = "utf-8", *_: object) -> Any:  # noqa: ANN401 text or bytes
    name = str(codec).lower().replace("-", "").replace("_", "")
    if name in {"rot13", "rot_13"}:
        return codecs.decode(data, "rot13")
    if name in {"base64", "base64codec"}:
        return base64.b64decode(data)
    if name in {"hex", "hexcodec"}:
        return bytes.fromhex(data.decode() if isinstance(data, bytes) else data)
    if name in {"zip", "zlib", "zlibcodec"}:
        return DECODERS["zlib.decompress"](data)
    return data.decode("utf-8", "replace") if isinstance(data, bytes) else data


# What turns an unreadable literal into something else: their use is a reason to look closer.
DECODERS: Mapping[str, Callable[..., Any]] = {
    "base64.b64decode": lambda data, *_: base64.b64decode(data),
    "base64.standard_b64decode": base64.standard_b64decode,
    "base64.urlsafe_b64decode": base64.urlsafe_b64decode,
    "base64.decodebytes": base64.decodebytes,
    "base64.b32decode": lambda data, *_: base64.b32decode(data),
    "base64.b16decode": lambda data, *_: base64.b16decode(data),
    "base64.b85decode": base64.b85decode,
    "base64.a85decode": base64.a85decode,
    "binascii.unhexlify": binascii.unhexlify,
    "binascii.a2b_hex": binascii.a2b_hex,
    "binascii.a2b_base64": binascii.a2b_base64,
    "builtins.bytes.fromhex": bytes.fromhex,
    "builtins.bytearray.fromhex": bytes.fromhex,
    "zlib.decompress": lambda data, *_: _unpack(zlib.decompressobj)(data),
    "gzip.decompress": lambda data: zlib.decompressobj(31).decompress(data, MAX_VALUE),
    "bz2.decompress": _unpack(bz2.BZ2Decompressor),
    "lzma.decompress": _unpack(lzma.LZMADecompressor),
    "codecs.decode": _decode_by,
    "urllib.parse.unquote": lambda text, *_: text,
    "marshal.loads": None,  # type: ignore[dict-item]  # never followed, yet it decodes
}
_BUILTINS: Mapping[str, Callable[..., Any]] = {
    "builtins.chr": chr,
    "builtins.ord": ord,
    "builtins.str": lambda data="", *_: _decode_by(data) if data != "" else "",
    "builtins.bytes": lambda data=b"", *_: (
        bytes(data, "utf-8") if isinstance(data, str) else bytes(list(data))
    ),
    "builtins.bytearray": lambda data=b"", *_: bytes(list(data)),
    "builtins.int": lambda data, base=10: int(data, base) if isinstance(data, str) else int(data),
    "builtins.list": list,
    "builtins.tuple": list,
    "builtins.reversed": lambda data: list(data)[::-1],
}
_METHODS_WORDS = """
join replace encode decode lower upper strip lstrip rstrip format swapcase title split
removeprefix removesuffix hex
"""
_METHODS = frozenset(_METHODS_WORDS.split())
_OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.BitXor: lambda a, b: a ^ b,
    ast.Mod: lambda a, b: a % (tuple(b) if isinstance(b, list) else b),
}


@dataclass(slots=True)
class Folder:
    """`value` of an expression, or Unknown. `constants` are names that are bound once."""

    resolve: Resolve
    constants: dict[str, ast.expr] = field(default_factory=dict)
    steps: int = 0

    @property
    def is_spent(self) -> bool:
        """Whether there was more to work out than is allowed: something may have been missed."""
        return self.steps > MAX_STEPS

    def value(self, node: ast.AST | None, env: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401
        """Give text, bytes, a number or a list; raise Unknown for all else."""
        try:
            return self._value(node, env or {}, 0)
        except _FAULTS as error:
            raise Unknown from error

    def text(self, node: ast.AST | None) -> str | None:
        """Give the constant text (bytes are read as Latin-1), or None."""
        try:
            found = self.value(node)
        except Unknown:
            return None
        if isinstance(found, bytes):
            return found.decode("latin-1")
        return found if isinstance(found, str) else None

    def _value(self, node: ast.AST | None, env: Mapping[str, Any], depth: int) -> Any:  # noqa: ANN401
        self.steps += 1
        rule = _RULES.get(type(node)) if node is not None else None
        if rule is None or self.steps > MAX_STEPS or depth > _MAX_DEPTH:
            raise Unknown
        found = rule(self, node, env, depth + 1)
        if isinstance(found, str | bytes | list) and len(found) > MAX_VALUE:
            raise Unknown
        return found

    def constant(self, node: ast.Constant, *_: object) -> Any:  # noqa: ANN401
        if isinstance(node.value, str | bytes | int) and not isinstance(node.value, bool):
            return node.value
        raise Unknown

    def name(self, node: ast.Name, env: Mapping[str, Any], depth: int) -> Any:  # noqa: ANN401
        if node.id in env:
            return env[node.id]
        if node.id in self.constants:
            return self._value(self.constants[node.id], {}, depth + 1)
        raise Unknown

    def items(self, node: ast.List | ast.Tuple, env: Mapping[str, Any], depth: int) -> list[Any]:
        return [self._value(one, env, depth) for one in node.elts]

    def binary(self, node: ast.BinOp, env: Mapping[str, Any], depth: int) -> Any:  # noqa: ANN401
        left, right = self._value(node.left, env, depth), self._value(node.right, env, depth)
        if isinstance(node.op, ast.Mult):
            return _times(left, right)
        operate = _OPERATORS.get(type(node.op))
        if operate is None or (isinstance(node.op, ast.Mod) and _is_wide(left)):
            raise Unknown
        return operate(left, right)

    def joined(self, node: ast.JoinedStr, env: Mapping[str, Any], depth: int) -> str:
        parts = [one.value if isinstance(one, ast.FormattedValue) else one for one in node.values]
        return "".join(str(self._value(part, env, depth)) for part in parts)

    def subscript(self, node: ast.Subscript, env: Mapping[str, Any], depth: int) -> Any:  # noqa: ANN401
        of = self._value(node.value, env, depth)
        if not isinstance(node.slice, ast.Slice):
            return of[self._value(node.slice, env, depth)]
        ends = (node.slice.lower, node.slice.upper, node.slice.step)
        return of[slice(*(None if end is None else self._signed(end, env, depth) for end in ends))]

    def negative(self, node: ast.UnaryOp, env: Mapping[str, Any], depth: int) -> int:
        if not isinstance(node.op, ast.USub):
            raise Unknown
        return -int(self._value(node.operand, env, depth))

    def _signed(self, node: ast.expr, env: Mapping[str, Any], depth: int) -> int:
        return int(self._value(node, env, depth))

    def each(
        self, node: ast.GeneratorExp | ast.ListComp, env: Mapping[str, Any], depth: int
    ) -> list[Any]:
        loop = node.generators[0]
        if len(node.generators) > 1 or loop.ifs or not isinstance(loop.target, ast.Name):
            raise Unknown
        over = self._value(loop.iter, env, depth)
        return [self._value(node.elt, {**env, loop.target.id: one}, depth) for one in over]

    def call(self, node: ast.Call, env: Mapping[str, Any], depth: int) -> Any:  # noqa: ANN401
        name = self.resolve(node.func)
        if name == "builtins.map" and len(node.args) == 2:  # noqa: PLR2004
            inner = _BUILTINS[self.resolve(node.args[0]) or ""]
            return [inner(one) for one in self._value(node.args[1], env, depth)]
        function = DECODERS.get(name or "") or _BUILTINS.get(name or "")
        arguments = [self._value(one, env, depth) for one in node.args]
        if function is not None:
            return function(*arguments)
        if isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS:
            return _method(self._value(node.func.value, env, depth), node.func.attr, arguments)
        raise Unknown


def _times(left: Any, right: Any) -> Any:  # noqa: ANN401
    many, one = (left, right) if isinstance(left, int) else (right, left)
    size = 1 if isinstance(one, int) else len(one)
    if not isinstance(many, int) or many * size > MAX_VALUE:
        raise Unknown
    return left * right


def _is_wide(template: object) -> bool:
    """A format that asks for a width could ask for gigabytes."""
    return isinstance(template, str | bytes) and any(one in str(template) for one in "*0123456789")


def _method(of: Any, name: str, arguments: list[Any]) -> Any:  # noqa: ANN401
    if name == "decode":
        return _decode_by(of, *arguments) if isinstance(of, bytes) else of
    if name == "encode":
        return of.encode("utf-8", "replace") if not arguments else _encode(of, str(arguments[0]))
    if name == "format" and (":" in of or "!" in of or "." in of):
        raise Unknown
    if name in {"replace", "join"} and len(of) * sum(map(_size, arguments)) > MAX_VALUE:
        raise Unknown
    return getattr(of, name)(*arguments)


def _encode(text: str, codec: str) -> bytes:
    single = codec.lower().replace("-", "") in {"latin1", "iso88591"}
    return text.encode("latin-1" if single else "utf-8", "replace")


def _size(value: object) -> int:
    return len(value) if isinstance(value, str | bytes | list) else 1


_RULES: Mapping[type[ast.AST], Callable[..., Any]] = {
    ast.Constant: Folder.constant,
    ast.Name: Folder.name,
    ast.List: Folder.items,
    ast.Tuple: Folder.items,
    ast.BinOp: Folder.binary,
    ast.JoinedStr: Folder.joined,
    ast.Subscript: Folder.subscript,
    ast.UnaryOp: Folder.negative,
    ast.GeneratorExp: Folder.each,
    ast.ListComp: Folder.each,
    ast.Call: Folder.call,
}
