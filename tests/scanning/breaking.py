"""An engine that breaks for real: in the child its code no longer finds anything."""

from __future__ import annotations

import pytest

from core.sandbox import run

MODULE = """
from scanning.scanners import Report, Scanner, Verdict
from scanning.scanners.base import Canary
from scanning.scanners.pickle_ops import PickleOps

PickleOps.scan = lambda self, path, name: Report(Verdict.CLEAN)

class Breaking(Scanner):
    slug, title, engine = "breaking", "Breaks another", "1"
    def canary(self):
        return Canary("x", b"fine")
    def handles(self, path, head):
        return False
    def scan(self, path, name):
        return Report(Verdict.CLEAN)
"""


@pytest.fixture
def broken_pickle_engine(tmp_path, monkeypatch):
    """Children find a plugin that takes the eyes of the pickle engine; `mend()` removes it."""
    package = tmp_path / "plugins"
    facts = package / "breaking-1.0.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: breaking\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[modelyard.scanners]\nbreaking = breaking:Breaking\n")
    (package / "breaking.py").write_text(MODULE)
    real = run.environment

    def environment(scratch):
        own = real(scratch)
        return {**own, "PYTHONPATH": f"{own['PYTHONPATH']}:{package}"}

    with monkeypatch.context() as patch:
        patch.setattr(run, "environment", environment)
        yield patch.undo
