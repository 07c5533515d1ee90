"""One yard per STATE_DIR: a lock that ends with the process that holds it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from config.yard.places import Places, YardError


@contextmanager
def only_yard(places: Places, *, port: int) -> Iterator[None]:
    """Hold STATE_DIR for this process, or raise with who holds it."""
    path = places.run / "yard.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            who = path.read_text().strip() or "another process"
            raise YardError(
                f"The yard of {places.state} already runs: {who}."
                " For a second yard beside it: STATE_DIR=./var2 APP_PORT=9183 make up"
            ) from error
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"pid {os.getpid()}, http://localhost:{port}".encode())
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)
