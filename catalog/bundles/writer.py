"""Write a bundle in order, and go on where an earlier writer was stopped."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from catalog.bundles.layout import Member, Place, ending, header, padded
from catalog.bundles.reader import BundleReader, Head, read_head
from catalog.bundles.signing import Trusted
from core.errors import BundleRefusedError, IntegrityError

CHUNK: Final = 4 << 20
Bytes = Callable[[int], Iterator[bytes]]  # the rest of a content from this byte on
Step = Callable[[int], None]


def begin(file: BinaryIO, head: Head, documents: Mapping[str, bytes]) -> None:
    """Write manifest, signature and papers of a new bundle from the file's beginning."""
    file.seek(0)
    file.truncate()
    for member, body in (
        (head.members()[0], head.manifest_bytes),
        (head.members()[1], head.envelope),
        *((one, documents[one.path]) for one in head.manifest.listed() if not one.is_content),
    ):
        file.write(header(member.path, member.size))
        file.write(body.ljust(padded(len(body)), b"\0"))


def begun(path: Path, trusted: Mapping[str, Trusted]) -> Head | None:
    """Return the head of what an earlier writer began, if we signed it and its papers are whole."""
    with suppress(FileNotFoundError, BundleRefusedError), path.open("rb") as file:
        head = read_head(file)
        head.signer(trusted)
        reader = BundleReader(file, head)
        for member in reader:
            if member.is_content:
                break
            reader.document(member)
        return head
    return None


def fill(file: BinaryIO, head: Head, *, content: Callable[[Member], Bytes], step: Step) -> None:
    """Write the contents behind the papers, keeping what is there already and is right.

    `step` hears the bytes of contents that are in place; it may raise to stop.
    """
    waiting = [place for place in head.places() if place.member.is_content]
    done = 0
    for place in waiting:
        before = done

        def heard(count: int, *, so_far: int = before) -> None:
            step(so_far + count)

        _put(file, place, content(place.member), heard)
        done += place.member.size
    _close(file, head.places())


def _put(file: BinaryIO, place: Place, content: Bytes, step: Step) -> None:
    wanted = header(place.member.path, place.member.size)
    file.seek(place.start)
    if file.read(len(wanted)) != wanted:
        file.seek(place.start)
        file.truncate()
        file.write(wanted)
    complete(file, place.body, place.member, content, step)
    file.seek(place.body + place.member.size)
    file.write(bytes(padded(place.member.size) - place.member.size))


def complete(file: BinaryIO, start: int, member: Member, content: Bytes, step: Step) -> None:
    """Make the bytes from `start` on those of the member, using what is there and right.

    Whatever stands behind them is cut off when something had to be written.
    """
    found, there = _hash_of(file, start, member.size, step)
    if there == member.size and found.hexdigest() == member.sha256:
        return
    if 0 < there < member.size:
        _append(file, start + there, content(there), found, lambda n: step(there + n))
        if found.hexdigest() == member.sha256:
            return
    found = hashlib.sha256()  # what was there was not its beginning
    _append(file, start, content(0), found, step)
    if found.hexdigest() != member.sha256:
        raise IntegrityError(
            f"Content {member.sha256} holds other bytes",
            expected=member.sha256,
            actual=found.hexdigest(),
        )


def _hash_of(file: BinaryIO, start: int, size: int, step: Step) -> tuple[hashlib._Hash, int]:
    file.seek(start)
    found, there = hashlib.sha256(), 0
    while there < size and (chunk := file.read(min(CHUNK, size - there))):
        found.update(chunk)
        there += len(chunk)
        step(there)
    return found, there


def _append(
    file: BinaryIO, at: int, chunks: Iterator[bytes], found: hashlib._Hash, step: Step
) -> None:
    file.seek(at)
    file.truncate()
    count = 0
    for chunk in chunks:
        file.write(chunk)
        found.update(chunk)
        count += len(chunk)
        step(count)


def _close(file: BinaryIO, found: Sequence[Place]) -> None:
    end = found[-1].end
    file.seek(end)
    file.truncate()
    file.write(ending(end))
    file.flush()
    os.fsync(file.fileno())
