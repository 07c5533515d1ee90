"""A folder of models on this machine, and the source that reads it."""

from __future__ import annotations

import pytest

from catalog.sources.base import LocalOptions, ModelRef, SourceOptions
from catalog.sources.disk import Disk

CARD = b"---\nlicense: mit\n---\nA model.\n"


class Memory:
    """Remembers in a dict what the yard keeps in rows; `read` counts what was hashed."""

    def __init__(self):
        self.rows, self.read = {}, []

    def recall(self, root, stamps):
        rows = {path: self.rows.get((root, path), ("", "")) for path in stamps}
        return {path: sha for path, (stamp, sha) in rows.items() if stamp == stamps[path]}

    def keep(self, root, path, *, stamp, size, sha256):
        self.rows[root, path] = stamp, sha256
        self.read.append(path)


@pytest.fixture
def folder(tmp_path):
    one = tmp_path / "models" / "acme" / "one"
    (one / "onnx").mkdir(parents=True)
    (one / "README.md").write_bytes(CARD)
    (one / "w.safetensors").write_bytes(b"weights")
    (one / "onnx" / "m.onnx").write_bytes(b"onnx")
    (tmp_path / "models" / "alone.gguf").write_bytes(b"GGUF")
    return tmp_path / "models"


@pytest.fixture
def local(folder):
    return LocalOptions(folder=folder, memory=Memory())


@pytest.fixture
def disk(local):
    return Disk(SourceOptions(local=local))


def ref(name, revision=None):
    return ModelRef("disk", name, revision)
