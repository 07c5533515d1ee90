"""Contents for a store: bytes, and a staging file with them."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest

ABSENT = "0" * 64


def random_bytes(size: int, seed: str) -> bytes:
    return random.Random(seed).randbytes(size)  # noqa: S311 reproducible, not secret


def staged(folder: Path, data: bytes) -> tuple[Path, str, int]:
    folder.mkdir(exist_ok=True)
    sha256 = hashlib.sha256(data).hexdigest()
    path = folder / f"{sha256}.part"
    path.write_bytes(data)
    return path, sha256, len(data)


@pytest.fixture
def data(request: pytest.FixtureRequest) -> bytes:
    return random_bytes(3 << 20, request.node.nodeid)
