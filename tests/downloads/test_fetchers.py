"""One contract for every fetcher, against a real file server with faults and a real aria2."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from core.errors import (
    CancelledError,
    IntegrityError,
    InvalidInputError,
    ModelyardError,
    StorageError,
    UpstreamError,
    UpstreamForbiddenError,
    UpstreamNotFoundError,
    UpstreamRateLimitError,
)
from downloads.fetchers import Fetcher, FetchRequest, Progress, staging_path
from downloads.fetchers.ranged import RangedFetcher
from downloads.fetchers.spans import control_file
from tests.standins.files import FileServer, Served

DATA = random.Random(7).randbytes((5 << 20) + 13)  # noqa: S311 reproducible, not secret
# Slow enough that what a dropped connection still had on the way does not blur the count.
SLOW = 2 << 20
SOME = 1 << 20


def never_resolve() -> str:
    raise AssertionError("no fresh address was needed")


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer() as running:
        yield running


@pytest.fixture
def staging(tmp_path: Path) -> Path:
    (tmp_path / "staging").mkdir()
    return staging_path(tmp_path / "staging", "org/model/../../weights.bin")


@pytest.fixture(
    params=[
        "ranged",
        "ranged-split",
        pytest.param("aria2", marks=pytest.mark.services),
        pytest.param("aria2-split", marks=pytest.mark.services),
    ]
)
def fetcher(request: pytest.FixtureRequest, staging: Path) -> Iterator[Fetcher]:
    connections = 4 if request.param.endswith("split") else 1
    if request.param.startswith("ranged"):
        with httpx2.Client(trust_env=False, timeout=2) as client:
            yield RangedFetcher(client, tries=4, pause=0.01, connections=connections)
        return
    aria2 = request.getfixturevalue("aria2")
    yield aria2.fetcher(staging.parent, connections=connections, tries=4)


def fetch(
    fetcher: Fetcher,
    url: str,
    staging: Path,
    *,
    size: int = len(DATA),
    resolve: Callable[[], str] = never_resolve,
    cancelled: Callable[[], bool] = lambda: False,
) -> list[Progress]:
    heard: list[Progress] = []
    request = FetchRequest(url=url, size=size, staging=staging, name="weights.bin")
    fetcher.fetch(request, resolve=resolve, progress=heard.append, cancelled=cancelled)
    return heard


def check_whole(staging: Path, data: bytes = DATA) -> None:
    assert staging.read_bytes() == data
    assert [path.name for path in staging.parent.iterdir()] == [staging.name]


def test_a_file_arrives_whole_and_the_last_word_is_all_of_it(server, fetcher, staging):
    assert fetcher.unavailable() == ""
    heard = fetch(fetcher, server.add("/f", Served(DATA)), staging)
    check_whole(staging)
    assert heard[-1].done == heard[-1].total == len(DATA)
    assert all(0 <= p.done <= p.total for p in heard)


def test_no_header_says_who_we_are(server, fetcher, staging):
    fetch(fetcher, server.add("/f", Served(DATA)), staging)
    for seen in server.requests("/f"):
        assert not {"authorization", "cookie", "referer"} & set(seen.headers)


def test_an_empty_file_needs_no_request(server, fetcher, staging):
    heard = fetch(fetcher, server.add("/f", Served(b"")), staging, size=0)
    check_whole(staging, b"")
    assert server.seen == []
    assert heard[-1] == Progress(0, 0, 0, 0)


def test_a_complete_staging_file_is_not_moved_again(server, fetcher, staging):
    staging.write_bytes(DATA)
    fetch(fetcher, server.add("/f", Served(DATA)), staging)
    assert server.seen == []
    check_whole(staging)


def check_continued(fetcher, server, done):
    """What is there is not moved again: aria2 asks from the start to learn the size, and leaves."""
    ranges = [seen.headers.get("range", "bytes=0-") for seen in server.requests("/f")]
    begun = {int(asked.removeprefix("bytes=").partition("-")[0]) for asked in ranges}
    if fetcher.slug == "aria2":
        begun -= {0}
    assert min(begun) == done
    assert server.sent["/f"] <= len(DATA) - done + SOME


def test_a_partial_file_is_continued(server, fetcher, staging):
    staging.write_bytes(DATA[: 3 << 20])
    fetch(fetcher, server.add("/f", Served(DATA, rate=SLOW)), staging)
    check_whole(staging)
    check_continued(fetcher, server, 3 << 20)


def test_a_staging_file_that_is_too_long_is_started_again(server, fetcher, staging):
    staging.write_bytes(DATA + b"more")
    fetch(fetcher, server.add("/f", Served(DATA)), staging)
    check_whole(staging)


@pytest.mark.parametrize("partial", [0, 2 << 20])
def test_a_source_without_ranges_is_read_from_the_start(server, fetcher, staging, partial):
    if partial:
        staging.write_bytes(b"?" * partial)
    fetch(fetcher, server.add("/f", Served(DATA, ranges=False)), staging)
    check_whole(staging)


@pytest.mark.parametrize("fault", [{"reset_after": 1 << 20}, {"end_after": 1 << 20}])
def test_broken_connections_are_continued(server, fetcher, staging, fault):
    fetch(fetcher, server.add("/f", Served(DATA, faults=3, rate=SLOW, **fault)), staging)
    check_whole(staging)
    assert len(server.requests("/f")) >= 4
    assert server.sent["/f"] <= len(DATA) + 3 * SOME


def test_a_source_that_always_breaks_is_given_up_and_the_part_is_kept(server, fetcher, staging):
    url = server.add("/f", Served(DATA, faults=10**6, reset_after=1))
    with pytest.raises(UpstreamError):
        fetch(fetcher, url, staging)
    assert staging.exists()


def test_an_error_of_the_server_is_tried_again(server, fetcher, staging):
    fetch(fetcher, server.add("/f", Served(DATA, statuses=[500, 503])), staging)
    check_whole(staging)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (404, UpstreamNotFoundError),
        (500, UpstreamError),
        (400, UpstreamError),
        (429, UpstreamRateLimitError),
    ],
)
def test_each_refusal_has_its_own_error(server, fetcher, staging, status, error):
    url = server.add("/f", Served(DATA, statuses=[status] * 100)) + "?sig=secret-signature"
    with pytest.raises(error) as caught:
        fetch(fetcher, url, staging)
    assert type(caught.value) is error
    assert "secret-signature" not in str(caught.value)


@pytest.mark.parametrize("status", [401, 403, 410])
def test_a_source_that_keeps_refusing_is_forbidden(server, fetcher, staging, status):
    url = server.add("/f", Served(DATA, statuses=[status] * 100))
    asked: list[str] = []
    with pytest.raises(UpstreamForbiddenError):
        fetch(fetcher, url, staging, resolve=lambda: asked.append("again") or url)
    assert asked == ["again"]


def test_an_expired_address_is_resolved_again_and_continued(server, fetcher, staging):
    url = server.add("/f", Served(DATA, signature="new", rate=SLOW))
    staging.write_bytes(DATA[: 2 << 20])
    fetch(fetcher, f"{url}?sig=old", staging, resolve=lambda: f"{url}?sig=new")
    check_whole(staging)
    check_continued(fetcher, server, 2 << 20)


def test_a_refusal_by_resolve_reaches_the_caller(server, fetcher, staging):
    def gated() -> str:
        raise UpstreamForbiddenError("The repository is gated now")

    url = server.add("/f", Served(DATA, signature="new"))
    with pytest.raises(UpstreamForbiddenError, match="gated now"):
        fetch(fetcher, url, staging, resolve=gated)


@pytest.mark.parametrize("announced", [len(DATA) + 10, len(DATA) - 10])
def test_another_length_than_promised_is_refused_and_nothing_stays(
    server, fetcher, staging, announced
):
    other = (DATA + b"0123456789")[:announced]
    with pytest.raises(IntegrityError) as caught:
        fetch(fetcher, server.add("/f", Served(other)), staging)
    assert caught.value.details == {"expected": len(DATA), "actual": announced}
    assert list(staging.parent.iterdir()) == []


def test_a_body_without_end_is_cut_at_the_promised_size(server, fetcher, staging):
    url = server.add("/f", Served(DATA + b"x", chunked=True, ranges=False))
    with pytest.raises(IntegrityError):
        fetch(fetcher, url, staging)
    assert list(staging.parent.iterdir()) == []


def test_a_redirect_is_followed(server, fetcher, staging):
    server.add("/f", Served(DATA))
    fetch(fetcher, server.add("/r", Served(b"", redirect="/f")), staging)
    check_whole(staging)


def test_a_cancel_stops_the_transfer_and_a_later_fetch_continues(server, fetcher, staging):
    hold = threading.Event()
    served = Served(DATA, hold=hold)
    url = server.add("/f", served)
    try:
        with pytest.raises(CancelledError):
            fetch(fetcher, url, staging, cancelled=lambda: bool(server.sent["/f"]))
    finally:
        hold.set()
    served.hold = None
    fetch(fetcher, url, staging)
    check_whole(staging)


def test_an_error_of_the_caller_is_not_swallowed(server, fetcher, staging):
    def lost(_: Progress) -> None:
        raise ModelyardError("another worker has the run")

    request = FetchRequest(server.add("/f", Served(DATA)), len(DATA), staging, "weights.bin")
    with pytest.raises(ModelyardError, match="another worker"):
        fetcher.fetch(request, resolve=never_resolve, progress=lost, cancelled=lambda: False)
    fetch(fetcher, request.url, staging)  # a next worker finds or restarts the transfer
    check_whole(staging)


def test_a_folder_that_cannot_be_written_is_a_storage_error(server, fetcher, staging):
    staging.parent.rmdir()
    staging.parent.write_text("a file where a folder should be")
    with pytest.raises(StorageError):
        fetch(fetcher, server.add("/f", Served(DATA)), staging)


@pytest.mark.parametrize("name", ["../x.part", "model.bin", "a" * 64, "A" * 64 + ".part"])
def test_a_name_from_elsewhere_is_no_staging_file(tmp_path, name):
    with pytest.raises(InvalidInputError):
        FetchRequest("http://localhost/f", 1, Path(os.fspath(tmp_path) + "/" + name), "f")


def test_staging_names_are_hashes_and_differ_by_identity(tmp_path):
    names = {staging_path(tmp_path, f"a@{n}/../../etc/passwd").name for n in range(3)}
    assert len(names) == 3
    assert all(len(name) == 69 and name.endswith(".part") for name in names)


def test_a_negative_size_is_refused(staging):
    with pytest.raises(InvalidInputError):
        FetchRequest("http://localhost/f", -1, staging, "f")


def test_control_files_of_aria2_lie_beside_the_file(staging):
    assert control_file(staging).name == staging.name + ".aria2"
