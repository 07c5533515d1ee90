"""One downloader goes on where another was: by our record, or by the control file of aria2."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import httpx2
import pytest

from core.errors import UpstreamError
from downloads.fetchers import FetchRequest, staging_path
from downloads.fetchers.ranged import RangedFetcher
from downloads.fetchers.spans import (
    PIECE,
    Spans,
    control_file,
    known_spans,
    read_control,
    record_file,
    save_record,
    write_control,
)
from downloads.fetchers.staging import has_holes, is_complete
from downloads.fetchers.steering import Bucket, Steering
from tests.downloads.test_fetchers_aria2 import own_aria2
from tests.standins.files import FileServer, Served

__all__ = ["own_aria2"]
DATA = random.Random(3).randbytes((24 << 20) + 77)  # noqa: S311 reproducible, not secret
SLOW = 8 << 20


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer() as running:
        yield running


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    with httpx2.Client(trust_env=False, timeout=5) as made:
        yield made


def bring(fetcher, request, *, progress=lambda _: None, connections=4):
    fetcher.fetch(
        request,
        resolve=lambda: request.url,
        progress=progress,
        cancelled=lambda: False,
        steering=Steering(connections=connections),
    )


def request_in(folder, url):
    folder.mkdir(exist_ok=True)
    return FetchRequest(url, len(DATA), staging_path(folder, "f"), "weights.bin")


@pytest.mark.parametrize(
    ("spans", "missing"),
    [
        ([], [(0, 100)]),
        ([(0, 100)], []),
        ([(10, 20), (0, 10)], [(20, 100)]),
        ([(0, 10), (50, 60)], [(10, 50), (60, 100)]),
        ([(0, 10), (5, 30), (29, 40)], [(40, 100)]),
        ([(5, 5)], [(0, 100)]),
    ],
)
def test_spans_join_and_tell_what_is_missing(spans, missing):
    assert Spans(spans).missing(100) == missing


def test_a_control_file_says_again_what_was_written(tmp_path):
    staging = staging_path(tmp_path, "f")
    staging.write_bytes(DATA)
    spans = Spans([(0, 3 * PIECE), (5 * PIECE + 1, 8 * PIECE), (23 * PIECE, len(DATA))])
    write_control(staging, spans, len(DATA))
    told = list(read_control(control_file(staging), len(DATA)))
    assert told == [(0, 3 * PIECE), (6 * PIECE, 8 * PIECE), (23 * PIECE, len(DATA))]
    assert read_control(control_file(staging), len(DATA) + 1) is None


@pytest.mark.parametrize("broken", [b"", b"{}", b"\0\1", b'{"size": 5, "spans": [[0, 99]]}'])
def test_a_record_that_cannot_be_read_is_not_believed(tmp_path, broken):
    staging = staging_path(tmp_path, "f")
    staging.write_bytes(b"12345")
    record_file(staging).write_bytes(broken)
    control_file(staging).write_bytes(broken)
    assert known_spans(staging, 5) is None
    assert not is_complete(staging, 5)


def test_a_record_is_never_believed_beyond_the_file(tmp_path):
    staging = staging_path(tmp_path, "f")
    staging.write_bytes(b"123")
    save_record(staging, Spans([(0, 2), (3, 9)]), 10)
    assert list(known_spans(staging, 10)) == [(0, 2)]


@pytest.mark.services
def test_our_downloader_goes_on_with_the_holes_of_a_killed_aria2(
    server, client, own_aria2, tmp_path
):
    url = server.add("/f", Served(DATA, rate=SLOW))
    request = request_in(own_aria2.daemon.staging, url)
    fetcher = own_aria2.fetcher(own_aria2.daemon.staging, restart_wait=0.2)

    def kill(progress):
        if progress.done > len(DATA) // 2 and control_file(request.staging).exists():
            own_aria2.kill()

    with pytest.raises(UpstreamError, match="aria2 does not answer"):
        bring(fetcher, request, progress=kill)
    assert has_holes(request.staging)
    server.sent.clear()
    server.files["/f"].rate = 0
    bring(RangedFetcher(client), request)
    assert request.staging.read_bytes() == DATA
    assert not has_holes(request.staging)
    # aria2 writes its control file each second: at most what came since then is moved again.
    assert server.sent["/f"] < len(DATA) // 2 + 4 * SLOW + PIECE


@pytest.mark.services
def test_aria2_goes_on_with_the_holes_of_our_downloader(server, aria2, tmp_path):
    request = request_in(tmp_path / "s", server.add("/f", Served(DATA)))
    spans = Spans([(0, 9 * PIECE), (12 * PIECE, 20 * PIECE)])
    with request.staging.open("wb") as file:
        for first, end in spans:
            file.seek(first)
            file.write(DATA[first:end])
    save_record(request.staging, spans, len(DATA))
    bring(aria2.fetcher(tmp_path / "s"), request, connections=1)
    assert request.staging.read_bytes() == DATA
    assert [path.name for path in request.staging.parent.iterdir()] == [request.staging.name]
    assert server.sent["/f"] < len(DATA)


CHILD = """
import sys
from pathlib import Path
import httpx2
from downloads.fetchers import FetchRequest, staging_path
from downloads.fetchers.ranged import RangedFetcher
from downloads.fetchers.steering import Bucket, Steering
request = FetchRequest(sys.argv[1], int(sys.argv[2]), staging_path(Path(sys.argv[3]), "f"), "f")
RangedFetcher(httpx2.Client(trust_env=False)).fetch(
    request, resolve=str, cancelled=lambda: False, steering=Steering(connections=4),
    progress=lambda p: print(p.done, flush=True),
)
"""


def test_kill_9_of_several_connections_loses_about_a_second(server, client, tmp_path):
    url = server.add("/f", Served(DATA, rate=1 << 20))
    request = request_in(tmp_path / "s", url)
    words = [sys.executable, "-c", CHILD, url, str(len(DATA)), str(request.staging.parent)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as child:
        for line in child.stdout:
            if int(line) > 10 << 20:
                child.send_signal(signal.SIGKILL)
                break
    known = known_spans(request.staging, len(DATA)).total
    assert known >= 4 << 20
    server.files["/f"].rate = 0
    time.sleep(0.3)  # what the dead connections still had on its way is counted to them
    server.sent.clear()
    bring(RangedFetcher(client), request)
    assert request.staging.read_bytes() == DATA
    assert server.sent["/f"] <= len(DATA) - known + PIECE


def test_a_silent_connection_is_begun_again_where_it_was(server, client, tmp_path):
    served = Served(DATA, hold=(hold := threading.Event()))
    request = request_in(tmp_path / "s", server.add("/f", served))
    steering = Steering(connections=1, stall=0.4)

    def let_go(_progress):
        if len(server.seen) > 1:
            served.hold = None
            hold.set()

    RangedFetcher(client, pause=0.01).fetch(
        request,
        resolve=str,
        progress=let_go,
        cancelled=lambda: len(server.seen) > 1 and bool(let_go(None)),
        steering=steering,
    )
    assert request.staging.read_bytes() == DATA
    assert len(server.seen) > 1


class Time:
    """A clock that passes only while somebody sleeps."""

    def __init__(self):
        self.now = 0.0

    def sleep(self, seconds):
        self.now += seconds


def test_a_limit_holds_for_all_who_take_from_it():
    clock, steering = Time(), Steering(rate=1000)
    bucket = Bucket(steering, clock=lambda: clock.now, sleep=clock.sleep)
    for _ in range(50):
        bucket.take(200, stopped=lambda: False)
    assert clock.now == pytest.approx(10, abs=0.5)
    steering.rate = 2000
    for _ in range(50):
        bucket.take(200, stopped=lambda: False)
    assert clock.now == pytest.approx(15, abs=0.7)
    steering.rate = None
    bucket.take(10**9, stopped=lambda: False)
    assert clock.now < 16


def test_who_is_stopped_waits_no_longer():
    clock = Time()
    bucket = Bucket(Steering(rate=1), clock=lambda: clock.now, sleep=clock.sleep)
    bucket.take(10**6, stopped=lambda: clock.now >= 1)
    assert clock.now < 2


@pytest.mark.parametrize("connections", [1, 3])
def test_a_limited_file_arrives_whole(server, client, tmp_path, connections):
    request = request_in(tmp_path / "s", server.add("/f", Served(DATA)))
    steering = Steering(connections=connections, rate=64 << 20)
    RangedFetcher(client).fetch(
        request, resolve=str, progress=lambda _: None, cancelled=lambda: False, steering=steering
    )
    assert request.staging.read_bytes() == DATA
