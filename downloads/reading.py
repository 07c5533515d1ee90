"""Read a file in a thread of its own, some blocks ahead of whoever works on them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from queue import SimpleQueue
from threading import Thread
from typing import Final

BLOCK: Final = 4 << 20
_BLOCKS: Final = 3  # one is worked on, one is full, one is filled
_AHEAD: Final = 16 << 20
_STEP: Final = 128 << 10


@contextmanager
def read_ahead(file: FileIO, size: int) -> Iterator[Iterator[memoryview]]:
    """Blocks of a file of about this size; each is good until the next one is asked for.

    What the reading raises is raised here. The thread has ended when this is left, however it is.
    """
    if size <= BLOCK:
        yield _here(file, size)
        return
    reader = _Reader(file)
    reader.start()
    try:
        yield reader.blocks()
    finally:
        reader.stop()


def _here(file: FileIO, size: int) -> Iterator[memoryview]:
    block = memoryview(bytearray(max(1, size)))
    while count := file.readinto(block):
        yield block[:count]


class _Reader(Thread):
    def __init__(self, file: FileIO) -> None:
        super().__init__(name="read ahead", daemon=True)
        self._file = file
        self._told = 0
        self._empty: SimpleQueue[memoryview | None] = SimpleQueue()
        self._full: SimpleQueue[tuple[memoryview, int] | BaseException] = SimpleQueue()
        for _ in range(_BLOCKS):
            self._empty.put(memoryview(bytearray(BLOCK)))

    def run(self) -> None:
        done = 0
        try:
            while (block := self._empty.get()) is not None:
                count = self._file.readinto(block) or 0
                done += count
                if count == BLOCK:
                    self._ask_for_more(done)
                self._full.put((block, count))
                if not count:
                    return
        except BaseException as error:  # noqa: BLE001 it is raised where the blocks are wanted
            self._full.put(error)

    def blocks(self) -> Iterator[memoryview]:
        while True:
            found = self._full.get()
            if isinstance(found, BaseException):
                raise found
            block, count = found
            if not count:
                return
            yield block[:count]
            self._empty.put(block)

    def stop(self) -> None:
        self._empty.put(None)
        self.join()

    def _ask_for_more(self, done: int) -> None:
        """Let the system read on while a block is handed over."""
        while self._told < done + _AHEAD:
            # In small steps: of a long one the system takes only the beginning.
            os.posix_fadvise(self._file.fileno(), self._told, _STEP, os.POSIX_FADV_WILLNEED)
            self._told += _STEP
