from __future__ import annotations

import io
import os
import socket
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import InvalidInputError, ScanFailedError
from scanning.sandbox import Target, scan_file, self_test
from scanning.scanners import ClamdAddress, Coverage, ScannerOptions, Verdict, clamav
from scanning.scanners._clamd_conf import render_clamd_conf
from scanning.scanners._clamd_stream import Cut, stream_windows
from scanning.scanners.base import MEBIBYTE
from scanning.scanners.clamav import ClamAv, read_reply, read_version
from tests.scanning.clamd import BINARY, MARKED, eicar, running_clamd

needs_clamd = pytest.mark.skipif(BINARY is None, reason="clamd is not installed")


@pytest.fixture(scope="module")
def clamd():
    with running_clamd() as (address, _):
        yield address


@pytest.fixture
def write(tmp_path):
    def write(content: bytes, name: str = "file") -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def scan(address: ClamdAddress, path: Path):
    return ClamAv(ScannerOptions(clamd=address, clamd_timeout=60)).scan(path, path)


@needs_clamd
def test_a_signature_match_is_unsafe_with_its_name(clamd, write):
    report = scan(clamd, write(MARKED))
    assert report.verdict is Verdict.UNSAFE
    assert report.findings[0].evidence.startswith("Yard.Test.Marked")


@needs_clamd
def test_the_eicar_file_is_unsafe(clamd, write):
    report = scan(clamd, write(eicar()))
    assert report.verdict is Verdict.UNSAFE
    assert "Eicar-Test-Signature" in report.findings[0].message


@needs_clamd
@pytest.mark.parametrize("size", [1, 1024 * 1024, 3 * 1024 * 1024 + 1])
def test_ordinary_bytes_of_any_size_are_clean(clamd, write, size):
    assert scan(clamd, write(b"m" * size)).verdict is Verdict.CLEAN


@needs_clamd
def test_the_whole_file_is_looked_at_not_its_beginning(clamd, write):
    content = b"m" * (2 * 1024 * 1024 - 10) + eicar() + b"m" * 100
    assert scan(clamd, write(content)).verdict is Verdict.UNSAFE


@needs_clamd
def test_the_engine_and_its_canary_answer_from_a_child_process(clamd, write, options):
    own = replace(options, clamd=clamd)
    assert ClamAv(own).engine.startswith("ClamAV/1.")
    assert ClamAv(own).unavailable() == ""
    assert ClamAv(own).signatures().made_at is None
    assert self_test("clamav", own) == ""
    assert scan_file("clamav", Target(write(MARKED)), own).verdict is Verdict.UNSAFE


@needs_clamd
def test_a_stream_longer_than_clamd_takes_is_incomplete(write):
    with running_clamd(StreamMaxLength="1M") as (address, _):
        report = scan(address, write(b"m" * 30_000_000))
    assert report.verdict is Verdict.INCOMPLETE
    assert "INSTREAM size limit exceeded" in report.detail


@needs_clamd
def test_a_limit_that_was_hit_is_incomplete_and_no_infection(write):
    with running_clamd(MaxFileSize="1M") as (address, _):
        report = scan(address, write(b"m" * 3_000_000))
    assert report.verdict is Verdict.INCOMPLETE
    assert "Limits.Exceeded" in report.detail


@needs_clamd
def test_a_clamd_that_dies_is_incomplete_and_unavailable(write):
    with running_clamd() as (address, process):
        process.kill()
        process.wait()
        report = scan(address, write(b"x"))
        scanner = ClamAv(ScannerOptions(clamd=address))
        assert "does not answer" in scanner.unavailable()
        with pytest.raises(ScanFailedError, match="does not tell its version"):
            assert scanner.engine
    assert report.verdict is Verdict.INCOMPLETE
    assert "clamd went away" in report.detail


