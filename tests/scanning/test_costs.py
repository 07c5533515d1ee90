"""What engines take of a machine: how often a file is read, and how much memory is enough."""

from __future__ import annotations

import gzip
import json
import os
import pickle
import re
import struct
from collections import Counter
from dataclasses import replace
from pathlib import Path, PurePath

import pytest

from bench import _heavy as heavy
from bench._measured import Cost, measured
from bench.scan import safetensors_file, torch_file
from downloads.verify import hash_file
from scanning import copies
from scanning.sandbox import Asked, Target
from scanning.scanners import scanners
from scanning.scanners.base import MEBIBYTE, read_head
from tests.scanning.clamd import BINARY, running_clamd
from tests.scanning.gguf_files import Writer
from tests.scanning.pickles import torch_zip

SIZE = 50
RANDOM = os.urandom(SIZE * MEBIBYTE)


def gguf_file(folder: Path) -> Path:
    gguf = Writer()
    keys = {"general.architecture": gguf.string("llama")}
    tensors = [gguf.tensor("w", [len(RANDOM) // 4], 0)]
    path = folder / "model.gguf"
    path.write_bytes(gguf.build(keys, tensors, RANDOM))
    return path


def array_file(folder: Path) -> Path:
    """A plain pickle with an array in it, as scikit-learn's models are."""
    path = folder / "model.pkl"
    path.write_bytes(pickle.dumps({"coefficients": RANDOM, "names": ["a", "b"]}))
    return path


def numpy_file(folder: Path) -> Path:
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({len(RANDOM)},), }}\n".encode()
    path = folder / "model.npy"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + RANDOM)
    return path


def heavy_file(name: str):
    def write(folder: Path) -> Path:
        path = folder / name
        heavy.INPUTS[name](path)
        return path

    return write


def bytes_read(who: str = "self") -> int:
    """By this process with the children that ended, or by "thread-self" alone."""
    found = re.search(r"rchar: (\d+)", Path("/proc", who, "io").read_text())
    assert found
    return int(found[1])


def looks_at(path: Path, options) -> list[Asked]:
    head = read_head(path)
    return [
        Asked(cls.slug, Target(path))
        for cls in scanners
        if (options.clamd or not cls.needs_network)
        and cls(options).handles(PurePath(path.name), head)
    ]


def looked(asked: list[Asked], options) -> tuple[list[Cost], int]:
    """What looks cost, and how many bytes all processes together read for them."""
    before = bytes_read("thread-self")
    costs = measured(asked, options)
    return costs, bytes_read("thread-self") - before + sum(cost.read for cost in costs)


@pytest.mark.skipif(BINARY is None, reason="clamd is not installed")
@pytest.mark.parametrize(
    "write",
    [
        lambda folder: torch_file(folder, SIZE, tensor=4_000_000),
        lambda folder: safetensors_file(folder, SIZE, tensor=4_000_000),
        gguf_file,
        array_file,
        numpy_file,
    ],
    ids=["torch", "safetensors", "gguf", "pickle", "numpy"],
)
def test_tensors_are_read_once_to_be_hashed_and_once_by_clamd(
    tmp_path, options, write, monkeypatch
):
    monkeypatch.setattr(copies, "ROOM", SIZE * MEBIBYTE // 2)
    path = write(tmp_path)
    size = path.stat().st_size
    before = bytes_read()
    hash_file(path, git=False)
    assert bytes_read() - before < 1.001 * size
    with running_clamd() as (address, _):
        own = replace(options, clamd=address)
        costs, read = looked(looks_at(path, own), own)
    assert {cost.verdict for cost in costs} == {"clean"}
    assert len(costs) >= 3
    assert all(cost.opened for cost in costs)
    assert size <= read < 1.05 * size


def mixed_folder(folder: Path) -> list[Path]:
    """Of each kind that engines read whole, more than one of them."""
    words = json.dumps({"chat_template": "{{ x }}", "auto_map": {}, "vocab": ["word"] * 40_000})
    numbers = pickle.dumps({f"word {n}": n for n in range(20_000)}, 4)
    contents = {
        "tokenizer.json": words.encode(),
        "README.md": b"A sentence.\n" * 40_000,
        "modeling.py": b"def f(a):\n    return a\n" * 8_000,
        "config.yaml": b"".join(b"key%d: value\n" % n for n in range(20_000)),
        "chat_template.jinja": b"{% for m in messages %}{{ m }}{% endfor %}\n" * 4_000,
        "model.xml": b"<?xml version='1.0'?><net>" + b"<layer/>" * 40_000 + b"</net>",
        "vocabulary.pkl": numbers,
        "vocabulary.pkl.gz": gzip.compress(numbers + os.urandom(200_000)),
        "pytorch_model.bin": torch_zip(numbers),
        "picture.png": b"\x89PNG\r\n\x1a\n" + os.urandom(200_000),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in contents]


@pytest.mark.skipif(BINARY is None, reason="clamd is not installed")
def test_all_engines_together_read_a_file_once(tmp_path, options):
    paths = mixed_folder(tmp_path)
    size = sum(path.stat().st_size for path in paths)
    with running_clamd() as (address, _):
        own = replace(options, clamd=address)
        asked = [one for path in paths for one in looks_at(path, own)]
        costs, read = looked(asked, own)
    assert {cost.verdict for cost in costs} <= {"clean", "suspicious", "incomplete"}
    assert Counter(one.slug for one in asked)["clamav"] == len(paths)
    assert len(asked) > 4 * len(paths)
    assert [one for one, cost in zip(asked, costs, strict=True) if cost.opened] == []
    assert size <= read < 1.05 * size


@pytest.mark.parametrize(
    ("name", "engines"),
    [
        ("sparse.pt", {"pickle_ops", "modelscan", "picklescan"}),
        ("sparse.safetensors", {"safetensors_header"}),
        ("sparse.gguf", {"gguf"}),
        ("sparse.h5", {"keras"}),
        ("sparse.onnx", {"graphs"}),
        ("bytes.pkl", {"pickle_ops", "modelscan", "picklescan"}),
    ],
)
def test_two_gigabytes_of_tensors_need_neither_memory_nor_reading(tmp_path, options, name, engines):
    path = heavy_file(name)(tmp_path)
    asked = looks_at(path, options)
    costs = measured(asked, options)
    assert engines <= {one.slug for one in asked}
    assert [(cost.verdict, cost.detail) for cost in costs] == [("clean", "")] * len(asked)
    assert max(cost.peak for cost in costs) < 130 * MEBIBYTE
    assert sum(cost.read for cost in costs) < 30 * MEBIBYTE


def test_a_large_tokenizer_is_clean_to_all_its_engines_within_300_mb(tmp_path, options):
    path = heavy_file("tokenizer.json")(tmp_path)
    asked = looks_at(path, options)
    costs, read = looked(asked, options)
    assert {"plain_files", "config_code", "templates", "secrets"} <= {one.slug for one in asked}
    assert [(cost.verdict, cost.detail) for cost in costs] == [("clean", "")] * len(asked)
    assert max(cost.peak for cost in costs) < 300_000_000
    assert read < 1.01 * path.stat().st_size
