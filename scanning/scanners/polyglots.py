"""Files that are one thing to their own reader and another to a reader that does not ask.

An unpickler takes any bytes, and zip archives are read from their end, so a pickle can begin and a
zip archive can end any file. Files that are containers anyway are `pickle_ops`'s.
"""

from __future__ import annotations

from pathlib import Path, PurePath

from scanning.scanners._container_rules import CONTAINER_RULES
from scanning.scanners._containers import SHOWN, WALKED, Walk
from scanning.scanners._globals import RULES_VERSION
from scanning.scanners._pickle_rules import PICKLE_RULES
from scanning.scanners._sniff import sniff
from scanning.scanners.base import (
    HEAD_BYTES,
    Canary,
    Report,
    Scanner,
    conclude,
    scanners,
)


@scanners.register
class Polyglots(Scanner):
    """A pickle that calls something, or a zip archive, in a file of another format."""

    slug = "polyglots"
    title = "Two formats at once"
    understands_formats = False
    reads_members = False  # the walk looks for that itself
    rules = {**PICKLE_RULES, **CONTAINER_RULES}

    @property
    def engine(self) -> str:
        return f"polyglots/{RULES_VERSION}"

    def canary(self) -> Canary:
        # To an unpickler the first nine bytes are a number, and then comes a call.
        return Canary("canary.gguf", b"GGUF\x03\x00\x00\x00\x00cos\nsystem\n(S'true'\ntR.")

    def handles(self, path: PurePath, head: bytes) -> bool:
        return bool(head) and sniff(head) not in WALKED

    def scan(self, path: Path, name: PurePath) -> Report:
        walk = Walk(self.options)
        with path.open("rb") as stream:
            kind = sniff(stream.read(HEAD_BYTES))
            walk.second_nature(stream, "", kind)
            walk.zip_behind(stream, "", 0)
            if kind in SHOWN:
                walk.behind_picture(stream, "", 0)
        return conclude(walk.findings, walk.gaps)
