"""Processes of a yard: which ones an earlier start left behind, and how they end for sure."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable

import psutil

STATE_MARK = "MODELYARD_STATE"  # in the environment of every process of a yard: its STATE_DIR
PROGRAM_MARK = "MODELYARD_PROGRAM"
GRACE = 10.0


def marked(state: str, *, program: str = "") -> list[psutil.Process]:
    """List the living processes that carry this yard's mark, those of one program if one is named."""
    spared = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    found = []
    for process in psutil.process_iter():
        try:
            environ = process.environ() if process.pid not in spared else {}
        except (psutil.Error, OSError):
            continue  # gone meanwhile, or another user's
        if environ.get(STATE_MARK) == state and (
            not program or environ.get(PROGRAM_MARK) == program
        ):
            found.append(process)
    return found


def end(processes: Iterable[psutil.Process], *, grace: float = GRACE) -> int:
    """Ask these processes to end, then make them; give how many there were."""
    waiting = list(processes)
    number = len(waiting)
    for number_of_signal in (signal.SIGTERM, signal.SIGKILL):
        for process in waiting:
            try:
                process.send_signal(number_of_signal)
            except psutil.Error:
                continue  # gone meanwhile
        _, waiting = psutil.wait_procs(waiting, timeout=grace)
        if not waiting:
            break
    return number


def holder_of(port: int) -> str:
    """Say who listens on a TCP port ('' where the system does not tell us)."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except (psutil.Error, OSError):
        return ""
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
            return describe(connection.pid)
    return ""


def describe(pid: int | None) -> str:
    if pid is None:
        return ""
    try:
        return f"{psutil.Process(pid).name()} (pid {pid})"
    except psutil.Error:
        return f"pid {pid}"