@pytest.fixture
def mute_server():
    """A TCP server that takes the bytes and hangs up without a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(100)

        thread = threading.Thread(target=serve)
        thread.start()
        yield ClamdAddress(host="127.0.0.1", port=server.getsockname()[1])
        thread.join()


def test_silence_over_tcp_is_incomplete(mute_server, write):
    assert scan(mute_server, write(b"x" * 5_000_000)).verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ("stream: OK", Verdict.CLEAN),
        ("stream: Some.Thing FOUND", Verdict.UNSAFE),
        ("stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND", Verdict.INCOMPLETE),
        ("INSTREAM size limit exceeded. ERROR", Verdict.INCOMPLETE),
        ("stream: Can't allocate memory ERROR", Verdict.INCOMPLETE),
        ("stream: OKAY", Verdict.INCOMPLETE),
        ("UNKNOWN COMMAND", Verdict.INCOMPLETE),
        ("", Verdict.INCOMPLETE),
    ],
)
def test_only_an_exact_ok_is_clean(reply, verdict):
    report = read_reply(reply)
    assert report.verdict is verdict
    assert (report.coverage is Coverage.FULL) == (verdict is not Verdict.INCOMPLETE)


@pytest.mark.parametrize(
    ("answer", "engine", "day"),
    [
        ("ClamAV 1.4.3/27819/Fri Nov 14 09:36:02 2025", "ClamAV/1.4.3/27819", "2025-11-14"),
        ("ClamAV 1.4.3/27819/some day", "ClamAV/1.4.3/27819", ""),
        ("ClamAV 1.4.3", "ClamAV/1.4.3", ""),
    ],
)
def test_the_version_tells_the_number_and_the_day_of_the_signatures(answer, engine, day):
    told, signatures = read_version(answer)
    made_at = signatures.made_at
    assert (told, made_at.date().isoformat() if made_at else "") == (engine, day)
    assert signatures.version == ("27819" if "/27819" in answer else "")


def test_who_does_not_call_itself_clamav_is_no_clamd():
    with pytest.raises(ScanFailedError, match="no clamd: 'hello'"):
        read_version("hello")


def test_without_an_address_it_says_so(write, options):
    scanner = ClamAv(options)
    assert scanner.unavailable() == "clamd is not configured"
    assert scanner.scan(write(b"x"), Path("x")).verdict is Verdict.INCOMPLETE
    with pytest.raises(ScanFailedError, match="not configured"):
        assert scanner.engine


@pytest.fixture
def small_windows(monkeypatch):
    """What is larger than 3 MB is cut into 2 MB, of which 1 MB was in the one before."""
    monkeypatch.setattr(clamav, "CLAMD_CEILING", 3 * MEBIBYTE)
    monkeypatch.setattr(clamav, "CUT", Cut(window=2 * MEBIBYTE, overlap=MEBIBYTE))


@needs_clamd
@pytest.mark.parametrize("at", [0, 1, 2, 3, 4, 5, 6, 7])
@pytest.mark.parametrize("before", [0, 30])
@pytest.mark.usefixtures("small_windows")
def test_what_lies_across_the_border_of_two_windows_is_found(clamd, write, at, before):
    content = bytearray(b"m" * (7 * MEBIBYTE + 100))
    start = max(0, at * MEBIBYTE - before)
    content[start : start + len(eicar())] = eicar()
    assert scan(clamd, write(bytes(content))).verdict is Verdict.UNSAFE


@needs_clamd
@pytest.mark.parametrize("size", [3 * MEBIBYTE, 3 * MEBIBYTE + 1, 4 * MEBIBYTE, 9 * MEBIBYTE - 1])
@pytest.mark.usefixtures("small_windows")
def test_a_file_in_windows_is_clean_when_all_its_bytes_were_looked_at(clamd, write, size):
    report = scan(clamd, write(b"m" * size))
    assert (report.verdict, report.covered_bytes) == (Verdict.CLEAN, size)


class Counted(io.BytesIO):
    """A file that knows how many bytes were read of it."""

    count = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.count += len(data)
        return data


@needs_clamd
def test_a_byte_that_is_in_two_windows_is_read_once(clamd):
    file = Counted(os.urandom(7 * MEBIBYTE + 9))
    said = list(stream_windows(clamd, file, Cut(2 * MEBIBYTE, MEBIBYTE), 60, 2))
    assert [one.reply for one in said] == ["stream: OK"] * 7
    assert sum(one.fresh for one in said) == file.count == 7 * MEBIBYTE + 9


@needs_clamd
@pytest.mark.usefixtures("small_windows")
def test_a_window_that_clamd_does_not_take_leaves_the_file_incomplete_and_not_unread(write):
    content = b"m" * (9 * MEBIBYTE) + eicar()
    with running_clamd(StreamMaxLength="1500K") as (address, _):
        harmless = scan(address, write(content[:-100]))
        infected = scan(address, write(content))
    assert (harmless.verdict, harmless.covered_bytes) == (Verdict.INCOMPLETE, 0)
    assert "INSTREAM size limit exceeded" in harmless.detail
    assert infected.verdict is Verdict.UNSAFE


@needs_clamd
@pytest.mark.usefixtures("small_windows")
def test_a_clamd_that_dies_between_windows_leaves_the_file_incomplete(write):
    with running_clamd() as (address, process):
        options = ScannerOptions(clamd=address, clamd_timeout=60, clamd_connections=1)
        path = write(b"m" * (9 * MEBIBYTE))
        with path.open("rb") as file:
            said = stream_windows(address, file, clamav.CUT, 60, 1)
            assert next(said).reply == "stream: OK"
            process.kill()
            process.wait()
            with pytest.raises(OSError, match=r"refused|reset|Broken"):
                list(said)
        assert ClamAv(options).scan(path, path).verdict is Verdict.INCOMPLETE


def test_windows_that_would_leave_bytes_out_are_refused():
    for window, overlap in ((MEBIBYTE, MEBIBYTE), (MEBIBYTE + 1, 0), (2 * MEBIBYTE, 5)):
        with pytest.raises(ValueError, match="mebibytes"):
            Cut(window, overlap)


def test_an_address_is_a_socket_or_a_host():
    with pytest.raises(ValueError, match="one of the two"):
        ClamdAddress()
    with pytest.raises(ValueError, match="one of the two"):
        ClamdAddress(socket="/x", host="y")


def test_the_configuration_refuses_paths_it_could_not_quote(tmp_path):
    with pytest.raises(InvalidInputError, match="quote"):
        render_clamd_conf(socket=tmp_path / 'a"b', database=tmp_path, scratch=tmp_path)
