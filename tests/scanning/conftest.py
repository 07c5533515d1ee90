from __future__ import annotations

from pathlib import Path, PurePath

import pytest

from scanning.scanners import Report, Scanner, ScannerOptions, scanners
from tests.standins.yard import make_yard

__all__ = ["make_yard"]

CORPUS = Path(__file__).resolve().parents[2].parent / "shared" / "corpus" / "scan"


@pytest.fixture
def options(tmp_path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return ScannerOptions(scratch=scratch)


@pytest.fixture
def scan_bytes(tmp_path, options):
    """Scan content in this process by the given slug, as a file of the given name."""

    def scan(slug: str, content: bytes, name: str = "model.pkl") -> Report:
        path = tmp_path / "content"
        path.write_bytes(content)
        scanner: Scanner = scanners.get(slug)(options)
        assert scanner.handles(PurePath(name), content[: 16 * 1024])
        return scanner.scan(path, PurePath(name))

    return scan
