"""Large models for measurements: valid safetensors files of random bytes, cheap to write."""

from __future__ import annotations

import json
import random
from pathlib import Path

from tests.standins.repos import TINY_CONFIG, RepoRoot, apache_license

MEGA = 1_000_000


def large_model(
    root: RepoRoot,
    repo_id: str,
    *,
    files: int,
    megabytes: int,
    seed: int,
    shared: Path | None = None,
) -> Path:
    """Write a model of so many weight files and megabytes in all: one in ten has four fifths.

    With `shared`, all files but every twentieth, a small one, are those of that folder.
    """
    base = root.repo(
        repo_id,
        {
            "README.md": f"---\nlicense: apache-2.0\n---\n\nMade for a measurement: {repo_id}.\n",
            "LICENSE": apache_license(),
            "config.json": TINY_CONFIG,
        },
    )
    numbers = random.Random(seed)  # noqa: S311 the same bytes at every run
    for number in range(files):
        name = f"model-{number + 1:05d}-of-{files:05d}.safetensors"
        share = 8 if number % 10 == 0 else 2 / 9
        if shared is not None and number % 20 != 1:
            (base / name).symlink_to(shared / name)
        else:
            _write(base / name, numbers, int(share * megabytes * MEGA / files))
    return base


def _write(path: Path, numbers: random.Random, size: int) -> None:
    header = {"w": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for start in range(0, size, 16 << 20):
            file.write(numbers.randbytes(min(16 << 20, size - start)))
