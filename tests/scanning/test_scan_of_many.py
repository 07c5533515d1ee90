"""Many files, and pickles made to hang who walks them: each ends with a verdict, none is lost."""

from __future__ import annotations

import pytest

from core.errors import ScanFailedError
from core.storage.configured import content_store
from scanning.models import Scan
from scanning.services.rounds import scan_version
from scanning.services.unanswered import check_answered
from tests.factories.registry import VersionFactory
from tests.scanning.hostile import hostile
from tests.scanning.pickles import SYSTEM, pickle

__all__ = ["hostile"]
COUNT = 1000


@pytest.fixture
def make_version(make_yard):
    """A version whose bytes are in the store and that nobody has scanned."""

    def make(files):
        store = content_store()
        return VersionFactory(files=files, store=store, admission="pending", scan_verdict="")

    return make


def scan(version):
    told = []
    folded = scan_version(version, report=lambda *what: told.append(what))
    version.refresh_from_db()
    return folded, told


def test_a_thousand_files_are_kept_when_an_engine_dies_on_one(make_version, hostile):
    files = {f"notes/{n:04}.txt": b"note %d" % n for n in range(COUNT - 1)}
    version = make_version(files | {"hostile.txt": b"segfault"})
    folded, told = scan(version)
    assert (folded.verdict, version.scan_verdict) == ("incomplete", "incomplete")
    assert any("hostile.txt" in reason and "SIGSEGV" in reason for reason in folded.reasons)
    assert version.gates.get(gate="malware").outcome == "unknown"
    assert Scan.objects.values("sha256").distinct().count() == COUNT
    with pytest.raises(ScanFailedError, match=r"Not looked at: hostile\.txt: the") as error:
        check_answered(version)
    assert error.value.retryable
    open_ones = Scan.objects.filter(verdict="incomplete").count()
    _, told = scan(version)
    done, total, _ = told[0]
    assert total - done == open_ones


def endless(depth=200):
    """The opcodes of a tuple of itself twice, over and over: short to write, endless to walk."""
    return b"K\x01" + b"2\x86" * depth


@pytest.mark.parametrize(
    ("content", "verdict"),
    [
        (pickle(endless(), b"0", SYSTEM, b"X\x04\x00\x00\x00true\x85R"), "unsafe"),
        (pickle(b"}", endless(), SYSTEM, b"s"), "unsafe"),
        (pickle(SYSTEM, endless(), b"\x85R"), "unsafe"),
        (pickle(b"]", b"q\x00h\x00a" * 50_000, SYSTEM, b"a"), "unsafe"),
    ],
    ids=["before the call", "as a key", "as an argument", "a list in itself"],
)
def test_a_pickle_that_hangs_who_walks_it_has_a_verdict(make_version, settings, content, verdict):
    settings.SCAN_TIMEOUT = 60
    version = make_version({"model.pkl": content})
    scan(version)
    assert version.scan_verdict == verdict
    own = Scan.objects.get(scanner="pickle_ops")
    assert (own.verdict, own.coverage) == (verdict, "full")
