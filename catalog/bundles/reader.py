"""Read a bundle from its beginning to its end, believing nothing that is not signed.

The headers follow from the manifest, so they are compared, not parsed: a link, a device, a path out
of the archive, a member too many and a size that lies are all one thing, other bytes than expected.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from catalog.bundles.layout import (
    BLOCK,
    MANIFEST,
    MAX_DOCUMENT,
    MAX_MANIFEST,
    MAX_SIGNATURE,
    SIGNATURE,
    Member,
    Place,
    ending,
    header,
    padded,
    places,
)
from catalog.bundles.manifest import Manifest, digest, read_manifest
from catalog.bundles.signing import Signer, Trusted, check_signature
from core.errors import BundleRefusedError

CHUNK: Final = 4 << 20
Step = Callable[[int, Member], None]  # hears how many bytes of which member were read


@dataclass(frozen=True, slots=True)
class Head:
    """The first two members, the signature not looked at yet."""

    manifest: Manifest
    manifest_bytes: bytes
    envelope: bytes
    manifest_sha256: str

    def signer(self, trusted: Mapping[str, Trusted]) -> Signer:
        """Return who signed it; refuse what no trusted key signed."""
        return check_signature(self.envelope, manifest_sha256=self.manifest_sha256, trusted=trusted)

    def members(self) -> list[Member]:
        """Return every member in order, the first two included."""
        first = Member(MANIFEST, self.manifest_sha256, len(self.manifest_bytes))
        second = Member(SIGNATURE, digest(self.envelope), len(self.envelope))
        return [first, second, *self.manifest.listed()]

    def places(self) -> list[Place]:
        """Return where every member is."""
        return list(places(self.members()))

    @property
    def length(self) -> int:
        """Bytes of the whole archive."""
        end = self.places()[-1].end
        return end + len(ending(end))


def read_head(file: BinaryIO) -> Head:
    """Read manifest and signature from where the file stands: its beginning."""
    manifest = _small(file, MANIFEST, MAX_MANIFEST)
    envelope = _small(file, SIGNATURE, MAX_SIGNATURE)
    return Head(read_manifest(manifest), manifest, envelope, digest(manifest))


def _small(file: BinaryIO, path: str, limit: int) -> bytes:
    """Read one of the first two members, whose size nothing says yet but its own header."""
    block = _exactly(file, BLOCK, "its beginning")
    try:
        found = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
    except (tarfile.HeaderError, UnicodeDecodeError) as error:
        raise BundleRefusedError(
            "This is no bundle: it does not begin as one.", reason="format"
        ) from error
    if found.name != path:
        missing = "It is not signed" if path == SIGNATURE else "This is no bundle"
        raise BundleRefusedError(
            f"{missing}: {found.name!r} stands where {path} should.",
            reason="unsigned" if path == SIGNATURE else "format",
        )
    if found.size > limit:
        raise BundleRefusedError(
            f"{path} claims {found.size} bytes; {limit} are read.", reason="too_large"
        )
    if block != header(path, found.size):
        raise _altered(path)
    body = _exactly(file, padded(found.size), path)
    if any(body[found.size :]):
        raise _altered(path)
    return body[: found.size]


@dataclass
class BundleReader:
    """Walk over the members behind the head, in their order.

    Each is read, or passed over; every byte between is compared with what has to be there.
    """

    file: BinaryIO
    head: Head
    _left: Iterator[Place] = field(init=False)
    _at: int = field(init=False)

    def __post_init__(self) -> None:
        found = self.head.places()
        self._at = found[2].start if len(found) > 2 else found[1].end  # noqa: PLR2004 manifest and signature
        self._left = iter(found[2:])

    def __iter__(self) -> Iterator[Member]:
        """Give member after member; one that was not read is passed over."""
        for place in self._left:
            self._expect(place)
            yield place.member
            if self._at == place.body:
                self._pass(place)
        self._end()

    def chunks(self, member: Member) -> Iterator[bytes]:
        """Give the bytes of the member that was just named; the last word is its digest's."""
        found = hashlib.sha256()
        left = member.size
        while left:
            chunk = _exactly(self.file, min(CHUNK, left), member.path)
            found.update(chunk)
            left -= len(chunk)
            self._at += len(chunk)
            yield chunk
        self._padding(member)
        if found.hexdigest() != member.sha256:
            raise BundleRefusedError(
                f"{member.path} holds other bytes than were signed: the bundle was altered, or its "
                "medium is bad. Copy it again.",
                reason="member_altered",
                expected=member.sha256,
                actual=found.hexdigest(),
            )

    def document(self, member: Member) -> bytes:
        """Return a small member whole."""
        if member.size > MAX_DOCUMENT:
            raise BundleRefusedError(
                f"{member.path} claims {member.size} bytes; {MAX_DOCUMENT} are read.",
                reason="too_large",
            )
        return b"".join(self.chunks(member))

    def _expect(self, place: Place) -> None:
        wanted = header(place.member.path, place.member.size)
        found = _exactly(self.file, len(wanted), place.member.path)
        self._at = place.body
        if found != wanted:
            raise BundleRefusedError(
                f"{_name_in(found)} stands where {place.member.path} should: the bundle was "
                "altered, or written by another program.",
                reason="unexpected_member",
            )

    def _pass(self, place: Place) -> None:
        size = place.member.size
        if self.file.seekable():
            self.file.seek(place.body + size)
            self._at = place.body + size
        else:
            for _ in self.chunks(place.member):
                pass
            return
        self._padding(place.member)

    def _padding(self, member: Member) -> None:
        rest = padded(member.size) - member.size
        if any(_exactly(self.file, rest, member.path)):
            raise _altered(member.path)
        self._at += rest

    def _end(self) -> None:
        wanted = ending(self._at)
        if _exactly(self.file, len(wanted), "its end") != wanted or self.file.read(1):
            raise BundleRefusedError(
                "Something that nobody signed stands behind the last member.",
                reason="extra_member",
            )


def check_length(head: Head, length: int) -> None:
    """Refuse a file that is shorter or longer than its manifest says, before reading further."""
    if length < head.length:
        raise BundleRefusedError(
            f"The bundle was cut off: it has {length} bytes of {head.length}. Copy it again.",
            reason="truncated",
            expected=head.length,
            actual=length,
        )
    if length > head.length:
        raise BundleRefusedError(
            f"The bundle holds {length - head.length} bytes that nobody signed.",
            reason="extra_member",
            expected=head.length,
            actual=length,
        )


def verify_members(reader: BundleReader, *, step: Step) -> Iterator[tuple[Member, bytes]]:
    """Hash every member to the end; give the documents, which are small."""
    done = 0
    for member in reader:
        if not member.is_content:
            yield member, reader.document(member)
            done += member.size
            step(done, member)
            continue
        for chunk in reader.chunks(member):
            done += len(chunk)
            step(done, member)


def _exactly(file: BinaryIO, count: int, what: str) -> bytes:
    parts: list[bytes] = []
    left = count
    while left:
        part = file.read(left)
        if not part:
            raise BundleRefusedError(
                f"The bundle was cut off in {what}. Copy it again.", reason="truncated"
            )
        parts.append(part)
        left -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _name_in(block: bytes) -> str:
    with suppress(tarfile.HeaderError, UnicodeDecodeError):
        found = tarfile.TarInfo.frombuf(block[:BLOCK], "utf-8", "strict")
        return f"A member called {found.name[:200]!r} with {found.size} bytes"
    return "Something else"


def _altered(path: str) -> BundleRefusedError:
    return BundleRefusedError(f"{path} is not as it was written.", reason="member_altered")
