from __future__ import annotations

import gzip
import sys

import pytest

from core.errors import UnknownPluginError
from core.sandbox import run
from core.sandbox.limits import Limits
from scanning import sandbox
from scanning.sandbox import (
    Asked,
    Target,
    scan_each,
    scan_file,
    scan_files,
    scanner_class,
    self_test,
)
from scanning.scanners import Verdict
from tests.scanning.pickles import CLEAN, EVIL, torch_zip

SMALL = Limits(wall_seconds=5, cpu_seconds=60, memory_bytes=256 * 1024 * 1024)


@pytest.fixture
def write(tmp_path):
    def write(name: str, content: bytes) -> Target:
        path = tmp_path / name
        path.write_bytes(content)
        return Target(path)

    return write


# Does in the child what the first word of the file says.
HOSTILE = """
import os, signal, socket, sys, time
from scanning.scanners import Report, Scanner, Verdict
from scanning.scanners.base import Canary

class Hostile(Scanner):
    slug, title, engine = "hostile", "Hostile", "1"
    def canary(self):
        return Canary("x", b"fine")
    def handles(self, path, head):
        return True
    def scan(self, path, name):
        word = path.read_text().split()[0]
        if word == "exit":
            os._exit(3)
        if word == "segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        if word == "sleep":
            time.sleep(600)
        if word == "spin":
            while True:
                pass
        if word == "eat":
            held = [bytearray(64 << 20) for _ in range(1000)]
        if word == "garbage":
            for pipe in range(3, 20):
                try:
                    os.write(pipe, b"{not json\\n")
                except OSError:
                    pass
        if word == "print":
            print('{"done": 0, "report": {}}')
            os.write(1, b"garbage\\n")
        if word == "raise":
            raise KeyError("a bug")
        if word == "network":
            socket.create_connection(("127.0.0.1", int(path.read_text().split()[1])), 5)
        if word == "write":
            with open(os.path.join(self.options.scratch, "big"), "wb") as file:
                for _ in range(200):
                    file.write(bytes(1 << 20))
        if word == "name":
            return Report(Verdict.SUSPICIOUS, detail=str(name))
        return Report(Verdict.CLEAN)
"""


@pytest.fixture
def hostile(tmp_path, monkeypatch):
    """A scanner that does in the child what the first word of the file says."""
    package = tmp_path / "plugins"
    (package / "hostile-1.0.dist-info").mkdir(parents=True)
    (package / "hostile-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: hostile\nVersion: 1.0\n"
    )
    (package / "hostile-1.0.dist-info" / "entry_points.txt").write_text(
        "[modelyard.scanners]\nhostile = hostile_scanner:Hostile\n"
    )
    (package / "hostile_scanner.py").write_text(HOSTILE)
    monkeypatch.syspath_prepend(str(package))
    import hostile_scanner  # noqa: PLC0415 exists only now

    scanner_class("pickle_ops")
    monkeypatch.setitem(sandbox.scanners._classes, "hostile", hostile_scanner.Hostile)
    real = run.environment

    def environment(scratch):
        own = real(scratch)
        return {**own, "PYTHONPATH": f"{own['PYTHONPATH']}:{package}"}

    monkeypatch.setattr(run, "environment", environment)
    yield
    sys.modules.pop("hostile_scanner")


def test_a_file_is_scanned_in_a_child(write, options):
    assert scan_file("pickle_ops", write("a.pkl", EVIL), options).verdict is Verdict.UNSAFE
    assert scan_file("pickle_ops", write("b.pkl", CLEAN), options).verdict is Verdict.CLEAN


def test_reports_come_in_the_order_of_the_files(write, options):
    targets = [write(f"{n}.pkl", EVIL if n % 3 == 0 else CLEAN) for n in range(20)]
    verdicts = [report.verdict for report in scan_files("pickle_ops", targets, options)]
    assert verdicts == [Verdict.UNSAFE if n % 3 == 0 else Verdict.CLEAN for n in range(20)]


def test_no_files_need_no_child(options):
    assert scan_files("pickle_ops", [], options) == []


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("exit", "ended with code 3"),
        ("segfault", "SIGSEGV"),
        ("sleep", "no answer within 5 seconds"),
        ("eat", "out of memory"),
        ("raise", "KeyError"),
        ("garbage", "cannot be read"),
    ],
)
def test_what_a_scanner_does_to_itself_makes_its_file_incomplete(
    hostile, write, options, word, reason
):
    targets = [write("a", b"fine"), write("b", word.encode()), write("c", b"fine")]
    before, broken, after = scan_files("hostile", targets, options, SMALL)
    assert (broken.verdict, reason in broken.detail) == (Verdict.INCOMPLETE, True), broken.detail
    assert (before.verdict, after.verdict) == (Verdict.CLEAN, Verdict.CLEAN)


