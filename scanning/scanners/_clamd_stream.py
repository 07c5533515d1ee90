"""Speak clamd's INSTREAM: pyclamd's own sends 4 KB pieces and loses the size-limit answer."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from scanning.scanners.base import MEBIBYTE, ClamdAddress

_CHUNK = MEBIBYTE
_COMMAND = b"zINSTREAM\0"
_LENGTH = struct.Struct(">I")
_MAX_REPLY = 64 * 1024


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


def stream_file(address: ClamdAddress, file: BinaryIO, timeout: float) -> str:
    """Send the whole file and return clamd's reply, such as `stream: OK`; OSError when it goes.

    clamd hangs up while we still send when a limit is hit: its reply then waits to be read.
    """
    with connected(address, timeout) as connection:
        try:
            _send(connection, file)
        except (BrokenPipeError, ConnectionResetError):
            reply = _receive_what_is_left(connection)
            if not reply:
                raise
            return reply
        return _receive(connection)


def _send(connection: socket.socket, file: BinaryIO) -> None:
    connection.sendall(_COMMAND)
    while chunk := file.read(_CHUNK):
        connection.sendall(_LENGTH.pack(len(chunk)))
        connection.sendall(chunk)
    connection.sendall(_LENGTH.pack(0))


def _receive(connection: socket.socket) -> str:
    reply = b""
    while not reply.endswith(b"\0") and len(reply) < _MAX_REPLY:
        part = connection.recv(4096)
        if not part:
            break
        reply += part
    return reply.rstrip(b"\0\n").decode("utf-8", "replace")


def _receive_what_is_left(connection: socket.socket) -> str:
    try:
        return _receive(connection)
    except OSError:
        return ""
