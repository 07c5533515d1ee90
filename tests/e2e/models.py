"""The models of these tests' upstream, besides those of tests.standins.repos."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path

from tests.standins import repos
from tests.standins.repos import RepoRoot

TINY = "acme/tiny-chat"  # Apache-2.0: every tier may have it
COMMUNITY = "acme/community-chat"  # a license with conditions: from tier standard on
FOURTH_LICENSE = "legal/LICENSE"  # only the license step reads more than three of them
WEIGHT_BYTES = 12 << 20  # large enough that aria2 is asked


def all_models(root: RepoRoot) -> None:
    """Write every repository that the tests ask for by name."""
    repos.minilm(root)
    repos.malicious_twin(root)
    repos.eicar(root)
    root.llm(TINY)
    root.llm(repos.NON_COMMERCIAL, card="---\nlicense: cc-by-nc-4.0\n---\n\nNot for business.\n")
    root.llm(
        COMMUNITY, card="---\nlicense: llama3.1\npipeline_tag: text-generation\n---\n\nTiny.\n"
    )


def random_model(root: RepoRoot, repo_id: str) -> Path:
    """Write a model of several files that no other model shares, one of them for aria2."""
    numbers = random.Random(repo_id)  # noqa: S311 the same bytes at every run
    note = f"{repo_id} {numbers.random()}"
    return root.repo(
        repo_id,
        {
            "README.md": f"---\nlicense: apache-2.0\n---\n\n{note}\n",
            **dict.fromkeys(
                ("LICENSE", "LICENSE.md", "LICENSE.txt", FOURTH_LICENSE), repos.apache_license()
            ),
            "config.json": {**repos.TINY_CONFIG, "_name": note},
            "vocab/words.txt": "\n".join(str(numbers.random()) for _ in range(2000)),
            "small.safetensors": _weights(numbers, 64 << 10),
            "model.safetensors": _weights(numbers, WEIGHT_BYTES),
        },
    )


def _weights(numbers: random.Random, size: int) -> bytes:
    header = {"w": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + numbers.randbytes(size)


def digests(files: dict[str, bytes]) -> dict[str, str]:
    return {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}
