from __future__ import annotations

from pathlib import PurePath

import pytest

from scanning.scanners import Verdict, scanners
from tests.scanning.pickles import (
    CLEAN,
    EVIL,
    EVIL_4,
    TORCH_MAGIC,
    joblib_array,
    numpy_file,
    pickle,
    torch_zip,
)


@pytest.mark.parametrize(
    "content", [EVIL, EVIL_4, torch_zip(EVIL_4), CLEAN + EVIL_4], ids=["0", "4", "torch", "stacked"]
)
@pytest.mark.parametrize("name", ["model.pkl", "model.bin"])
def test_what_modelscan_flags_is_unsafe(scan_bytes, content, name):
    report = scan_bytes("modelscan", content, name)
    assert report.verdict is Verdict.UNSAFE
    assert report.findings[0].message in {"reaches os.system", "reaches posix.system"}


@pytest.mark.parametrize("content", [CLEAN, torch_zip(CLEAN), torch_zip(CLEAN, packed=True)])
def test_what_it_reads_to_the_end_is_clean(scan_bytes, content):
    report = scan_bytes("modelscan", content, "pytorch_model.bin")
    assert (report.verdict, report.detail) == (Verdict.CLEAN, "")


@pytest.mark.parametrize(
    "content",
    [
        CLEAN[:-1],
        CLEAN + b"\xff\xff",
        torch_zip(CLEAN[:-1]),
        torch_zip(CLEAN, extra={"archive/other.h5": b"\x89HDF"}),
        torch_zip(CLEAN, extra={"archive/inner.zip": torch_zip(CLEAN)}),
        torch_zip(CLEAN)[:-30],
    ],
    ids=["cut", "junk behind", "cut in zip", "unknown member", "zip in zip", "broken zip"],
)
def test_what_it_skips_or_cannot_parse_is_incomplete(scan_bytes, content):
    report = scan_bytes("modelscan", content, "model.bin")
    assert report.verdict is Verdict.INCOMPLETE
    assert report.detail


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.npy", numpy_file("'<f8'", bytes(16))),
        ("a.h5", b"\x89HDF\r\n\x1a\n"),
        ("saved_model.pb", b"\x08\x01\x12\x00"),
        ("legacy.pth", TORCH_MAGIC + CLEAN * 4),
        ("m.joblib", pickle(joblib_array(b"K\x02\x85", "f8", bytes(16)))),
        ("notes.txt", b"words"),
        ("raw.bin", bytes(64)),
    ],
)
def test_formats_it_does_not_truly_read_are_not_given_to_it(options, name, content):
    assert not scanners.get("modelscan")(options).handles(PurePath(name), content)


def test_its_version_is_part_of_the_engine(options):
    assert scanners.get("modelscan")(options).engine.startswith("modelscan/0.")
