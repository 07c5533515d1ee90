"""Files of numbers alone, whose meaning a graph or an index beside them has."""

from __future__ import annotations

from pathlib import Path, PurePath

from scanning.scanners._sniff import Kind, is_beside_graph, sniff
from scanning.scanners._tensors.notes import POLYGLOT, Notes, note_zip_behind
from scanning.scanners.base import Canary, Report, Scanner, read_head, scanners


@scanners.register
class RawTensors(Scanner):
    """Clean where nobody could take the content for anything but numbers.

    No reader looks for a format in such a file: it takes the bytes from the places that are told
    elsewhere. So what counts is that it is nothing else, by its beginning and by its end; what is
    like a pickle, an archive, a program or a text is left to those who know such contents.
    """

    slug = "raw_tensors"
    title = "Tensors beside their graph"
    rules = POLYGLOT

    @property
    def engine(self) -> str:
        return "raw_tensors/1"

    def canary(self) -> Canary:
        name = "canary.onnx_data"
        empty_archive = b"PK\x05\x06" + bytes(18)
        return Canary(name, bytes(range(1, 65)) + empty_archive)

    def handles(self, path: PurePath, head: bytes) -> bool:
        return is_beside_graph(path) and sniff(head) is Kind.UNKNOWN

    def scan(self, path: Path, name: PurePath) -> Report:
        notes = Notes()
        if sniff(read_head(path)) is not Kind.UNKNOWN:
            notes.gap("no numbers alone")
        with path.open("rb") as stream:
            note_zip_behind(stream, notes)
        return notes.report(path.stat().st_size)
