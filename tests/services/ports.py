"""Free ports on loopback that nobody else is given: no other test, process of a run, or run.

A port that the system chose is free again once the probe closes, and the system hands it to the
next who asks, also as the near end of a connection. These lie below where systems choose from, and
each is kept by a lock on a file for as long as this process lives.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import random
import socket
import tempfile
from pathlib import Path

FIRST, END = 20_000, 30_000  # Linux chooses from 32768 on, macOS from 49152
LOCKS = Path(tempfile.gettempdir()) / f"modelyard-test-ports-{os.getuid()}"
KEPT: list[int] = []  # descriptors of locks, which end with this process
CANDIDATES = itertools.cycle(random.Random().sample(range(FIRST, END), END - FIRST))  # noqa: S311 no secret


def free_ports(count: int) -> list[int]:
    """Give ports on which nothing listens now, and which are given to nobody else."""
    LOCKS.mkdir(mode=0o700, exist_ok=True)
    free = (port for port in itertools.islice(CANDIDATES, END - FIRST) if is_ours(port))
    found = list(itertools.islice(free, count))
    assert len(found) == count, f"no {count} ports are free between {FIRST} and {END}"
    return found


def free_port() -> int:
    (port,) = free_ports(1)
    return port


def is_ours(port: int) -> bool:
    """Take the lock of a port and see that nothing listens there."""
    descriptor = os.open(LOCKS / str(port), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
    except OSError:
        os.close(descriptor)
        return False
    KEPT.append(descriptor)
    return True
