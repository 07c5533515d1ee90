"""kill -9 in the middle of a put: nothing, or the whole content; never a part."""

from __future__ import annotations

import hashlib
import random
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from core.storage import ContentStore, FileContentStore

SIZE = 64 << 20
CHILD = """
import sys
from pathlib import Path
from core.storage import FileContentStore, S3ContentStore
kind, path, sha256, size, *rest = sys.argv[1:]
store = FileContentStore(Path(rest[0])) if kind == "files" else S3ContentStore(*rest)
print("start", flush=True)
store.put(Path(path), sha256, int(size))
"""


@pytest.fixture(scope="module")
def content() -> tuple[bytes, str]:
    data = random.Random(2).randbytes(SIZE)  # noqa: S311 reproducible, not secret
    return data, hashlib.sha256(data).hexdigest()


def stage(folder: Path, data: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "staged.part"
    path.unlink(missing_ok=True)
    path.write_bytes(data)
    second = folder / "second-name"  # makes the file store copy: the longer, riskier way
    second.unlink(missing_ok=True)
    second.hardlink_to(path)
    return path


def put_and_kill(arguments: list[str], delay: float) -> int:
    child = subprocess.Popen([sys.executable, "-c", CHILD, *arguments], stdout=subprocess.PIPE)
    assert child.stdout is not None
    with child.stdout:
        assert child.stdout.readline() == b"start\n"
        with suppress(subprocess.TimeoutExpired):
            child.wait(delay)
        child.kill()
        return child.wait()


def check_all_or_nothing(store: ContentStore, sha256: str) -> bool:
    if not store.exists(sha256):
        return False
    assert store.stat(sha256) == SIZE
    assert hashlib.sha256(b"".join(store.open_range(sha256))).hexdigest() == sha256
    return True


def run_rounds(
    store: ContentStore, kind: str, where: list[str], folder: Path, content: tuple[bytes, str]
) -> set[int]:
    """Kill later and later until a put survives; return how the children ended."""
    data, sha256 = content
    ends = set()
    delay = 0.0
    while 0 not in ends:
        path = stage(folder, data)
        ends.add(put_and_kill([kind, str(path), sha256, str(SIZE), *where], delay))
        check_all_or_nothing(store, sha256)
        delay = delay * 1.7 + 0.02
        if 0 not in ends:
            store.delete(sha256)
    assert check_all_or_nothing(store, sha256)
    return ends


def test_a_killed_put_leaves_nothing_or_the_whole_file(tmp_path, content):
    store = FileContentStore(tmp_path / "store")
    store.prepare()
    where = [str(tmp_path / "store")]
    ends = run_rounds(store, "files", where, tmp_path / "staging", content)
    assert ends == {-signal.SIGKILL, 0}
    # Leftovers are invisible, countable and removable.
    left = list((tmp_path / "store" / "incoming").iterdir())
    assert [c.sha256 for c in store.iter_contents()] == [content[1]]
    assert store.clear_leftovers(older_than=timedelta(hours=1)).count == 0
    assert store.clear_leftovers(older_than=timedelta(0)).count == len(left)
    assert list((tmp_path / "store" / "incoming").iterdir()) == []


@pytest.mark.services
def test_a_killed_upload_leaves_nothing_or_the_whole_object(tmp_path, content, seaweed):
    store = seaweed.store("crash")
    store.prepare()
    where = [seaweed.endpoint, seaweed.access_key, seaweed.secret_key, "crash"]
    ends = run_rounds(store, "s3", where, tmp_path / "staging", content)
    assert ends == {-signal.SIGKILL, 0}
    assert [c.sha256 for c in store.iter_contents()] == [content[1]]
    store.clear_leftovers(older_than=timedelta(0))
    assert store.clear_leftovers(older_than=timedelta(0)).count == 0
    assert check_all_or_nothing(store, content[1])
