from __future__ import annotations

import gzip

import pytest

from core.errors import UnknownPluginError
from core.sandbox import run
from core.sandbox.limits import Limits
from scanning.sandbox import (
    Asked,
    Target,
    scan_each,
    scan_file,
    scan_files,
    scan_proven,
    scanner_class,
    self_test,
)
from scanning.scanners import Verdict
from scanning.scanners.base import Canary
from tests.scanning.hostile import hostile
from tests.scanning.pickles import CLEAN, EVIL, torch_zip

__all__ = ["hostile"]
SMALL = Limits(wall_seconds=5, cpu_seconds=60, memory_bytes=256 * 1024 * 1024)


@pytest.fixture
def write(tmp_path):
    def write(name: str, content: bytes) -> Target:
        path = tmp_path / name
        path.write_bytes(content)
        return Target(path)

    return write


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


@pytest.fixture
def blind(hostile, monkeypatch):
    """The hostile engine finds nothing in its canary."""
    monkeypatch.setattr(scanner_class("hostile"), "canary", lambda _: Canary("x", b"fine"))


def test_an_engine_that_does_not_flag_its_canary_is_broken(blind, options):
    assert self_test("hostile", options) == "hostile calls its canary clean"


def test_what_a_broken_engine_says_is_thrown_away_and_nothing_else(blind, write, options):
    asked = [Asked("hostile", write("a", b"fine")), Asked("pickle_ops", write("b.pkl", EVIL))]
    proven = scan_proven(asked, options, SMALL)
    assert [report.verdict for report in proven.reports] == ["incomplete", "unsafe"]
    assert proven.problems == {"hostile": "hostile calls its canary clean"}
    assert proven.reports[0].detail == "broken: hostile calls its canary clean"


def test_an_engine_that_cannot_run_says_why_it_does_not_flag_its_canary(options):
    assert self_test("clamav", options) == "clamd is not configured"
