"""A 7z archive: each folder is unpacked by the library's own decoders, each file examined."""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from scanning.scanners._sevenzip_header import (
    SIGNATURE_BYTES,
    Archive,
    Coder,
    Folder,
    SevenZipFaultError,
    parse_header,
)
from scanning.scanners._unpacking import (
    bz2_pieces,
    deflated_pieces,
    raw_lzma_pieces,
    zstd_pieces,
)
from scanning.scanners._window import Window
from scanning.scanners._zip_members import escape_finding, is_escaping
from scanning.scanners.base import MEBIBYTE

if TYPE_CHECKING:
    from scanning.scanners._containers import Walk

_MAX_HEADER = 16 * MEBIBYTE
_MAX_DICTIONARY = 128 * MEBIBYTE
_COPY, _LZMA, _LZMA2, _AES = b"\x00", b"\x03\x01\x01", b"\x21", b"\x06\xf1\x07\x01"
_DEFLATE, _BZIP2, _ZSTD = b"\x04\x01\x08", b"\x04\x02\x02", b"\x04\xf7\x11\x01"
_FILTERS = {
    b"\x03": lzma.FILTER_DELTA,
    b"\x04": lzma.FILTER_X86,
    b"\x03\x03\x01\x03": lzma.FILTER_X86,
    b"\x03\x03\x02\x05": lzma.FILTER_POWERPC,
    b"\x03\x03\x04\x01": lzma.FILTER_IA64,
    b"\x03\x03\x05\x01": lzma.FILTER_ARM,
    b"\x03\x03\x07\x01": lzma.FILTER_ARMTHUMB,
    b"\x03\x03\x08\x05": lzma.FILTER_SPARC,
}
_LZMA_PROPERTIES = 5
_LEVELS_OF_HEADERS = 4


def walk_sevenzip(walk: Walk, stream: BinaryIO, location: str, depth: int) -> None:
    archive = _open(walk, stream, location)
    pack_at = archive.streams.pack_at
    packs = iter(archive.streams.pack_sizes)
    names = iter(archive.names)
    for folder in archive.streams.folders:
        sizes = [next(packs, 0) for _ in range(folder.packed_streams)]
        try:
            pieces = _unpacked(stream, folder, pack_at, sizes)
            where = f"{location}!7z".lstrip("!")
            with walk.spooled(pieces, where, packed=sum(sizes)) as plain:
                _files(walk, plain, folder, names, location, depth=depth)
        except SevenZipFaultError as error:
            walk.gap(location, f"7z: {error}")
        pack_at += sum(sizes)


def _files(
    walk: Walk,
    plain: BinaryIO,
    folder: Folder,
    names: Iterator[str],
    location: str,
    *,
    depth: int,
) -> None:
    at = 0
    for size in folder.file_sizes:
        walk.count_member()
        name = next(names, f"file at {at}")
        where = f"{location}!{name}".lstrip("!")
        if is_escaping(name):
            walk.findings.add(escape_finding(name, where))
        content = Window(plain, at, max(0, size)).buffered()
        walk.member(content, where, depth)
        at += size


def _open(walk: Walk, stream: BinaryIO, location: str) -> Archive:
    """The archive's header; it is packed itself more often than not."""
    head = stream.read(SIGNATURE_BYTES)
    if len(head) != SIGNATURE_BYTES:
        raise SevenZipFaultError("the archive is cut short")
    offset, size = (int.from_bytes(head[at : at + 8], "little") for at in (12, 20))
    if zlib.crc32(head[12:]) != int.from_bytes(head[8:12], "little"):
        walk.gap(location, "the start header of a 7z has another checksum than it says")
    if size == 0:
        return Archive()
    if size > _MAX_HEADER:
        raise SevenZipFaultError(f"a header of {size} bytes")
    stream.seek(SIGNATURE_BYTES + min(offset, 1 << 62))
    raw = stream.read(size)
    for _ in range(_LEVELS_OF_HEADERS):
        archive = parse_header(raw)
        if not archive.is_encoded:
            return archive
        raw = _unpacked_header(stream, archive)
    raise SevenZipFaultError("headers are packed in each other")


