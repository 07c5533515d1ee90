"""Scanning large models: each engine against hashing and reading, clamd in windows, small files.

Of each file both the seconds of the clock and those of processors are told, since others may work
on the machine. "Cold" asks the system to forget the file; a virtual disk's own host may not.
`--megabytes` is the size of a file; one of five times as much is looked at where there is room.
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
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench._measured import measured
from bench._weights import MEGA
from bench.memory import engines_for

if TYPE_CHECKING:
    from scanning.scanners import ClamdAddress, Report

_PIECE = 4 * MEGA
_TENSOR = 64 * MEGA
_LARGER = 5
_SMALL_FILES = 1_000


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds of the clock and of processors, ours and our children's."""

    wall: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.wall:7.2f} s, {self.cpu:6.2f} s of CPU"


def run(options: argparse.Namespace) -> None:

    folder = Path(tempfile.mkdtemp(prefix="yard-scan-", dir=_roomy()))
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    try:
        _small_files(folder)
        for make in (torch_file, safetensors_file):
            path = make(folder, options.megabytes)
            _compare(path)
            path.unlink()
        need = options.megabytes * _LARGER * MEGA
        if shutil.disk_usage(folder).free < 1.2 * need:
            print(f"no room for {need / 1e9:.0f} GB: the larger model is left out")
            return
        larger = safetensors_file(folder, options.megabytes * _LARGER)
        _compare(larger)
        _with_clamd(larger)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"load {os.getloadavg()[0]:.1f}")


def _roomy() -> str:
    return str(Path(__file__).resolve().parents[1] / "var") if Path("var").is_dir() else "/tmp"  # noqa: S108


