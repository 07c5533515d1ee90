"""A scanner that does to itself, in a real child, what the file says that it looks at."""

from __future__ import annotations

import sys

import pytest

from core.sandbox import run
from scanning import sandbox
from scanning.sandbox import scanner_class

# Does in the child what the first word of the file says.
HOSTILE = """
import os, signal, socket, sys, time
from scanning.scanners import Report, Scanner, Verdict
from scanning.scanners.base import Canary

class Hostile(Scanner):
    slug, title, engine = "hostile", "Hostile", "1"
    def canary(self):
        return Canary("x", b"flagged")
    def handles(self, path, head):
        return path.name == "hostile.txt"
    def scan(self, path, name):
        word, *more = path.read_text().split()
        if word == "unless":  # the file of this name is there
            word = "fine" if os.path.exists(more[0]) else more[1]
        if word == "exit":
            os._exit(3)
        if word == "segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        if word == "sleep":
            time.sleep(600)
        if word == "spin":
            while True:
                pass
        if word == "eat":
            held = [bytearray(64 << 20) for _ in range(1000)]
        if word == "garbage":
            for pipe in range(3, 20):
                try:
                    os.write(pipe, b"{not json\\n")
                except OSError:
                    pass
        if word == "print":
            print('{"done": 0, "report": {}}')
            os.write(1, b"garbage\\n")
        if word == "raise":
            raise KeyError("a bug")
        if word == "network":
            socket.create_connection(("127.0.0.1", int(path.read_text().split()[1])), 5)
        if word == "write":
            with open(os.path.join(self.options.scratch, "big"), "wb") as file:
                for _ in range(200):
                    file.write(bytes(1 << 20))
        if word == "flagged":
            return Report(Verdict.SUSPICIOUS)
        if word == "name":
            return Report(Verdict.SUSPICIOUS, detail=str(name))
        return Report(Verdict.CLEAN)
"""


@pytest.fixture
def hostile(tmp_path, monkeypatch):
    """A scanner that does in the child what the first word of the file says."""
    package = tmp_path / "plugins"
    (package / "hostile-1.0.dist-info").mkdir(parents=True)
    (package / "hostile-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: hostile\nVersion: 1.0\n"
    )
    (package / "hostile-1.0.dist-info" / "entry_points.txt").write_text(
        "[modelyard.scanners]\nhostile = hostile_scanner:Hostile\n"
    )
    (package / "hostile_scanner.py").write_text(HOSTILE)
    monkeypatch.syspath_prepend(str(package))
    import hostile_scanner  # noqa: PLC0415 exists only now

    scanner_class("pickle_ops")
    monkeypatch.setitem(sandbox.scanners._classes, "hostile", hostile_scanner.Hostile)
    real = run.environment

    def environment(scratch):
        own = real(scratch)
        return {**own, "PYTHONPATH": f"{own['PYTHONPATH']}:{package}"}

    monkeypatch.setattr(run, "environment", environment)
    yield
    sys.modules.pop("hostile_scanner")
