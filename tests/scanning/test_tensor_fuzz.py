"""Changed files through every reader of tensors: an answer always, whatever the bytes are."""

from __future__ import annotations

import random
from pathlib import PurePath

import pytest

from scanning.scanners import Report, scanners
from tests.scanning import test_gguf, test_graphs, test_keras, test_other_tensors
from tests.scanning.test_safetensors_header import VALID as SAFETENSORS

SEEDS = [
    *(("gguf", "a.gguf", one) for one in test_gguf.VALID.values()),
    *(("graphs", "a.onnx", one) for one in test_graphs.UNSAFE.values()),
    *(("graphs", "a.onnx", one) for one in test_graphs.CLEAN.values()),
    *(("keras", "a.h5", one) for one in test_keras.FILES_UNSAFE.values()),
    *(("keras", "a.h5", one) for one in test_keras.FILES_CLEAN.values()),
    *(("safetensors_header", "a.safetensors", one) for one in SAFETENSORS.values()),
    *test_other_tensors.FUZZ,
]
LIES = (b"\xff" * 8, bytes(8), b"\xff" * 7 + b"\x7f")


def changed(content: bytes, chance: random.Random) -> bytes:
    raw = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 4))):
        at = chance.randrange(len(raw) + 1)
        kind = chance.randrange(5)
        if kind == 0:
            raw[at : at + 1] = chance.randbytes(1)
        elif kind == 1:
            del raw[at : at + chance.randrange(1, 16)]
        elif kind == 2:
            raw[at:at] = chance.randbytes(chance.randrange(1, 16))
        elif kind == 3:
            raw[at : at + 8] = chance.choice(LIES)
        else:
            del raw[at:]
    return bytes(raw)


@pytest.mark.parametrize("seed", range(8))
def test_no_change_of_a_file_ends_a_reader(tmp_path, options, seed):
    chance = random.Random(seed)  # noqa: S311 no secret
    path = tmp_path / "changed"
    for slug, name, content in SEEDS:
        path.write_bytes(changed(content, chance))
        report = scanners.get(slug)(options).scan(path, PurePath(name))
        assert isinstance(report, Report), (slug, path.read_bytes())
