"""What our modelscan and picklescan engines share: which pickles they read, and how."""

from __future__ import annotations

import importlib.util
import pickletools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import PurePath
from types import ModuleType, SimpleNamespace
from typing import Any, BinaryIO, ClassVar, Self

from scanning.scanners._sniff import PICKLE_SUFFIXES, Kind, sniff
from scanning.scanners.base import Canary, Scanner

LEGACY_TORCH = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
_LONG = 64 * 1024
_MEMO = frozenset({"PUT", "BINPUT", "LONG_BINPUT", "GET", "BINGET", "LONG_BINGET"})
_Op = tuple[pickletools.OpcodeInfo, Any, None]
_JOBLIB_ARRAY = b"NumpyArrayWrapper"
_TORCH_ZIP = re.compile(
    rb"PK\x03\x04.{26}[^/]{1,200}/(data\.pkl|\.format_version|version)", re.DOTALL
)


class SecondOpinion(Scanner):
    """An outside library of the same name as the engine; its own rules stand in `revision`."""

    revision: ClassVar[str]

    @property
    def engine(self) -> str:
        return f"{self.slug}/{version(self.slug)}+{self.revision}"

    def canary(self) -> Canary:
        return Canary("canary.pkl", b"cposix\nsystem\n(S'true'\ntR.")

    def unavailable(self) -> str:
        found = importlib.util.find_spec(self.slug)
        return "" if found else f"the {self.slug} package is not installed"

    def handles(self, path: PurePath, head: bytes) -> bool:
        return is_plain_pickle(path, head)


def is_plain_pickle(path: PurePath, head: bytes) -> bool:
    """A torch zip archive or pickles alone, which a library can read to the end."""
    if sniff(head) is Kind.ZIP:
        return bool(_TORCH_ZIP.match(head))
    if head.startswith(LEGACY_TORCH) or _JOBLIB_ARRAY in head:
        return False
    return sniff(head) is Kind.PICKLE or _is_text_pickle(path, head)


@contextmanager
def frugal(library: ModuleType) -> Iterator[list[str]]:
    """Let a library keep little of what it lists, and read once; a stream that breaks off is told.

    It keeps every opcode of a pickle in a list, with its argument and position.
    """
    broken: list[str] = []

    def genops(stream: BinaryIO) -> Iterator[_Op]:
        try:
            yield from _light_ops(stream)
        except Exception as error:
            broken.append(f"unreadable at {stream.tell()}: {error}"[:300])
            raise

    real = library.pickletools
    library.pickletools = SimpleNamespace(genops=genops)  # type: ignore[attr-defined]
    try:
        yield broken
    finally:
        library.pickletools = real  # type: ignore[attr-defined]


def _light_ops(stream: BinaryIO) -> Iterator[_Op]:
    """Opcodes as pickletools lists them, with arguments where a name or the memo may need them."""
    alike: dict[str, _Op] = {}
    for op, argument, _ in pickletools.genops(_Skipping(stream)):
        if isinstance(argument, str) or op.name in _MEMO:
            yield op, argument, None
        else:
            yield alike.setdefault(op.name, (op, None, None))


class _Skipping:
    """A stream of which long arguments are passed over: no name is as long."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.readline = stream.readline

    def read(self, size: int) -> bytes:
        if size <= _LONG:
            return self._stream.read(size)
        left = size
        while left and (piece := self._stream.read(min(left, _LONG))):
            left -= len(piece)
        return b"" if left else _Unkept(size)


class _Unkept(bytes):
    """Bytes that were there and are not kept; only their number is."""

    size: int

    def __new__(cls, size: int) -> Self:
        made = super().__new__(cls)
        made.size = size
        return made

    def __len__(self) -> int:
        return self.size


def _is_text_pickle(path: PurePath, head: bytes) -> bool:
    """Protocol 0 and 1 have no magic: the name says pickle, and the first opcodes parse."""
    if path.suffix.lower() not in PICKLE_SUFFIXES or sniff(head) not in {Kind.TEXT, Kind.UNKNOWN}:
        return False
    try:
        return sum(1 for _ in pickletools.genops(head)) > 1
    except Exception:  # noqa: BLE001 genops raises whatever its argument readers raise
        return False