@pytest.mark.parametrize("word", ["exit", "segfault", "eat", "raise"])
def test_an_engine_that_dies_of_a_file_takes_no_other_engine_and_no_other_file_along(
    hostile, write, options, word
):
    evil, fine = write("a.pkl", EVIL), write("c.pkl", CLEAN)
    bad = write("b", word.encode())
    asked = [
        Asked("pickle_ops", evil),
        Asked("hostile", bad),
        Asked("clamav", bad),
        Asked("plain_files", bad),
        Asked("pickle_ops", fine),
        Asked("hostile", write("d", b"fine")),
    ]
    verdicts = [report.verdict for report in scan_each(asked, options, SMALL)]
    assert verdicts == ["unsafe", "incomplete", "incomplete", "clean", "clean", "clean"]


def test_a_scanner_that_computes_for_ever_runs_out_of_cpu(hostile, write, options):
    limits = Limits(cpu_seconds=1, wall_seconds=60)
    report = scan_file("hostile", write("a", b"spin"), options, limits)
    assert (report.verdict, report.detail) == (
        Verdict.INCOMPLETE,
        "the scanner used up its CPU time",
    )


def test_what_a_library_prints_is_not_taken_for_an_answer(hostile, write, options):
    report = scan_file("hostile", write("a", b"print"), options, SMALL)
    assert report.verdict is Verdict.CLEAN


def test_a_scanner_may_not_write_without_end(hostile, write, options):
    limits = Limits(written_bytes=10 * 1024 * 1024, wall_seconds=30)
    report = scan_file("hostile", write("a", b"write"), options, limits)
    assert report.verdict is Verdict.INCOMPLETE


def test_only_a_scanner_that_needs_it_has_a_network(hostile, write, options, mute_port):
    if run.network_isolation():
        pytest.skip(run.network_isolation())
    target = write("a", f"network {mute_port}".encode())
    assert scan_file("hostile", target, options, SMALL).verdict is Verdict.INCOMPLETE
    scanner_class("hostile").needs_network = True
    assert scan_file("hostile", target, options, SMALL).verdict is Verdict.CLEAN


@pytest.fixture
def mute_port():
    import socket  # noqa: PLC0415

    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_the_name_in_the_version_reaches_the_scanner(hostile, write, options):
    target = Target(write("0123abcd", b"name").path, "onnx/model.onnx")
    assert scan_file("hostile", target, options).detail == "onnx/model.onnx"


def test_a_missing_file_is_incomplete(options, tmp_path):
    report = scan_file("pickle_ops", Target(tmp_path / "gone"), options)
    assert (report.verdict, "cannot be read" in report.detail) == (Verdict.INCOMPLETE, True)


def test_a_child_that_cannot_start_answers_for_all_its_files(write, options, monkeypatch):
    monkeypatch.setattr(run.sys, "executable", "/bin/false")
    reports = scan_files("pickle_ops", [write("a", CLEAN), write("b", CLEAN)], options)
    assert [report.verdict for report in reports] == [Verdict.INCOMPLETE] * 2
    assert "ended with code 1" in reports[0].detail


def test_an_unavailable_engine_is_incomplete_with_its_reason(write, options):
    report = scan_file("clamav", write("a", b"x"), options)
    assert (report.verdict, report.detail) == (Verdict.INCOMPLETE, "clamd is not configured")


def test_nothing_is_left_in_the_scratch_folder(write, options):
    scan_file("pickle_ops", write("a.gz", gzip.compress(torch_zip(EVIL))), options)
    assert list(options.scratch.iterdir()) == []


def test_an_unknown_scanner_is_an_error(write, options):
    with pytest.raises(UnknownPluginError, match="No scanner called 'nope'"):
        scan_file("nope", write("a", b"x"), options)


@pytest.mark.parametrize("slug", ["pickle_ops", "modelscan", "safetensors_header", "plain_files"])
def test_every_engine_flags_its_canary(slug, options):
    assert self_test(slug, options) == ""


def test_an_engine_that_does_not_flag_its_canary_is_broken(hostile, options):
    assert self_test("hostile", options) == "hostile calls its canary clean"


def test_an_engine_that_cannot_run_says_why_it_does_not_flag_its_canary(options):
    assert self_test("clamav", options) == "clamd is not configured"
