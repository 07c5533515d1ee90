"""What engines share of a file: one reading of it, which none of them can change."""

from __future__ import annotations

import io
import mmap
import os

import pytest

from scanning import copies
from scanning.copied import Copied, Memory
from scanning.copies import rounds
from scanning.sandbox import Asked, Target, scan_each
from scanning.scanners import Verdict
from tests.scanning.hostile import hostile
from tests.scanning.pickles import CLEAN, EVIL

__all__ = ["hostile"]


@pytest.fixture
def write(tmp_path):
    def write(name: str, content: bytes) -> Asked:
        path = tmp_path / name
        path.write_bytes(content)
        return Asked("pickle_ops", Target(path))

    return write


@pytest.fixture(params=[1000, 700_000], ids=["small", "large"])
def copied(write, request):
    """A file and its copy behind that of another."""
    asked = [write("first", b"123"), write("text", b"one\r\ntwo\nthree" * request.param)]
    for looks, made in rounds(asked):
        path = looks[1].target.path
        start, size = made.place(path)
        yield path, Copied.of(str(path), Memory(made.inherited[0]), start, size)


def test_a_copy_reads_as_the_file_does(copied):
    path, copy = copied
    assert copy.read_bytes() == path.read_bytes()
    assert copy.read_text() == path.read_text()
    with copy.open("rb") as ours, path.open("rb") as theirs:
        for act in (
            lambda file: file.read(4),
            lambda file: file.readline(),
            lambda file: file.tell(),
            lambda file: file.seek(-3, io.SEEK_END),
            lambda file: file.read(),
            lambda file: file.seek(10**8),
            lambda file: file.read(1),
            lambda file: file.readinto(bytearray(5)),
        ):
            assert act(ours) == act(theirs)


def test_a_copy_stays_what_it_was(copied):
    path, copy = copied
    content = path.read_bytes()
    path.write_bytes(b"other")
    assert (copy.read_bytes(), copy.stat().st_size) == (content, len(content))


def test_a_copy_cannot_be_written(copied):
    _, copy = copied
    with pytest.raises(io.UnsupportedOperation):
        copy.open("wb")


def test_nobody_who_has_the_copies_can_change_them(write):
    opened = rounds([write("a", b"content")])
    (descriptor,) = next(opened)[1].inherited
    with pytest.raises(PermissionError):
        os.pwrite(descriptor, b"x", 0)
    with pytest.raises(PermissionError):
        os.ftruncate(descriptor, 0)
    with pytest.raises(PermissionError):
        mmap.mmap(descriptor, 0, flags=mmap.MAP_SHARED)


def test_what_has_no_room_is_copied_in_the_next_round(write, monkeypatch):
    monkeypatch.setattr(copies, "ROOM", 10_000)
    asked = [write(f"{n}", bytes(size)) for n, size in enumerate((4000, 4000, 4000, 11_000, 1))]
    found = [
        [(one.target.path.name, bool(made.place(one.target.path))) for one in looks]
        for looks, made in rounds(asked)
    ]
    assert found == [
        [("0", True), ("1", True)],
        [("2", True), ("3", False), ("4", True)],
    ]


def test_reports_of_several_rounds_come_in_order(write, options, monkeypatch):
    monkeypatch.setattr(copies, "ROOM", 5000)
    asked = [write(f"{n}.pkl", (EVIL if n % 2 else CLEAN) + bytes(3000)) for n in range(4)]
    verdicts = [report.verdict for report in scan_each(asked, options)]
    assert verdicts == [Verdict.CLEAN, Verdict.UNSAFE] * 2


def test_an_engine_that_dies_of_a_copy_leaves_it_to_the_others(hostile, write, options):
    (path,) = {write("b.pkl", b"segfault").target.path}
    asked = [Asked("hostile", Target(path)), Asked("file_rules", Target(path))]
    assert [one.verdict for one in scan_each(asked, options)] == ["incomplete", "clean"]


def test_without_memory_to_seal_the_files_themselves_are_read(write, options, monkeypatch):
    monkeypatch.delattr(os, "memfd_create")
    asked = [write("a.pkl", EVIL), write("b.pkl", CLEAN)]
    assert [one.verdict for one in scan_each(asked, options)] == ["unsafe", "clean"]


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_what_is_no_file_is_not_waited_for(tmp_path, make):
    make(tmp_path / "odd")
    ((_, made),) = rounds([Asked("pickle_ops", Target(tmp_path / "odd"))])
    assert made.place(tmp_path / "odd") is None
