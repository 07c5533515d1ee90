"""Tar archives whose readers disagree: a member that one of them finds is looked at."""

from __future__ import annotations

import io
import tarfile

import pytest

from scanning.scanners import Verdict
from scanning.scanners._kept import Kept
from scanning.scanners._tar_headers import TarReader
from scanning.scanners.base import CUT, MAX_FINDINGS, Finding, Severity, conclude
from tests.scanning.archives import tarred
from tests.scanning.pickles import CLEAN, EVIL_4


def member(name: str, content: bytes = b"", *, end: bool = False, **fields: object) -> bytes:
    """A header and its content; `fields` are set after the content's size is."""
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    for key, value in fields.items():
        setattr(entry, key, value)
    padding = bytes(-len(content) % 512)
    return entry.tobuf(tarfile.GNU_FORMAT) + content + padding + bytes(1024 * end)


def extended(**records: str) -> bytes:
    lines = b""
    for key, value in records.items():
        line = f" {key}={value}\n".encode()
        size = next(n for n in range(1, 999) if n == len(str(n)) + len(line))
        lines += str(size).encode() + line
    return member("PaxHeaders/x", lines, type=tarfile.XHDTYPE)


def changed(content: bytes, at: int, value: bytes) -> bytes:
    return content[:at] + value + content[at + len(value) :]


def resummed(content: bytes, total: int) -> bytes:
    return changed(content, 148, b"%06o\0 " % total)


_EVIL = member("m.pkl", EVIL_4)
_HIGH_NAME = changed(_EVIL, 0, b"\xff\xff.pkl")
_SIGNED = sum(_HIGH_NAME[:148]) + sum(_HIGH_NAME[156:512]) + 256 - 512
UNSAFE = {
    "wrong checksum": changed(_EVIL, 148, b"7"),
    "cut inside of the member": member("m.pkl", EVIL_4 + bytes(600))[: 512 + len(EVIL_4)],
    "signed checksum": resummed(_HIGH_NAME, _SIGNED),
    "second header is wrong": member("a", CLEAN) + changed(_EVIL, 148, b"7"),
    "size in an extension": extended(size=str(len(EVIL_4))) + member("a", b"", size=0)
    + EVIL_4 + bytes(512),
    "size in an extension jumps over": extended(size="2048") + member("a", b"x" * 512) + _EVIL
    + bytes(1024),
    "size in the header jumps over": extended(size="0") + member("a", b"", size=1024) + _EVIL,
    "size in base 256": changed(_EVIL, 124, b"\x80" + len(EVIL_4).to_bytes(11, "big")),
    "directory that has content": member("d/", b"", type=tarfile.DIRTYPE, size=1024) + _EVIL,
    "two members of a name": member("m.pkl", CLEAN) + _EVIL,
    "second archive behind the end": member("a", CLEAN, end=True) + _EVIL,
    "name in an extension": extended(path="../../x") + member("a", CLEAN),
    "link in an extension": extended(linkpath="/etc/passwd") + member("a", type=tarfile.SYMTYPE),
    "hard link": member("a", type=tarfile.LNKTYPE, linkname="/etc/passwd"),
    "device": member("a", type=tarfile.CHRTYPE),
}  # fmt: skip


@pytest.mark.parametrize("content", UNSAFE.values(), ids=UNSAFE)
def test_a_member_that_one_reader_finds_is_unsafe(content, scan_bytes):
    data = resummed(content, 8 * 32 + sum(content[:148]) + sum(content[156:512])) if (
        content[124] == 0x80
    ) else content  # fmt: skip
    assert scan_bytes("pickle_ops", data, "model.bin").verdict is Verdict.UNSAFE


@pytest.mark.parametrize(
    "content",
    [
        resummed(_EVIL.replace(EVIL_4, CLEAN.ljust(len(EVIL_4), b"\0")), 1),
        member("m.pkl", CLEAN * 400)[:700],
        extended(path="b"),
    ],
)
def test_a_broken_archive_is_never_clean(content, scan_bytes):
    assert scan_bytes("pickle_ops", content, "m.tar").verdict is Verdict.INCOMPLETE


def test_every_form_that_tarfile_writes_is_read_alike():
    for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
            for name in ("short", "d/" * 60 + "name", "x" * 90):
                entry = tarfile.TarInfo(name)
                entry.size = 700
                archive.addfile(entry, io.BytesIO(bytes(700)))
        buffer.seek(0)
        with tarfile.open(fileobj=buffer) as archive:
            names = [(one.name, one.size, one.offset_data) for one in archive.getmembers()]
        reader = TarReader(buffer)
        assert [(one.name, one.size, one.start) for one in reader.entries()] == names
        assert not reader.faults
        assert not reader.oddities


def test_a_flood_of_members_does_not_hide_a_link(scan_bytes):
    content = tarred({f"m{n}.py": b"" for n in range(2 * MAX_FINDINGS)}, link="/etc/passwd")
    assert scan_bytes("pickle_ops", content, "m.tar").verdict is Verdict.UNSAFE


def test_a_flood_of_findings_leaves_the_worse_ones_and_is_told():
    kept = Kept()
    for severity in (Severity.LOW, Severity.MEDIUM, Severity.CRITICAL):
        for number in range(MAX_FINDINGS + 1):
            kept.add(Finding("rule", severity, str(number)))
    assert len(kept) == 3 * MAX_FINDINGS
    report = conclude(kept)
    assert {one.severity for one in report.findings} == {Severity.CRITICAL}
    assert report.detail == CUT
    few = Kept()
    few.add(Finding("rule", Severity.LOW, "1"), "key")
    few.add(Finding("rule", Severity.LOW, "2"), "key")
    assert [one.message for one in few] == ["1"]
    assert not conclude(few).detail
