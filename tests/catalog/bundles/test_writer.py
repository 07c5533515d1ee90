"""A writer that is stopped anywhere is followed by one that ends with the same bytes."""

from __future__ import annotations

import pytest

from catalog.bundles import writer
from core.errors import IntegrityError
from tests.catalog.bundles import making
from tests.catalog.bundles.making import TRUSTED


class StoppedError(Exception):
    """The worker died here."""


DOCUMENTS, CONTENTS = making.parts({f"{n}.bin": bytes([n]) * (n * 700) for n in range(1, 6)})
WHOLE = making.bundle(DOCUMENTS, CONTENTS)
HEAD = making.head_of(making.manifest(DOCUMENTS, CONTENTS))


class Store:
    """Gives contents from any byte on and remembers how much it gave."""

    def __init__(self, contents):
        self.contents, self.given = contents, 0

    def of(self, member):
        def rest(start):
            body = self.contents[member.sha256][start:]
            self.given += len(body)
            for place in range(0, len(body), 100):
                yield body[place : place + 100]

        return rest


def fill(path, *, contents=CONTENTS, step=lambda _: None):
    store = Store(contents)
    with path.open("r+b") as file:
        writer.fill(file, HEAD, content=store.of, step=step)
    return store.given


@pytest.fixture
def begun(tmp_path):
    path = tmp_path / "b.tar.partial"
    with path.open("w+b") as file:
        writer.begin(file, HEAD, DOCUMENTS)
    return path


def test_a_bundle_is_written_in_one_go(begun):
    assert fill(begun) == sum(map(len, CONTENTS.values()))
    assert begun.read_bytes() == WHOLE


def test_the_same_wish_makes_the_same_bytes():
    assert making.bundle(DOCUMENTS, CONTENTS) == WHOLE


@pytest.mark.parametrize("cut", range(0, 12_000, 997))
def test_what_is_there_is_kept_wherever_the_writer_was_stopped(begun, cut):
    start = begun.stat().st_size
    cut = min(start + cut, len(WHOLE))
    begun.write_bytes(WHOLE[:cut])
    given = fill(begun)
    assert begun.read_bytes() == WHOLE
    assert given <= len(WHOLE) - cut


def test_a_whole_partial_file_takes_nothing_from_the_store(begun):
    begun.write_bytes(WHOLE)
    assert fill(begun) == 0
    assert begun.read_bytes() == WHOLE


@pytest.mark.parametrize("place", [0.3, 0.6, 0.9])
def test_what_is_there_and_wrong_is_written_again(begun, place):
    wrong = bytearray(WHOLE)
    start = HEAD.places()[3].body
    wrong[start + int(place * (len(WHOLE) - start - 11_000))] ^= 0xFF
    begun.write_bytes(wrong[:-10_240])
    fill(begun)
    assert begun.read_bytes() == WHOLE


def test_a_stop_from_outside_leaves_what_is_written(begun):
    def step(done):
        if done > 3000:
            raise StoppedError

    with pytest.raises(StoppedError):
        fill(begun, step=step)
    there = begun.read_bytes()
    assert WHOLE.startswith(there)
    assert fill(begun) < sum(map(len, CONTENTS.values()))
    assert begun.read_bytes() == WHOLE


def test_rotten_bytes_of_the_store_make_no_bundle(begun):
    rotten = {digest: body[:-1] + b"!" for digest, body in CONTENTS.items()}
    with pytest.raises(IntegrityError):
        fill(begun, contents=rotten)


def test_only_a_head_of_our_own_is_continued(begun, tmp_path):
    assert writer.begun(tmp_path / "none", TRUSTED) is None
    assert writer.begun(begun, TRUSTED) is None  # not even the first content was begun
    begun.write_bytes(WHOLE)
    assert writer.begun(begun, TRUSTED).manifest_sha256 == HEAD.manifest_sha256
    assert writer.begun(begun, {}) is None
    begun.write_bytes(WHOLE.replace(b"acme/sent", b"acme/bent"))
    assert writer.begun(begun, TRUSTED) is None
