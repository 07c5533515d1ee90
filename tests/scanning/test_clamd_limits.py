"""A clamd that others set up: with other limits, or silent about them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from scanning.scanners import ClamdAddress, ScannerOptions, Verdict
from scanning.scanners.base import MEBIBYTE
from scanning.scanners.clamav import ClamAv
from tests.scanning.clamd import BINARY, eicar, running_clamd

needs_clamd = pytest.mark.skipif(BINARY is None, reason="clamd is not installed")


@pytest.fixture
def write(tmp_path):
    def write(content: bytes) -> Path:
        path = tmp_path / "file"
        path.write_bytes(content)
        return path

    return write


def scan(address: ClamdAddress, path: Path):
    return ClamAv(ScannerOptions(clamd=address, clamd_timeout=60)).scan(path, path)


def large(behind: bytes = b"", size: int = 30) -> bytes:
    return bytes(size * MEBIBYTE) + behind


@needs_clamd
def test_a_foreign_clamd_with_a_shorter_stream_gets_smaller_windows(write):
    with running_clamd(StreamMaxLength="25M") as (address, _):
        report = scan(address, write(large()))
        assert report.verdict is Verdict.CLEAN
        assert report.covered_bytes == 30 * MEBIBYTE
        assert scan(address, write(large(eicar()))).verdict is Verdict.UNSAFE


@needs_clamd
def test_a_limit_below_every_window_is_not_covered(write):
    with running_clamd(StreamMaxLength="1M") as (address, _):
        assert scan(address, write(large())).verdict is Verdict.INCOMPLETE


@needs_clamd
def test_a_clamd_that_is_silent_about_its_limits_gets_windows_it_looks_at(write):
    limits = {"AlertExceedsMax": "no", "MaxFileSize": "20M", "MaxScanSize": "40M"}
    with running_clamd(**limits) as (address, _):
        assert scan(address, write(large(eicar()))).verdict is Verdict.UNSAFE
        report = scan(address, write(large()))
        assert report.verdict is Verdict.CLEAN
        assert report.covered_bytes == 30 * MEBIBYTE
    with running_clamd(**limits | {"MaxFileSize": "1M"}) as (address, _):
        report = scan(address, write(b"words"))
        assert report.verdict is Verdict.INCOMPLETE
        assert "AlertExceedsMax" in report.detail


@needs_clamd
def test_a_limit_that_is_hit_inside_of_an_archive_stays_not_covered(write):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", large())
    with running_clamd(MaxScanSize="10M") as (address, _):
        assert scan(address, write(packed.getvalue())).verdict is Verdict.INCOMPLETE