def safetensors_file(folder: Path, megabytes: int, tensor: int = _TENSOR) -> Path:
    count = max(1, megabytes * MEGA // tensor)
    header = {
        f"layer.{n}": {
            "dtype": "U8",
            "shape": [tensor],
            "data_offsets": [n * tensor, (n + 1) * tensor],
        }
        for n in range(count)
    }
    raw = json.dumps(header).encode()
    path = folder / "model.safetensors"
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(raw)) + raw)
        for _ in range(count * tensor // _PIECE):
            file.write(os.urandom(_PIECE))
    return path


def torch_file(folder: Path, megabytes: int, tensor: int = _TENSOR) -> Path:
    """A zip archive as torch.save lays it out: a pickle, and a stored member for each tensor."""
    path = folder / "pytorch_model.bin"
    count = max(1, megabytes * MEGA // tensor)
    table = io.BytesIO()
    pickle.Pickler(table, 2).dump({f"layer.{n}": n for n in range(count)})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("model/data.pkl", table.getvalue())
        for n in range(count):
            with archive.open(f"model/data/{n}", "w", force_zip64=True) as member:
                for _ in range(tensor // _PIECE):
                    member.write(os.urandom(_PIECE))
        archive.writestr("model/version", "3\n")
    return path


def _compare(path: Path) -> None:
    from downloads.verify import hash_file
    from scanning.sandbox import Asked, Target, scan_each
    from scanning.scanners import ScannerOptions

    options = ScannerOptions(scratch=path.parent)
    asked = [Asked(slug, Target(path)) for slug in engines_for(path, options)]
    size = path.stat().st_size
    print(f"{path.name}, {size / 1e9:.2f} GB")
    for how, before in (("cold", _forget), ("warm", lambda _: None)):
        reading = _took(path, lambda: _read(path), before)
        coreutils = _took(path, lambda: _sha256sum(path), before)
        ours = _took(path, lambda: hash_file(path, git=False), before)
        scanning = _took(path, lambda: scan_each(asked, options), before)
        print(f"  {how}: read once              {reading}")
        print(
            f"  {how}: sha256sum              {coreutils}, {size / 1e6 / coreutils.wall:.0f} MB/s"
        )
        print(f"  {how}: our hash               {ours}, {_times(ours, reading)} one reading")
        print(f"  {how}: all structural engines {scanning}, "
              f"{_times(coreutils, scanning)} as fast as sha256sum")  # fmt: skip
        both = Took(ours.wall + scanning.wall, ours.cpu + scanning.cpu)
        print(f"  {how}: hash, then engines     {both}, {_times(both, reading)} one reading",
              flush=True)  # fmt: skip
    _each_engine(path, coreutils)


def _each_engine(path: Path, coreutils: Took) -> None:
    """What an engine itself takes, without the start of its process, which all share."""
    from scanning.sandbox import Asked, Target
    from scanning.scanners import ScannerOptions

    options = ScannerOptions(scratch=path.parent)
    for slug in engines_for(path, options):
        (cost,) = measured([Asked(slug, Target(path))], options)
        print(f"  {slug:<20} {cost.cpu:6.3f} s of CPU, {coreutils.cpu / max(cost.cpu, 1e-4):8.0f} "
              f"times sha256sum's speed; {cost.read / MEGA:7.2f} MB read, peak "
              f"{cost.peak / MEGA:4.0f} MB: {cost.verdict}", flush=True)  # fmt: skip


def _with_clamd(path: Path) -> None:
    """The rate of clamd over every byte: of the one that is named, else one with few signatures."""
    from scanning.scanners import ClamdAddress
    from tests.scanning.clamd import BINARY, running_clamd

    if socket := os.environ.get("CLAMD_SOCKET", ""):
        _stream(path, ClamdAddress(socket=socket), 0)
    elif BINARY:
        with running_clamd() as (address, process):
            _stream(path, address, process.pid)
    else:
        print("clamd is not installed: its rate is not measured")


def _stream(path: Path, address: ClamdAddress, pid: int) -> None:
    from scanning.sandbox import Target, scan_file
    from scanning.scanners import ScannerOptions

    size = path.stat().st_size
    for connections in (1, ScannerOptions().clamd_connections):
        options = replace(ScannerOptions(scratch=path.parent), clamd=address)
        options = replace(options, clamd_connections=connections)
        said: list[Report] = []
        before = _cpu_of(pid)
        took = _took(path, partial(_note, said, scan_file, "clamav", Target(path), options))
        cpu = _cpu_of(pid) - before
        print(
            f"  clamd, {connections} windows at once: {took}, {size / 1e6 / took.wall:.0f} MB/s, "
            f"10 GB in {took.wall * 1e10 / size:.0f} s; clamd itself {cpu:.0f} s of CPU; "
            f"{said[0].verdict}, {said[0].covered_bytes or 0} bytes of {size} {said[0].detail}",
            flush=True,
        )


def _note(said: list[Report], ask: Callable[..., Report], *arguments: object) -> None:
    said.append(ask(*arguments))


def _cpu_of(pid: int) -> float:
    if not pid:
        return 0.0
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _small_files(folder: Path) -> None:
    """A version of many small files, through the batches that the product makes of them."""
    from core.sandbox.limits import Limits
    from scanning.local_scan import Choice, collect, scan
    from scanning.scanners import ScannerOptions, scanners

    place = folder / "small"
    place.mkdir()
    for n in range(_SMALL_FILES):
        words = json.dumps({"n": n, "words": ["a"] * 20}) if n % 2 else f"# Notes {n}\n\nText.\n"
        (place / f"file-{n}.{'json' if n % 2 else 'md'}").write_text(words)
    chosen = Choice([cls for cls in scanners if not cls.needs_network])
    options = ScannerOptions(scratch=folder)
    said = []
    took = _took(place, lambda: said.append(scan(collect([str(place)]), chosen, options, Limits())))
    looks = sum(len(file.reports) for file in said[0].files)
    print(
        f"{_SMALL_FILES} small files, {looks} looks: {took}, {_SMALL_FILES / took.wall:.0f} files/s"
    )
    shutil.rmtree(place)


def _times(one: Took, other: Took) -> str:
    return f"{one.wall / other.wall:.2f} times (CPU {one.cpu / max(other.cpu, 1e-3):.2f})"


def _took(
    path: Path, work: Callable[[], object], before: Callable[[Path], None] | None = None
) -> Took:
    (before or _forget)(path)
    cpu, began = _cpu(), time.perf_counter()
    work()
    return Took(time.perf_counter() - began, _cpu() - cpu)


def _cpu() -> float:
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(sum(resource.getrusage(kind)[:2]) for kind in kinds)


def _forget(path: Path) -> None:
    if path.is_file():
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _sha256sum(path: Path) -> None:
    subprocess.run(["sha256sum", str(path)], check=True, stdout=subprocess.DEVNULL)  # noqa: S607 its own


def _read(path: Path) -> None:
    with path.open("rb", buffering=0) as file:
        piece = bytearray(_PIECE)
        while file.readinto(piece):
            pass
