"""Become one program of the yard: a script that supervisord runs as `launch.py NAME`.

Kept apart from supervisord so that every program, whatever it is, (1) finds no process of its own
earlier life alive when it starts, since a worker process outlives a killed main process; and (2) on
Linux ends when supervisord dies, so that nothing is left behind even by kill -9.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

import psutil

STATE_MARK = "MODELYARD_STATE"  # in the environment of every process of a yard: its STATE_DIR
PROGRAM_MARK = "MODELYARD_PROGRAM"
GRACE = 10.0


def marked(state: str, *, program: str = "") -> list[psutil.Process]:
    """List the living processes that carry this yard's mark, or one program's among them."""
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


def die_with_parent(death_signal: int) -> None:
    """Ask Linux to signal this process when its parent ends; elsewhere the next start cleans up."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, death_signal, 0, 0, 0)


def allow_files(count: int) -> None:
    """Let this process have so many files open, or as many as the machine lets it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if most == resource.RLIM_INFINITY else min(count, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def become(name: str, programs: Path) -> None:
    """Replace this process by the named program."""
    program = json.loads(programs.read_text())[name]
    os.environ[PROGRAM_MARK] = name
    end(marked(os.environ[STATE_MARK], program=name))
    for socket in program["sockets"]:
        Path(socket).unlink(missing_ok=True)
    if program["files"]:
        allow_files(program["files"])
    die_with_parent(signal.Signals[program["death_signal"]])
    os.environ.update(program["environ"])
    os.chdir(program["folder"])
    os.execvp(program["argv"][0], program["argv"])  # noqa: S606 written by config.yard.programs


if __name__ == "__main__":
    become(sys.argv[1], Path(os.environ["MODELYARD_PROGRAMS"]))
