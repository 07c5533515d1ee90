"""kill -9 of a writer, again and again: the last one ends with the bytes that one alone writes."""

from __future__ import annotations

import io
import random
import subprocess
import sys
from pathlib import Path

from catalog.bundles import signing, writer
from tests.catalog.bundles import making

ROOT = Path(__file__).resolve().parents[3]
CONTENTS = {f"{n}.bin": bytes([n]) * (3 << 20) for n in range(8)}
WRITE = """
import sys
from pathlib import Path
from catalog.bundles import signing, writer
from tests.catalog.bundles import making, test_kills

key = signing.read_private(Path(sys.argv[2]).read_bytes())
trusted = {signing.key_id(key.public_key()): signing.Trusted(key.public_key(), "us")}
documents, contents = making.parts(test_kills.CONTENTS)
path = Path(sys.argv[1])
head = writer.begun(path, trusted)
new = head is None
head = head or making.head_of(making.manifest(documents, contents), key)
with path.open("r+b") as file:
    if new:
        writer.begin(file, head, documents)
    writer.fill(file, head, content=test_kills.slowly(contents), step=lambda _: None)
"""


def slowly(contents):
    """Give contents in small pieces, so that there are many moments to die at."""

    def of(member):
        def rest(start):
            body = contents[member.sha256]
            for place in range(start, len(body), 8192):
                yield body[place : place + 8192]

        return rest

    return of


def whole(key) -> bytes:
    documents, contents = making.parts(CONTENTS)
    file = io.BytesIO(making.bundle(documents, contents, key=key))
    return file.getvalue()


def test_a_writer_killed_at_many_moments_is_continued(tmp_path):
    key = signing.new_key()
    pem, path = tmp_path / "k.pem", tmp_path / "b.tar.partial"
    pem.write_bytes(signing.private_pem(key))
    path.touch()
    wanted = whole(key)
    marks = sorted(random.Random(7).sample(range(len(wanted)), 6))  # noqa: S311 repeatable
    command = [sys.executable, "-c", WRITE, str(path), str(pem)]
    for mark in marks:
        child = subprocess.Popen(command, cwd=ROOT)
        while child.poll() is None and path.stat().st_size < mark:
            pass
        child.kill()
        child.wait()
        there = path.read_bytes()
        assert wanted.startswith(there)
    done = subprocess.run(command, cwd=ROOT, check=False)
    assert (done.returncode, path.read_bytes() == wanted) == (0, True)
    own = {signing.key_id(key.public_key()): signing.Trusted(key.public_key(), "us")}
    assert writer.begun(path, own) is not None
