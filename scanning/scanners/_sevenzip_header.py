"""The header of a 7z archive: folders of packed streams, and the files that they hold.

After the format's own description (7zFormat.txt of the LZMA SDK): properties by number, numbers of
variable length, lists of bits.
"""

from __future__ import annotations

from dataclasses import dataclass, field

SIGNATURE_BYTES = 32
_END, _HEADER, _STREAMS, _FILES = 0x00, 0x01, 0x04, 0x05
_PACK, _UNPACK, _SUBSTREAMS, _SIZE, _CRC, _FOLDER = 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B
_UNPACK_SIZE, _STREAM_COUNT, _EMPTY_STREAM, _NAMES, _ENCODED = 0x0C, 0x0D, 0x0E, 0x11, 0x17
_ARCHIVE_PROPERTIES, _ADDITIONAL = 0x02, 0x03
_MAX_COUNT = 100_000


class SevenZipFaultError(ValueError):
    """A header that breaks the format."""


@dataclass(slots=True)
class Coder:
    method: bytes
    properties: bytes
    inputs: int
    outputs: int


@dataclass(slots=True)
class Folder:
    """Coders in the order they are listed; `packed` are the streams in the file that they need."""

    coders: list[Coder]
    bonds: list[tuple[int, int]]
    packed_streams: int
    sizes: list[int] = field(default_factory=list)
    file_sizes: list[int] = field(default_factory=list)
    file_count: int = 1

    @property
    def size(self) -> int:
        bound = {output for _, output in self.bonds}
        free = [size for index, size in enumerate(self.sizes) if index not in bound]
        return free[0] if free else 0


@dataclass(slots=True)
class Streams:
    pack_at: int = 0
    pack_sizes: list[int] = field(default_factory=list)
    folders: list[Folder] = field(default_factory=list)