def _unpacked_header(stream: BinaryIO, archive: Archive) -> bytes:
    if not archive.streams.folders:
        raise SevenZipFaultError("a packed header without content")
    folder = archive.streams.folders[0]
    if folder.size > _MAX_HEADER:
        raise SevenZipFaultError(f"a header of {folder.size} bytes")
    pieces = _unpacked(stream, folder, archive.streams.pack_at, archive.streams.pack_sizes)
    return b"".join(pieces)


def _unpacked(stream: BinaryIO, folder: Folder, at: int, sizes: list[int]) -> Iterator[bytes]:
    """What a chain of coders makes of one packed stream, cut to the size the folder states."""
    methods = [coder.method for coder in folder.coders]
    if _AES in methods:
        raise SevenZipFaultError("encrypted")
    if folder.packed_streams != 1 or any(c.inputs != 1 or c.outputs != 1 for c in folder.coders):
        raise SevenZipFaultError("branched coders are not covered")
    source = Window(stream, at, sizes[0]).buffered() if sizes else None
    if source is None or not folder.coders:
        raise SevenZipFaultError("a folder without content")
    return _limited(_decoded(source, folder), folder.size)


def _limited(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    left = size
    for piece in pieces:
        yield piece[:left]
        left -= len(piece)
        if left <= 0:
            return
    if left > 0:
        raise EOFError("the compressed data is cut short")


def _decoded(source: BinaryIO, folder: Folder) -> Iterator[bytes]:
    coders = _in_order(folder)
    last = coders[0]
    chain = [_filter(coder.method, coder.properties) for coder in reversed(coders)]
    if all(chain) and last.method in {_LZMA, _LZMA2}:
        return raw_lzma_pieces(source, [one for one in chain if one])
    if len(folder.coders) != 1:
        raise SevenZipFaultError(f"coders {[coder.method.hex() for coder in folder.coders]}")
    if last.method == _COPY:
        return iter(lambda: source.read(MEBIBYTE), b"")
    if last.method == _BZIP2:
        return bz2_pieces(source)
    if last.method == _DEFLATE:
        return deflated_pieces(source)
    if last.method == _ZSTD:
        return zstd_pieces(source)
    raise SevenZipFaultError(f"packing method {last.method.hex()} is not covered")


def _in_order(folder: Folder) -> list[Coder]:
    """Coders from the one that reads the file to the one whose output is wanted."""
    follower = {output: taker for taker, output in folder.bonds}
    bound = set(follower.values())
    at: int | None = next((i for i in range(len(folder.coders)) if i not in bound), None)
    order: list[Coder] = []
    while at is not None and at < len(folder.coders) and len(order) < len(folder.coders):
        order.append(folder.coders[at])
        at = follower.get(at)
    if len(order) != len(folder.coders):
        raise SevenZipFaultError("coders that are not one chain")
    return order


def _filter(method: bytes, properties: bytes) -> dict[str, int] | None:
    if method == _LZMA and len(properties) >= _LZMA_PROPERTIES:
        first = properties[0]
        size = int.from_bytes(properties[1:5], "little")
        settings = {"lc": first % 9, "lp": first // 9 % 5, "pb": first // 45}
        return {"id": lzma.FILTER_LZMA1, "dict_size": _dictionary(size), **settings}
    if method == _LZMA2 and properties:
        bits = properties[0] & 0x3F
        size = (2 | bits & 1) << (bits // 2 + 11)
        return {"id": lzma.FILTER_LZMA2, "dict_size": _dictionary(size)}
    if method in _FILTERS:
        own = {"dist": properties[0] + 1} if method == b"\x03" and properties else {}
        return {"id": _FILTERS[method], **own}
    return None


def _dictionary(size: int) -> int:
    if size > _MAX_DICTIONARY:
        raise SevenZipFaultError(f"a dictionary of {size} bytes")
    return max(size, 4096)
