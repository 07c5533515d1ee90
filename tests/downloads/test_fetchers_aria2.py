"""What only aria2 does: transfers that outlive their worker, and what it must never be given."""

from __future__ import annotations

import random
import shutil
import stat
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.yard.services import wait_until
from core.errors import (
    AddressBlockedError,
    InvalidInputError,
    LeaseLostError,
    UpstreamError,
)
from downloads.fetchers import FetchRequest, Progress, staging_path
from downloads.fetchers.aria2 import Aria2Fetcher, gid_of
from downloads.fetchers.aria2_rpc import Aria2Rpc
from downloads.fetchers.daemon import Aria2Daemon
from downloads.fetchers.spans import control_file
from tests.services.aria2 import RunningAria2
from tests.services.ports import free_ports
from tests.standins.files import FileServer, Served

pytestmark = pytest.mark.services

DATA = random.Random(11).randbytes((24 << 20) + 5)  # noqa: S311 reproducible, not secret
WAIT = 30


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer() as running:
        yield running


@pytest.fixture
def own_aria2(tmp_path: Path) -> Iterator[RunningAria2]:
    if not shutil.which("aria2c"):
        pytest.skip("aria2c is not installed")
    running = RunningAria2(tmp_path)
    running.start()
    yield running
    running.kill()


class Job(threading.Thread):
    """One worker that fetches in the background and says when the first bytes are there."""

    def __init__(self, fetcher: Aria2Fetcher, request: FetchRequest) -> None:
        super().__init__(daemon=True)
        self.fetcher = fetcher
        self.request = request
        self.moving = threading.Event()
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self.fetcher.fetch(
                self.request,
                resolve=lambda: self.request.url,
                progress=self.hear,
                cancelled=lambda: False,
            )
        except Exception as error:  # noqa: BLE001 handed to the test
            self.error = error

    def hear(self, progress: Progress) -> None:
        if progress.done:
            self.moving.set()

    def finish(self) -> None:
        self.join(WAIT)
        assert not self.is_alive()
        if self.error:
            raise self.error


def request_for(server: FileServer, folder: Path, **how: object) -> FetchRequest:
    url = server.add("/f", Served(DATA, **how))  # type: ignore[arg-type]
    return FetchRequest(url, len(DATA), staging_path(folder, "f"), "weights.bin")


@pytest.mark.parametrize("connections", [1, 4])
def test_a_killed_aria2_continues_where_it_was(server, own_aria2, connections):
    folder = own_aria2.daemon.staging
    request = request_for(server, folder, rate=(16 << 20) // connections)
    job = Job(own_aria2.fetcher(folder, connections=connections), request)
    job.start()
    assert job.moving.wait(WAIT)
    own_aria2.kill()
    own_aria2.start()
    job.finish()
    assert request.staging.read_bytes() == DATA
    assert not control_file(request.staging).exists()
    assert server.sent["/f"] < 2 * len(DATA)


def test_an_aria2_that_stays_away_is_an_error_after_a_bounded_wait(server, own_aria2):
    folder = own_aria2.daemon.staging
    fetcher = own_aria2.fetcher(folder, restart_wait=0.3, tries=2)
    job = Job(fetcher, request_for(server, folder, rate=4 << 20))
    job.start()
    assert job.moving.wait(WAIT)
    own_aria2.kill()
    with pytest.raises(UpstreamError, match="aria2 does not answer"):
        job.finish()
    assert "aria2 does not answer" in fetcher.unavailable()
    assert job.request.staging.exists()


def test_an_aria2_that_comes_back_moves_nothing_that_nobody_asks_for(server, own_aria2):
    """Another downloader may have gone on with the file, and stored it."""
    folder = own_aria2.daemon.staging
    job = Job(
        own_aria2.fetcher(folder, restart_wait=0.3, tries=1),
        request_for(server, folder, rate=4 << 20),
    )
    job.start()
    assert job.moving.wait(WAIT)
    gid = gid_of(job.request.staging)
    assert wait_until(lambda: gid in own_aria2.daemon.session.read_text(), seconds=WAIT)
    own_aria2.kill()
    with pytest.raises(UpstreamError):
        job.finish()
    asked = len(server.requests("/f"))
    own_aria2.start()
    rpc = Aria2Rpc(own_aria2.daemon.url, own_aria2.daemon.secret)
    assert rpc.find(gid).state == "paused"
    assert len(server.requests("/f")) == asked
    Job(own_aria2.fetcher(folder), job.request).run()
    assert job.request.staging.read_bytes() == DATA


def test_a_second_worker_joins_the_running_transfer(server, own_aria2):
    folder = own_aria2.daemon.staging
    request = request_for(server, folder, rate=16 << 20)
    first = Job(own_aria2.fetcher(folder), request)
    first.start()
    assert first.moving.wait(WAIT)
    second = Job(own_aria2.fetcher(folder), request)
    second.start()
    first.finish()
    second.finish()
    assert request.staging.read_bytes() == DATA
    assert len(server.requests("/f")) == 1
    assert (
        Aria2Rpc(own_aria2.daemon.url, own_aria2.daemon.secret).find(gid_of(request.staging))
        is None
    )


def test_a_worker_that_loses_its_lease_leaves_the_transfer_to_the_next(server, own_aria2):
    folder = own_aria2.daemon.staging
    request = request_for(server, folder, rate=16 << 20)

    def lose(progress: Progress) -> None:
        if progress.done:
            raise LeaseLostError("another worker continues")

    with pytest.raises(LeaseLostError):
        own_aria2.fetcher(folder).fetch(
            request, resolve=lambda: request.url, progress=lose, cancelled=lambda: False
        )
    Job(own_aria2.fetcher(folder), request).run()
    assert request.staging.read_bytes() == DATA
    assert len(server.requests("/f")) == 1


def test_two_downloads_of_one_name_do_not_meet(tmp_path):
    one, two = staging_path(tmp_path, "a"), staging_path(tmp_path, "b")
    assert gid_of(one) == gid_of(staging_path(tmp_path, "a")) != gid_of(two)
    assert len(gid_of(one)) == 16


def test_the_guard_sees_an_address_before_aria2_does(server, aria2, tmp_path):
    def refuse(url: str) -> None:
        raise AddressBlockedError(f"not allowed: {url}")

    request = request_for(server, tmp_path)
    with pytest.raises(AddressBlockedError):
        Job(aria2.fetcher(tmp_path, guard=refuse), request).fetcher.fetch(
            request, resolve=lambda: "", progress=lambda _: None, cancelled=lambda: False
        )
    assert server.seen == []


def test_a_redirect_to_a_forbidden_address_ends_the_transfer(server, aria2, tmp_path):
    with FileServer() as inside:
        inside.add("/secret", Served(DATA, rate=4 << 20))
        url = server.add("/r", Served(b"", redirect=f"{inside.base}/secret"))

        def guard(address: str) -> None:
            if address.startswith(inside.base):
                raise AddressBlockedError("an inside address")

        request = FetchRequest(url, len(DATA), staging_path(tmp_path, "f"), "weights.bin")
        job = Job(aria2.fetcher(tmp_path, guard=guard), request)
        job.run()
        assert isinstance(job.error, AddressBlockedError)
        rpc = Aria2Rpc(aria2.daemon.url, aria2.daemon.secret)
        assert rpc.find(gid_of(request.staging)) is None
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/f",
        "magnet:?xt=urn:btih:aaaa",
        "http://user:password@127.0.0.1/f",
    ],
)
def test_what_aria2_must_never_be_given_is_refused(aria2, tmp_path, url):
    request = FetchRequest(url, 10, staging_path(tmp_path, "f"), "weights.bin")
    job = Job(aria2.fetcher(tmp_path), request)
    job.run()
    assert isinstance(job.error, InvalidInputError)
    assert "password" not in str(job.error)


