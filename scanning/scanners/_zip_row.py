"""Archives of torch.save one behind the other in a file, as torch's sharded checkpoints are."""

from __future__ import annotations

import io
from typing import BinaryIO

from scanning.scanners._window import Window
from scanning.scanners._zip_directory import ZipFaultError, read_directories
from scanning.scanners._zip_members import LOCAL_MAGIC, read_members


def torch_row(stream: BinaryIO, most: int) -> list[tuple[int, int]]:
    """Where each archive begins and ends; none unless they fill the file without a byte between.

    From the end, as archives are read: what stands before one is where the one before must end.
    """
    found: list[tuple[int, int]] = []
    end = stream.seek(0, io.SEEK_END)
    while end > 0:
        start = _start(Window(stream, 0, end).buffered(), end)
        is_alone = start == 0 and not found
        if start is None or is_alone or len(found) >= most:
            return []
        if not _is_of_torch(Window(stream, start, end - start).buffered(), most):
            return []
        found.append((start, end))
        end = start
    return found[::-1]


def _start(archive: BinaryIO, end: int) -> int | None:
    """Where the archive that ends here begins."""
    try:
        found = read_directories(archive, max_entries=1, only_head=True)
    except ZipFaultError:
        return None
    is_last = bool(found) and found[0].end == end and 0 <= found[0].shift < end
    return found[0].shift if is_last else None


def _is_of_torch(archive: BinaryIO, most: int) -> bool:
    try:
        directories = read_directories(archive, max_entries=most)
    except ZipFaultError:
        return False
    members, findings = read_members(archive, directories[0]) if directories else ([], [])
    archive.seek(0)
    begins = archive.read(len(LOCAL_MAGIC)) == LOCAL_MAGIC
    return begins and not findings and any(one.name.endswith("/data.pkl") for one in members)
