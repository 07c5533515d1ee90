"""The models that the clients ask for."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path

from tests.e2e.models import random_model
from tests.standins import repos
from tests.standins.repos import HARMLESS_PAYLOAD, RepoRoot, tiny_safetensors

SHARDED = "acme/sharded"
SANITISED = "acme/sanitised"
WITHDRAWN = "acme/withdrawn"
LARGE = "acme/large"
MANY = "acme/many"
MOVED, MOVED_FROM = "acme/moved", "acme/moved-from"
BRANCHED = "acme/branched"
PENDING = "acme/pending"
REQUESTED = "acme/requested"
RAISED = "acme/raised"
ODD = (
    "odd/with space.txt",
    "odd/hash#mark.txt",
    "odd/percent%2Fname.txt",
    "odd/plus+sign.txt",
    "größe/模型.txt",
)
BROUGHT = (SHARDED, SANITISED, WITHDRAWN, LARGE, MANY, MOVED_FROM)
MANY_FILES = 1_100  # a page of a tree has 1,000
TRAINING = "training_args.bin"
CARD = "---\nlicense: apache-2.0\npipeline_tag: text-generation\n---\n\nTiny.\n"
# As large as it has to be to be cut; a gigabyte where time is no matter.
LARGE_BYTES = 1 << 30 if os.environ.get("RUN_CLIENTS") else 64 << 20


def write_all(root: RepoRoot) -> None:
    repos.minilm(root)
    repos.malicious_twin(root)
    root.llm(repos.NON_COMMERCIAL, card="---\nlicense: cc-by-nc-4.0\n---\n\nNot for business.\n")
    root.llm(WITHDRAWN)
    _sharded(root)
    _sanitised(root)
    _many(root)
    _large(root)
    root.llm(MOVED)
    root.repo(MOVED_FROM, {}, meta={"renamed_to": MOVED})
    _branched(root)
    root.llm(RAISED)
    for repo in (PENDING, REQUESTED):
        random_model(root, repo)


def _sharded(root: RepoRoot) -> None:
    names = [f"model-0000{n}-of-00002.safetensors" for n in (1, 2)]
    shards = [tiny_safetensors({f"w{n}": ("F32", [2, n])}) for n in (1, 2)]
    index = {
        "metadata": {"total_size": 24},
        "weight_map": {"w1": names[0], "w2": names[1]},
    }
    root.repo(
        SHARDED,
        {
            "README.md": CARD,
            "config.json": repos.TINY_CONFIG,
            "model.safetensors.index.json": json.dumps(index),
            **dict(zip(names, shards, strict=True)),
            **{path: f"the text of {path}" for path in ODD},
        },
    )


def _sanitised(root: RepoRoot) -> None:
    """What is only of training is held back alone when it is unsafe."""
    root.llm(SANITISED)
    root.repo(SANITISED, {TRAINING: HARMLESS_PAYLOAD})


def _many(root: RepoRoot) -> None:
    files = {f"part-{n // 100:02}/{n:04}.txt": str(n) for n in range(MANY_FILES)}
    root.llm(MANY)
    root.repo(MANY, files)


def _large(root: RepoRoot) -> None:
    """Numbers that repeat late enough that no two parts of a transfer are alike."""
    base: Path = root.repo(LARGE, {"README.md": CARD, "config.json": repos.TINY_CONFIG})
    header = {"w": {"dtype": "I32", "shape": [LARGE_BYTES // 4], "data_offsets": [0, LARGE_BYTES]}}
    text = json.dumps(header).encode()
    with (base / "model.safetensors").open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for start in range(0, LARGE_BYTES // 4, 1 << 16):
            file.write(struct.pack(f"<{1 << 16}I", *range(start, start + (1 << 16))))


def _branched(root: RepoRoot) -> None:
    """Two commits; one of them has the names of a branch and of a pull request."""
    for number, title in enumerate(("0001 first", "0002 second")):
        files = {"README.md": CARD, "config.json": {**repos.TINY_CONFIG, "_number": number}}
        weights = tiny_safetensors({"w": ("F32", [2, 3 + number])})
        root.repo(
            BRANCHED,
            {**files, "model.safetensors": weights},
            commit=title,
            meta={"branches": {"feature/x": 0}, "pull_requests": {"1": 0}},
        )