@dataclass(slots=True)
class Archive:
    streams: Streams = field(default_factory=Streams)
    names: list[str] = field(default_factory=list)  # of files that have content
    is_encoded: bool = False  # the header itself is packed, in the only folder


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        piece = self.data[self.at : self.at + size]
        if size < 0 or len(piece) != size:
            raise SevenZipFaultError("the header is cut short")
        self.at += size
        return piece

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self) -> int:
        first = self.byte()
        mask, value = 0x80, 0
        for index in range(8):
            if not first & mask:
                return value + ((first & (mask - 1)) << (8 * index))
            value |= self.byte() << (8 * index)
            mask >>= 1
        return value

    def count(self) -> int:
        value = self.number()
        if value > _MAX_COUNT:
            raise SevenZipFaultError(f"{value} entries")
        return value

    def bits(self, count: int) -> list[bool]:
        raw = self.take((count + 7) // 8)
        return [bool(raw[index // 8] & (0x80 >> index % 8)) for index in range(count)]

    def checksums(self, count: int) -> None:
        defined = [True] * count if self.byte() else self.bits(count)
        self.take(4 * sum(defined))

    def expect(self, wanted: int) -> None:
        if (found := self.byte()) != wanted:
            raise SevenZipFaultError(f"property {found:#x} where {wanted:#x} belongs")


def parse_header(data: bytes) -> Archive:
    reader = _Reader(data)
    kind = reader.byte()
    if kind == _ENCODED:
        return Archive(_read_streams(reader), is_encoded=True)
    if kind != _HEADER:
        raise SevenZipFaultError(f"a header of kind {kind:#x}")
    archive = Archive()
    while (kind := reader.byte()) != _END:
        if kind == _STREAMS:
            archive.streams = _read_streams(reader)
        elif kind == _FILES:
            archive.names = _read_names(reader)
        elif kind == _ARCHIVE_PROPERTIES:
            while reader.byte() != _END:
                reader.take(reader.number())
        else:
            raise SevenZipFaultError(f"property {kind:#x}")
    return archive


def _read_streams(reader: _Reader) -> Streams:
    streams = Streams()
    while (kind := reader.byte()) != _END:
        if kind == _PACK:
            _read_pack(reader, streams)
        elif kind == _UNPACK:
            _read_folders(reader, streams)
        elif kind == _SUBSTREAMS:
            _read_substreams(reader, streams.folders)
        else:
            raise SevenZipFaultError(f"property {kind:#x} among the streams")
    for folder in streams.folders:
        if folder.file_count == 1 and not folder.file_sizes:
            folder.file_sizes = [folder.size]
    return streams


def _read_pack(reader: _Reader, streams: Streams) -> None:
    streams.pack_at = SIGNATURE_BYTES + reader.number()
    count = reader.count()
    while (kind := reader.byte()) != _END:
        if kind == _SIZE:
            streams.pack_sizes = [reader.number() for _ in range(count)]
        elif kind == _CRC:
            reader.checksums(count)
        else:
            raise SevenZipFaultError(f"property {kind:#x} among the packed streams")


def _read_folders(reader: _Reader, streams: Streams) -> None:
    reader.expect(_FOLDER)
    count = reader.count()
    if reader.byte():
        raise SevenZipFaultError("folders are kept elsewhere")
    streams.folders = [_read_folder(reader) for _ in range(count)]
    reader.expect(_UNPACK_SIZE)
    for folder in streams.folders:
        outputs = sum(coder.outputs for coder in folder.coders)
        folder.sizes = [reader.number() for _ in range(outputs)]
    while (kind := reader.byte()) != _END:
        if kind != _CRC:
            raise SevenZipFaultError(f"property {kind:#x} among the folders")
        reader.checksums(count)


def _read_folder(reader: _Reader) -> Folder:
    coders = [_read_coder(reader) for _ in range(min(reader.count(), 32))]
    inputs = sum(coder.inputs for coder in coders)
    outputs = sum(coder.outputs for coder in coders)
    bonds = [(reader.number(), reader.number()) for _ in range(max(0, outputs - 1))]
    packed = inputs - len(bonds)
    if packed > 1:
        for _ in range(packed):
            reader.number()
    return Folder(coders, bonds, packed)


def _read_coder(reader: _Reader) -> Coder:
    flags = reader.byte()
    method = reader.take(flags & 0x0F)
    inputs, outputs = (reader.count(), reader.count()) if flags & 0x10 else (1, 1)
    properties = reader.take(reader.number()) if flags & 0x20 else b""
    return Coder(method, properties, inputs, outputs)


def _read_substreams(reader: _Reader, folders: list[Folder]) -> None:
    kind = reader.byte()
    if kind == _STREAM_COUNT:
        for folder in folders:
            folder.file_count = reader.count()
        kind = reader.byte()
    if kind == _SIZE:
        for folder in folders:
            sizes = [reader.number() for _ in range(max(0, folder.file_count - 1))]
            folder.file_sizes = [*sizes, folder.size - sum(sizes)] if folder.file_count else []
        kind = reader.byte()
    if kind == _CRC:
        # Which checksums are missing depends on the folders': nothing but the end follows them.
        return _skip_to_end(reader, folders)
    if kind != _END:
        raise SevenZipFaultError(f"property {kind:#x} among the substreams")
    return None


def _skip_to_end(reader: _Reader, folders: list[Folder]) -> None:
    total = sum(folder.file_count for folder in folders)
    single = sum(folder.file_count == 1 for folder in folders)
    start = reader.at
    # Folders of one file may have had their checksum already: both counts are tried.
    for count in (total, total - single):
        reader.at = start
        try:
            if count:
                reader.checksums(count)
            elif reader.byte() != 1:
                continue
            if reader.byte() == _END and reader.data[reader.at : reader.at + 1] in {
                b"\x00", b"\x05", b"",
            }:  # fmt: skip
                return
        except SevenZipFaultError:
            continue
    raise SevenZipFaultError("checksums that do not add up")


def _read_names(reader: _Reader) -> list[str]:
    count = reader.count()
    names: list[str] = []
    empty = [False] * count
    while (kind := reader.number()) != _END:
        piece = _Reader(reader.take(reader.number()))
        if kind == _EMPTY_STREAM:
            empty = piece.bits(count)
        elif kind == _NAMES:
            if piece.byte():
                raise SevenZipFaultError("names are kept elsewhere")
            names = piece.data[1:].decode("utf-16-le", "replace").split("\x00")
    return [name for name, is_empty in zip(names, empty, strict=False) if not is_empty]
