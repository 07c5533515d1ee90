"""Speak clamd's INSTREAM: pyclamd's own sends 4 KB pieces and loses the size-limit answer.

A file beyond what clamd reads of one stream goes in windows that overlap. They are cut from one
reading of the file: what the next one begins with is kept from the last, and while one is sent
clamd looks at those before it.
"""

from __future__ import annotations

import socket
import struct
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO

from scanning.scanners.base import MEBIBYTE, ClamdAddress

_CHUNK = MEBIBYTE
_COMMAND = b"zINSTREAM\0"
_LENGTH = struct.Struct(">I")
_MAX_REPLY = 64 * 1024


@dataclass(frozen=True, slots=True)
class Cut:
    """How a file is cut into windows; both are whole mebibytes."""

    window: int
    overlap: int

    def __post_init__(self) -> None:
        if self.window % _CHUNK or self.overlap % _CHUNK or not 0 <= self.overlap < self.window:
            raise ValueError("windows and what they share are whole mebibytes, one less than other")


@dataclass(frozen=True, slots=True)
class Answer:
    """What clamd said of one window: `fresh` are its bytes that no window before it had."""

    reply: str
    fresh: int


@contextmanager
def connected(address: ClamdAddress, timeout: float) -> Iterator[socket.socket]:
    """A connection to clamd; OSError when nobody answers there."""
    if address.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        target: str | tuple[str, int] = address.socket
    else:
        connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        target = (address.host, address.port)
    with connection:
        connection.settimeout(timeout)
        connection.connect(target)
        yield connection


def stream_windows(
    address: ClamdAddress, file: BinaryIO, cut: Cut, timeout: float, connections: int
) -> Iterator[Answer]:
    """Send every byte in windows, at most `connections` at clamd at once; OSError when it goes."""
    with ExitStack() as all_of_them:
        waiting: deque[_Sent] = deque()
        reading = _Reading(file, cut)
        while reading.more:
            if len(waiting) == connections:
                yield waiting.popleft().answer()
            own = all_of_them.enter_context(ExitStack())
            connection = own.enter_context(connected(address, timeout))
            before = reading.read
            broken = _sent(connection, reading.window())
            reading.skip_rest()
            waiting.append(_Sent(connection, own, reading.read - before, broken))
        while waiting:
            yield waiting.popleft().answer()


@dataclass(slots=True)
class _Sent:
    connection: socket.socket
    closing: ExitStack
    fresh: int
    broken: Exception | None

    def answer(self) -> Answer:
        with self.closing:
            return Answer(_reply(self.connection, broken=self.broken), self.fresh)


@dataclass(slots=True)
class _Reading:
    """One pass over a file: the pieces of a window, and of the next one, which has some of them."""

    file: BinaryIO
    cut: Cut
    read: int = 0
    kept: deque[bytes] = field(default_factory=deque)
    ahead: bytes = b""
    rest: Iterator[bytes] = field(default_factory=lambda: iter(()))

    def __post_init__(self) -> None:
        self.kept = deque(maxlen=self.cut.overlap // _CHUNK)
        self._look_ahead()

    @property
    def more(self) -> bool:
        return bool(self.ahead)

    def window(self) -> Iterator[bytes]:
        self.rest = self._pieces()
        return self.rest

    def skip_rest(self) -> None:
        """Read what was not asked for: clamd hung up, and the next window begins where it does."""
        deque(self.rest, maxlen=0)

    def _pieces(self) -> Iterator[bytes]:
        shared = list(self.kept)
        yield from shared
        for _ in range(self.cut.window // _CHUNK - len(shared)):
            if not self.ahead:
                return
            piece = self.ahead
            self.read += len(piece)
            self.kept.append(piece)
            self._look_ahead()
            yield piece

    def _look_ahead(self) -> None:
        self.ahead = self.file.read(_CHUNK)


def _sent(connection: socket.socket, pieces: Iterator[bytes]) -> Exception | None:
    """Send the pieces; the error when clamd hung up meanwhile, as it does when it hits a limit."""
    try:
        connection.sendall(_COMMAND)
        for piece in pieces:
            connection.sendall(_LENGTH.pack(len(piece)))
            connection.sendall(piece)
        connection.sendall(_LENGTH.pack(0))
    except (BrokenPipeError, ConnectionResetError) as error:
        return error
    return None


def _reply(connection: socket.socket, *, broken: Exception | None) -> str:
    """What clamd said, also before it hung up; what broke the connection where it said nothing."""
    if broken is None:
        return _receive(connection)
    try:
        reply = _receive(connection)
    except OSError:
        reply = ""
    if not reply:
        raise broken
    return reply


def _receive(connection: socket.socket) -> str:
    reply = b""
    while not reply.endswith(b"\0") and len(reply) < _MAX_REPLY:
        part = connection.recv(4096)
        if not part:
            break
        reply += part
    return reply.rstrip(b"\0\n").decode("utf-8", "replace")
