"""Disks as the kernel knows them: which of our folders lie on which, and how full they are."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_MOUNTS: Final = Path("/proc/self/mountinfo")
_OCTAL: Final = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Volume:
    """One file system with the names of our folders on it; `trouble` says why it is not readable.

    `free` is what this process may still use.
    """

    places: tuple[str, ...]
    mount: str = ""
    kind: str = ""
    device: int = 0
    total: int = 0
    used: int = 0
    free: int = 0
    trouble: str = ""

    @property
    def percent(self) -> int:
        """How full it is as `df` counts: what is kept for root is neither used nor free."""
        room = self.used + self.free
        return -(-100 * self.used // room) if room else 0


def volumes_of(places: Mapping[str, Path]) -> list[Volume]:
    """Find the volumes of these folders, in the order of the folders; each volume once."""
    by_device: dict[int, list[str]] = {}
    paths: dict[int, Path] = {}
    found: list[Volume] = []
    for name, path in places.items():
        try:
            near = nearest(path)
            device = near.stat().st_dev
        except OSError as error:
            found.append(Volume((name,), mount=str(path), trouble=error.strerror or "not readable"))
            continue
        by_device.setdefault(device, []).append(name)
        paths.setdefault(device, near)
    mounts = list(_mounts())
    known = [_volume(paths[device], tuple(names), mounts) for device, names in by_device.items()]
    return known + found


def nearest(path: Path) -> Path:
    """The path itself, or the nearest folder above it that is there already."""
    path = path.absolute()
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def free_bytes(path: Path) -> int:
    """What this process may still write where `path` is or will be."""
    room = os.statvfs(nearest(path))
    return room.f_bavail * room.f_frsize


def same_volume(one: Path, other: Path) -> bool:
    return nearest(one).stat().st_dev == nearest(other).stat().st_dev


def _volume(path: Path, names: tuple[str, ...], mounts: list[tuple[str, str]]) -> Volume:
    room = os.statvfs(path)
    mount, kind = _mount_of(path.resolve(), mounts)
    return Volume(
        places=names,
        mount=mount,
        kind=kind,
        device=path.stat().st_dev,
        total=room.f_blocks * room.f_frsize,
        used=(room.f_blocks - room.f_bfree) * room.f_frsize,
        free=room.f_bavail * room.f_frsize,
    )


def _mount_of(path: Path, mounts: list[tuple[str, str]]) -> tuple[str, str]:
    """The longest mount point above the path; of several on one point the last hides the others."""
    best = ("", "")
    for mount, kind in mounts:
        if path.is_relative_to(mount) and len(mount) >= len(best[0]):
            best = (mount, kind)
    return best if best[0] else (_top_of_device(path), "")


def _top_of_device(path: Path) -> str:
    """Where there is no table of mounts: the highest folder of the same device."""
    device = path.stat().st_dev
    while path != path.parent and path.parent.stat().st_dev == device:
        path = path.parent
    return str(path)


def _mounts() -> Iterator[tuple[str, str]]:
    try:
        lines = _MOUNTS.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return
    for line in lines:
        words = line.split(" ")
        yield _OCTAL.sub(lambda hit: chr(int(hit[1], 8)), words[4]), words[words.index("-") + 1]
