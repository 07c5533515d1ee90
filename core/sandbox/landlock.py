"""Make this process's files read-only by Landlock, which needs no privilege (Linux 5.13 on).

The numbers are those of <linux/landlock.h>; the system calls have the same ones on every machine.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_PATH_BENEATH = 1
_NO_NEW_PRIVILEGES = 38
_EXECUTE = 1 << 0
_WRITE_FILE = 1 << 1
_REMOVE_AND_MAKE = sum(1 << bit for bit in range(4, 13))
_REFER = 1 << 13
_TRUNCATE = 1 << 14
_TCP = 0b11
_SCOPES = 0b11
_SINCE_REFER, _SINCE_TRUNCATE, _SINCE_TCP, _SINCE_SCOPES = 2, 3, 4, 6


def version() -> int:
    """Say which Landlock the kernel offers; 0 when it offers none."""
    if sys.platform != "linux":
        return 0
    known: int = _libc().syscall(_CREATE_RULESET, None, 0, _ASK_VERSION)
    return max(0, known)


def restrict(*, writable: Iterable[Path], network: bool) -> None:
    """Forbid this process to write outside `writable` and to run programs, for good.

    Where the kernel can, also to signal other processes and, without `network`, to use TCP.
    Nothing happens where it offers no Landlock; OSError when it offers it and then refuses.
    """
    known = version()
    if not known:
        return
    writes = _WRITE_FILE | _REMOVE_AND_MAKE
    writes |= _REFER if known >= _SINCE_REFER else 0
    writes |= _TRUNCATE if known >= _SINCE_TRUNCATE else 0
    tcp = _TCP if known >= _SINCE_TCP and not network else 0
    scopes = _SCOPES if known >= _SINCE_SCOPES else 0
    attributes = struct.pack("=QQQ", writes | _EXECUTE, tcp, scopes)
    ruleset = _call(_CREATE_RULESET, attributes, len(attributes), 0)
    try:
        for folder in writable:
            _allow(ruleset, folder, writes)
        _allow(ruleset, Path(os.devnull), _WRITE_FILE)
        if _libc().prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "no_new_privs")
        _call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        _call(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, place), 0)
    finally:
        os.close(place)


def _call(number: int, *arguments: int | bytes) -> int:
    answer: int = _libc().syscall(number, *arguments)
    if answer < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"Landlock: {os.strerror(code)}")
    return answer


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
