"""Scanning large models: structural engines against sha256sum, and against one reading of them.

Real bytes on a cold cache: sparse files read faster than any disk. `--megabytes` is the size of
each file; a model of five times as much is looked at where the disk has room for it.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import pickle
import resource
import shutil
import struct
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bench._weights import MEGA

if TYPE_CHECKING:
    from scanning.scanners import Report

_PIECE = 16 * MEGA
_TENSOR = 64 * MEGA
_LARGER = 5
_STRUCTURAL = ("pickle_ops", "safetensors_header", "file_rules")


def run(options: argparse.Namespace) -> None:
    from scanning.scanners import scanners

    scanners.load()
    folder = Path(tempfile.mkdtemp(prefix="yard-scan-", dir=_roomy()))
    try:
        for make in (torch_file, safetensors_file):
            path = make(folder, options.megabytes)
            _compare(path)
            path.unlink()
        need = options.megabytes * _LARGER * MEGA
        if shutil.disk_usage(folder).free < 1.2 * need:
            print(f"no room for {need / 1e9:.0f} GB: the larger model is left out")
            return
        larger = safetensors_file(folder, options.megabytes * _LARGER)
        _against_reading(larger)
        _with_clamd(larger)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _roomy() -> str:
    return str(Path(__file__).resolve().parents[1] / "var") if Path("var").is_dir() else "/tmp"  # noqa: S108


def safetensors_file(folder: Path, megabytes: int) -> Path:
    count = max(1, megabytes * MEGA // _TENSOR)
    header = {
        f"layer.{n}": {
            "dtype": "U8",
            "shape": [_TENSOR],
            "data_offsets": [n * _TENSOR, (n + 1) * _TENSOR],
        }
        for n in range(count)
    }
    raw = json.dumps(header).encode()
    path = folder / "model.safetensors"
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(raw)) + raw)
        for _ in range(count * _TENSOR // _PIECE):
            file.write(os.urandom(_PIECE))
    return path


def torch_file(folder: Path, megabytes: int) -> Path:
    """A zip archive as torch.save lays it out: a pickle, and a stored member for each tensor."""
    path = folder / "pytorch_model.bin"
    count = max(1, megabytes * MEGA // _TENSOR)
    table = io.BytesIO()
    pickle.Pickler(table, 2).dump({f"layer.{n}": n for n in range(count)})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("model/data.pkl", table.getvalue())
        for n in range(count):
            with archive.open(f"model/data/{n}", "w", force_zip64=True) as member:
                for _ in range(_TENSOR // _PIECE):
                    member.write(os.urandom(_PIECE))
        archive.writestr("model/version", "3\n")
    return path


def _compare(path: Path) -> None:
    hashing = _cold(path, lambda: _sha256sum(path))
    print(f"{path.name}, {path.stat().st_size / 1e9:.2f} GB: sha256sum {hashing:.2f} s")
    for slug, seconds, verdict in _engines(path):
        ratio = hashing / seconds
        print(f"  {slug:<20} {seconds:6.2f} s, {ratio:5.1f} times sha256sum's speed ({verdict})")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"  the largest child so far: {peak:.0f} MB", flush=True)


def _engines(path: Path) -> list[tuple[str, float, str]]:
    from pathlib import PurePath

    from scanning.sandbox import Target, scan_file
    from scanning.scanners import ScannerOptions, scanners
    from scanning.scanners.base import read_head

    found = []
    options = ScannerOptions(scratch=path.parent)
    for cls in scanners:
        if cls.needs_network or not cls(options).handles(PurePath(path.name), read_head(path)):
            continue
        said: list[str] = []

        def look(slug: str = cls.slug, said: list[str] = said) -> None:
            said.append(scan_file(slug, Target(path), options).verdict.value)

        found.append((cls.slug, _cold(path, look), said[0]))
    return found


def _against_reading(path: Path) -> None:
    reading = _cold(path, lambda: _read(path))
    hashing = _cold(path, lambda: _sha256sum(path))
    scanning = sum(seconds for slug, seconds, _ in _engines(path) if slug in _STRUCTURAL)
    print(f"{path.name}, {path.stat().st_size / 1e9:.2f} GB: read once {reading:.2f} s")
    both = hashing + scanning
    print(
        f"  hash and structural scan {both:.2f} s, {both / reading:.2f} times one reading",
        flush=True,
    )


def _with_clamd(path: Path) -> None:
    """The rate of clamd over every byte, where a socket is named; its windows are its engine's."""
    from scanning.sandbox import Target, scan_file
    from scanning.scanners import ClamdAddress, ScannerOptions

    socket = os.environ.get("CLAMD_SOCKET", "")
    if not socket:
        print("no CLAMD_SOCKET is given: the rate of clamd is not measured")
        return
    options = ScannerOptions(clamd=ClamdAddress(socket=socket), scratch=path.parent)
    said: list[Report] = []
    seconds = _cold(path, lambda: said.append(scan_file("clamav", Target(path), options)))
    rate = path.stat().st_size / 1e6 / seconds
    print(
        f"  clamd {seconds:.1f} s, {rate:.0f} MB/s: {said[0].verdict} {said[0].detail}", flush=True
    )


def _cold(path: Path, work: Callable[[], object]) -> float:
    """Seconds of `work` after the system forgot what it knows of the file."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _sha256sum(path: Path) -> None:
    subprocess.run(["sha256sum", str(path)], check=True, stdout=subprocess.DEVNULL)  # noqa: S607 its own


def _read(path: Path) -> None:
    with path.open("rb", buffering=0) as file:
        piece = bytearray(_PIECE)
        while file.readinto(piece):
            pass
