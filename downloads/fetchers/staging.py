"""The file that a fetcher fills, and what aria2 keeps beside it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path

from core.errors import IntegrityError
from core.storage.faults import local_faults
from downloads.fetchers.spans import (
    Span,
    Spans,
    control_file,
    known_spans,
    record_file,
    save_record,
)


def is_complete(staging: Path, size: int) -> bool:
    """Tell whether all bytes are there; says nothing of their hash."""
    with local_faults(f"Staging file {staging.name}"):
        return staging.is_file() and staging.stat().st_size == size and not has_holes(staging)


def has_holes(staging: Path) -> bool:
    """Tell whether a record stands beside the file that says which of its bytes are there."""
    return control_file(staging).exists() or record_file(staging).exists()


def discard(staging: Path) -> None:
    """Remove a staging file with all that belongs to it; the next try starts from nothing."""
    with local_faults(f"Staging file {staging.name}"):
        staging.unlink(missing_ok=True)
        discard_records(staging)


def make_empty(staging: Path) -> None:
    discard(staging)
    with StagingFile(staging):
        pass


def seal(staging: Path, size: int) -> None:
    """Put the bytes on the disk for good; raise IntegrityError when they are not `size`."""
    with local_faults(f"Staging file {staging.name}"), staging.open("rb") as file:
        os.fsync(file.fileno())
        actual = os.fstat(file.fileno()).st_size
    if actual != size:
        raise IntegrityError(
            f"{actual} bytes arrived instead of {size}", expected=size, actual=actual
        )


class StagingFile:
    """A file that is filled in spans, from several threads.

    While it grows from its beginning its length says all. Once a span is begun further on, the
    record beside it says what is there: it is written before the first such byte, and again
    whenever `note` is called, so that a kill loses what came since then.
    """

    def __init__(self, path: Path, size: int = 0) -> None:
        self.path, self.size = path, size
        self._recorded = False
        with self._faults(f"Staging folder {path.parent.name}"):
            path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW
            self._descriptor = os.open(path, flags, 0o600)
            self.spans = self._take_over()

    def _take_over(self) -> Spans:
        """Learn what is there: by the records, else the file has grown from its beginning."""
        length = os.fstat(self._descriptor).st_size
        if not has_holes(self.path):
            return Spans() if length > self.size else Spans([(0, length)])
        spans = known_spans(self.path, self.size)
        if spans is None:
            os.ftruncate(self._descriptor, 0)
            discard_records(self.path)
            return Spans()
        save_record(self.path, spans, self.size)
        control_file(self.path).unlink(missing_ok=True)
        self._recorded = True
        return spans

    def write(self, at: int, data: bytes) -> None:
        view = memoryview(data)
        with self._faults():
            while view:
                written = os.pwrite(self._descriptor, view, at)
                at += written
                view = view[written:]

    @property
    def length(self) -> int:
        with self._faults():
            return os.fstat(self._descriptor).st_size

    def note(self, begun: Iterable[Span]) -> None:
        """Write down what is there: the spans that are done, and these that grow."""
        spans = Spans([*self.spans, *begun])
        gaps = spans.missing(self.size)
        if not self._recorded and len(gaps) <= 1 and (not gaps or gaps[0][1] == self.size):
            return  # it grows from its beginning: the length says it
        with self._faults():
            save_record(self.path, spans, self.size)
        self._recorded = True

    def expect_holes(self) -> None:
        """Make sure that the length is believed no more, before a byte is written further on."""
        if not self._recorded:
            with self._faults():
                save_record(self.path, self.spans, self.size)
            self._recorded = True

    def restart(self) -> None:
        """Begin again from nothing."""
        with self._faults():
            os.ftruncate(self._descriptor, 0)
            discard_records(self.path)
        self.spans, self._recorded = Spans(), False

    def finish(self) -> None:
        """Let the length say again that all is there."""
        with self._faults():
            os.ftruncate(self._descriptor, self.size)
            discard_records(self.path)
        self._recorded = False

    def __enter__(self) -> StagingFile:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def _faults(self, subject: str = "") -> AbstractContextManager[None]:
        return local_faults(subject or f"Staging file {self.path.name}")


def discard_records(staging: Path) -> None:
    control_file(staging).unlink(missing_ok=True)
    record_file(staging).unlink(missing_ok=True)
