"""What only the built-in downloader does: it may carry a token, to one origin."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx2
import pytest

from core.errors import IntegrityError, StorageFullError, UpstreamRateLimitError
from downloads.fetchers import FetchRequest, staging_path
from downloads.fetchers.answers import content_range, seconds_until
from downloads.fetchers.ranged import RangedFetcher
from downloads.fetchers.spans import control_file
from tests.standins.files import FileServer, Served

DATA = random.Random(5).randbytes(3 << 20)  # noqa: S311 reproducible, not secret


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer() as running:
        yield running


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    with httpx2.Client(trust_env=False, timeout=5) as made:
        yield made


def fetch(fetcher: RangedFetcher, url: str, folder: Path, *, fresh: str = "") -> Path:
    request = FetchRequest(url, len(DATA), staging_path(folder, "f"), "weights.bin")
    fetcher.fetch(request, resolve=lambda: fresh, progress=lambda _: None, cancelled=lambda: False)
    return request.staging


def test_the_token_goes_to_its_own_origin_only(server, client, tmp_path):
    with FileServer() as cdn:
        cdn.add("/f", Served(DATA))
        url = server.add("/r", Served(b"", redirect=f"{cdn.base}/f"))
        staging = fetch(RangedFetcher(client, token="hf_secret"), url, tmp_path)
        assert staging.read_bytes() == DATA
        assert server.requests("/r")[0].headers["authorization"] == "Bearer hf_secret"
        assert "authorization" not in cdn.requests("/f")[0].headers


def test_a_fresh_address_elsewhere_gets_no_token(server, client, tmp_path):
    with FileServer() as cdn:
        fresh = cdn.add("/f", Served(DATA))
        url = server.add("/f", Served(DATA, statuses=[403]))
        fetch(RangedFetcher(client, token="hf_secret", pause=0.01), url, tmp_path, fresh=fresh)
        assert "authorization" not in cdn.requests("/f")[0].headers


def test_the_bytes_are_asked_for_as_they_are(server, client, tmp_path):
    fetch(RangedFetcher(client), server.add("/f", Served(DATA)), tmp_path)
    assert server.requests("/f")[0].headers["accept-encoding"] == "identity"


def test_a_file_with_holes_is_not_continued(server, client, tmp_path):
    staging = staging_path(tmp_path, "f")
    staging.write_bytes(b"\0" * len(DATA))
    control_file(staging).write_bytes(b"what aria2 knows")
    fetch(RangedFetcher(client), server.add("/f", Served(DATA)), tmp_path)
    assert staging.read_bytes() == DATA
    assert not control_file(staging).exists()


@pytest.mark.parametrize("announced", [len(DATA) + 1, len(DATA) - 1])
def test_a_false_total_is_refused_before_a_byte_is_kept(server, client, tmp_path, announced):
    staging = staging_path(tmp_path, "f")
    staging.write_bytes(DATA[:100])
    url = server.add("/f", Served(DATA, announce=announced))
    with pytest.raises(IntegrityError) as caught:
        fetch(RangedFetcher(client), url, tmp_path)
    assert caught.value.details["actual"] == announced
    assert not staging.exists()


def test_a_source_that_is_shorter_now_is_refused(server, client, tmp_path):
    staging_path(tmp_path, "f").write_bytes(DATA[:-1])
    with pytest.raises(IntegrityError):
        fetch(RangedFetcher(client), server.add("/f", Served(DATA[:1000])), tmp_path)


def test_a_long_wait_asked_by_the_source_goes_to_the_caller(server, client, tmp_path):
    url = server.add("/f", Served(DATA, statuses=[429] * 9, headers={"Retry-After": "3600"}))
    with pytest.raises(UpstreamRateLimitError) as caught:
        fetch(RangedFetcher(client), url, tmp_path)
    assert caught.value.details["retry_after"] == 3600
    assert len(server.seen) == 1


def test_a_short_wait_asked_by_the_source_is_kept(server, client, tmp_path):
    url = server.add("/f", Served(DATA, statuses=[429], headers={"Retry-After": "0"}))
    assert fetch(RangedFetcher(client, pause=0.01), url, tmp_path).read_bytes() == DATA


CHILD = """
import resource, signal, sys
from pathlib import Path
import httpx2
from core.errors import StorageFullError
from downloads.fetchers import FetchRequest, staging_path
from downloads.fetchers.ranged import RangedFetcher
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
request = FetchRequest(sys.argv[1], int(sys.argv[2]), staging_path(Path(sys.argv[3]), "f"), "f")
fetcher = RangedFetcher(httpx2.Client(trust_env=False))
try:
    fetcher.fetch(request, resolve=str, progress=lambda p: None, cancelled=lambda: False)
except StorageFullError as error:
    print(type(error).__name__)
"""


def test_no_room_for_the_file_is_storage_full(server, tmp_path):
    url = server.add("/f", Served(DATA))
    child = subprocess.run(
        [sys.executable, "-c", CHILD, url, str(len(DATA)), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert child.stdout.strip() == StorageFullError.__name__
    assert staging_path(tmp_path, "f").stat().st_size <= 1 << 20


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes 0-9/10", (0, 10)),
        ("bytes 5-9/*", (5, None)),
        ("bytes */10", (None, 10)),
        ("items 0-9/10", (None, None)),
        ("", (None, None)),
    ],
)
def test_content_ranges_are_read(header, expected):
    assert content_range(header) == expected


def test_retry_after_is_seconds_or_a_date():
    later = datetime.now(UTC) + timedelta(hours=1)
    assert seconds_until("17") == 17
    assert 3500 < seconds_until(format_datetime(later, usegmt=True)) <= 3600
    assert seconds_until("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert seconds_until("soon") == 1
