"""A content of any size goes through in pieces: memory stays where it was."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PASS_THROUGH = """
import hashlib, resource, sys
from pathlib import Path
from catalog.bundles import writer
from catalog.bundles.reader import BundleReader, read_head
from tests.catalog.bundles import making
from catalog.bundles.layout import content_path
from catalog.bundles.manifest import ListedMember

SIZE, PIECE = 300 << 20, bytes(4 << 20)
found = hashlib.sha256()
for _ in range(SIZE // len(PIECE)):
    found.update(PIECE)
digest = found.hexdigest()
documents, _ = making.parts()
made = making.manifest(documents, {})
big = ListedMember(path=content_path(digest), sha256=digest, size=SIZE)
head = making.head_of(made.model_copy(update={"members": [*made.members, big]}))

def content(member):
    def rest(start):
        for place in range(start, SIZE, len(PIECE)):
            yield PIECE[: min(len(PIECE), SIZE - place)]
    return rest

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
path = Path(sys.argv[1])
with path.open("w+b") as file:
    writer.begin(file, head, documents)
    writer.fill(file, head, content=content, step=lambda _: None)
with path.open("r+b") as file:
    writer.fill(file, head, content=content, step=lambda _: None)  # all of it is there
with path.open("rb") as file:
    reader = BundleReader(file, read_head(file))
    read = sum(len(chunk) for member in reader for chunk in reader.chunks(member))
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(read >= SIZE, after - before)
"""


def test_a_content_larger_than_the_memory_that_is_used(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", PASS_THROUGH, str(tmp_path / "big.tar")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    whole, grown = done.stdout.split()
    assert whole == "True"
    assert int(grown) < 100 * 1024  # KiB, for a content of 300 MiB