def test_a_line_break_in_an_address_sets_no_option(server, aria2, tmp_path):
    url = server.add("/f", Served(DATA)) + "?a=1\n out=../../elsewhere"
    request = FetchRequest(url, len(DATA), staging_path(tmp_path, "f"), "weights.bin")
    job = Job(aria2.fetcher(tmp_path), request)
    job.run()
    assert isinstance(job.error, InvalidInputError)
    assert server.seen == []


def test_a_staging_file_elsewhere_is_refused(server, aria2, tmp_path):
    (tmp_path / "other").mkdir()
    job = Job(aria2.fetcher(tmp_path / "staging"), request_for(server, tmp_path / "other"))
    job.run()
    assert isinstance(job.error, InvalidInputError)


def test_a_wrong_secret_is_named(aria2, tmp_path):
    fetcher = Aria2Fetcher(aria2.daemon.url, "wrong", tmp_path, guard=lambda url: None)
    assert fetcher.unavailable() == "aria2 refuses the RPC secret"


@pytest.mark.parametrize("url", ["", "127.0.0.1:6800", "http://127.0.0.1/jsonrpc"])
def test_an_address_of_aria2_without_its_parts_says_so(tmp_path, url):
    fetcher = Aria2Fetcher(url, "s", tmp_path, guard=lambda url: None)
    assert "needs scheme, host and port" in fetcher.unavailable()


def test_nobody_at_the_port_is_unavailable_not_a_crash(tmp_path):
    url = f"http://127.0.0.1:{free_ports(1)[0]}/jsonrpc"
    fetcher = Aria2Fetcher(url, "s", tmp_path, guard=lambda url: None)
    assert fetcher.unavailable().startswith("aria2 does not answer")


def test_the_secret_is_in_a_private_file_and_not_in_the_process_list(own_aria2):
    daemon = own_aria2.daemon
    listed = subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, check=True)  # noqa: S607
    assert str(daemon.configuration).encode() in listed.stdout
    assert daemon.secret.encode() not in listed.stdout
    assert daemon.secret not in repr(daemon)
    for path in (daemon.configuration, daemon.session):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_option_with_a_line_break_is_refused(tmp_path):
    daemon = Aria2Daemon("aria2c", tmp_path, tmp_path / "session", 6800, "secret\ndir=/etc")
    with pytest.raises(InvalidInputError):
        daemon.make()
