"""A thousand clients that read nothing: the yard goes on, in bounded memory, and cuts none off."""

from __future__ import annotations

import resource

import psutil
import pytest

from config.yard.services import wait_until
from tests.hub.test_sending import BYTES, LARGE, PATIENCE, Yard, reader

pytestmark = pytest.mark.services
READERS = 1000
FILES_NEEDED = 4 * READERS  # of the front: two connections for each; with room
MOST_FOR_EACH = 256 << 10  # bytes of memory of the streams process


@pytest.fixture
def yard(tmp_path, transactional_db):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < FILES_NEEDED:
        pytest.skip(f"this machine lets a process open {hard} files, {FILES_NEEDED} are needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, FILES_NEEDED), hard))  # programs inherit
    yard = Yard(tmp_path, "streams")
    try:
        yard.programs.start()
        yield yard.fill()
    finally:
        yard.programs.stop()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def memory(yard) -> int:
    main = psutil.Process(yard.programs.processes["streams"].pid)
    return sum(one.memory_info().rss for one in [main, *main.children(recursive=True)])


def test_a_thousand_clients_that_read_nothing_stop_nothing(yard):
    assert yard.ask(LARGE).body == BYTES  # what a first answer takes is taken
    files, taken = yard.opened(), memory(yard)
    key = f"Authorization: Bearer {yard.key.token}\r\n"
    readers = [reader(yard.programs.port, yard.path(LARGE), key) for _ in range(READERS)]
    try:
        # Each holds a connection and the file, until all of the file is taken.
        held = 2 * READERS
        assert wait_until(lambda: yard.opened() >= held, seconds=PATIENCE), yard.opened()
        assert yard.programs.status_of("/ready") == 200
        assert yard.programs.status_of("/sign-in/") == 200
        head = yard.ask(LARGE, method="HEAD")
        assert (head.status, head.headers["Content-Length"]) == (200, str(len(BYTES)))
        assert yard.ask(LARGE).body == BYTES
        assert memory(yard) - taken < READERS * MOST_FOR_EACH
        assert yard.opened() >= held
        for one in readers[:: READERS // 10]:
            assert rest_of(one) == BYTES
    finally:
        for one in readers:
            one.close()
    assert wait_until(lambda: yard.opened() <= files + 4, seconds=PATIENCE), yard.opened()


def rest_of(connection) -> bytes:
    with connection.makefile("rb") as stream:
        assert stream.readline().startswith(b"HTTP/1.1 200")
        while stream.readline() != b"\r\n":
            pass
        return stream.read(len(BYTES))
