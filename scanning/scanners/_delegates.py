"""Give what lies in an archive, and is no container, to the engine that knows its format."""

from __future__ import annotations

import tempfile
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from scanning.scanners.base import (
    HEAD_BYTES,
    MEBIBYTE,
    Report,
    Scanner,
    ScannerOptions,
    scanners,
)

_ITSELF = "pickle_ops"


class Delegates:
    """The other engines of this yard, by content and name as for a file of its own."""

    def __init__(self, options: ScannerOptions) -> None:
        self.options = options
        self.engines: list[Scanner] = [
            cls(options)
            for cls in scanners
            if cls.slug != _ITSELF and cls.reads_members and not cls.needs_network
        ]

    def reports(self, stream: BinaryIO, name: PurePosixPath) -> list[Report]:
        """What each engine that handles these bytes says; none when nobody knows their format."""
        stream.seek(0)
        head = stream.read(HEAD_BYTES)
        engines = [engine for engine in self.engines if engine.handles(name, head)]
        if not any(engine.understands_formats for engine in engines):
            return []
        # The stream is copied: engines read files.
        with tempfile.NamedTemporaryFile(dir=self.options.scratch) as copy:
            stream.seek(0)
            while piece := stream.read(MEBIBYTE):
                copy.write(piece)
            copy.flush()
            return [_report(engine, Path(copy.name), name) for engine in engines]


def _report(engine: Scanner, path: Path, name: PurePosixPath) -> Report:
    if missing := engine.unavailable():
        return Report.incomplete(missing)
    return engine.scan(path, name)
