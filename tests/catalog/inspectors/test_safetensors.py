from __future__ import annotations

import json

import pytest

from catalog.inspectors.base import Problems
from catalog.inspectors.safetensors import read_header, read_weights
from tests.catalog.inspectors.memory import MemoryReader
from tests.standins.repos import tiny_safetensors


def weights_of(files):
    problems = Problems()
    reader = MemoryReader(files)
    return read_weights(reader, tuple(files), problems), problems.found, reader


def packed(header, body=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def test_parameters_are_counted_by_one_small_read():
    content = tiny_safetensors({"w": ("F32", [3, 4]), "b": ("BF16", [5]), "n": ("I64", [2])})
    weights, problems, reader = weights_of({"model.safetensors": content + bytes(0)})
    assert weights.by_dtype == {"BF16": 5, "F32": 12, "I64": 2}
    assert weights.floats == 17
    assert weights.main_dtype == "F32"
    assert not weights.is_packed
    assert weights.size == len(content)
    assert problems == []
    assert len(reader.read) == 1


def test_a_long_header_takes_a_second_read():
    content = tiny_safetensors({f"layer.{n:06d}.weight": ("F16", [2]) for n in range(3000)})
    weights, problems, reader = weights_of({"model.safetensors": content})
    assert weights.floats == 6000
    assert problems == []
    assert len(reader.read) == 2
    assert reader.read[1][1] == 100_000


def test_scalars_and_empty_tensors_count():
    content = tiny_safetensors({"s": ("F32", []), "e": ("F32", [0, 7])})
    weights, _, _ = weights_of({"model.safetensors": content})
    assert weights.by_dtype == {"F32": 1}


def test_shards_are_summed_once_each():
    one = tiny_safetensors({"a": ("BF16", [10])})
    two = tiny_safetensors({"b": ("BF16", [20]), "c": ("F32", [1])})
    index = {"weight_map": {"a": "m-1.safetensors", "b": "m-2.safetensors", "c": "m-2.safetensors"}}
    weights, problems, _ = weights_of(
        {
            "model.safetensors.index.json": index,
            "m-1.safetensors": one,
            "m-2.safetensors": two,
            "other.safetensors": one,
        }
    )
    assert weights.by_dtype == {"BF16": 30, "F32": 1}
    assert weights.files == ("m-1.safetensors", "m-2.safetensors")
    assert problems == []


@pytest.mark.parametrize(
    "index",
    [
        "{",
        [],
        {},
        {"weight_map": {}},
        {"weight_map": {"a": 7}},
        {"weight_map": {"a": ["x"]}},
        {"weight_map": {"a": "../../etc/passwd"}},
        {"weight_map": {"a": "gone.safetensors"}},
    ],
)
def test_a_broken_index_is_a_problem_and_counts_nothing(index):
    weights, problems, _ = weights_of({"model.safetensors.index.json": index})
    assert weights is None
    assert "model.safetensors.index.json" in problems[0]


def test_variants_without_an_index_are_not_added_up():
    content = tiny_safetensors({"a": ("F32", [1])})
    weights, problems, _ = weights_of({"a.safetensors": content, "b.safetensors": content})
    assert weights is None
    assert "without an index" in problems[0]
    weights, problems, _ = weights_of({"x.safetensors": content, "adapter_model.safetensors": b""})
    assert weights.files == ("x.safetensors",)


GOOD = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x01",
        b"\xff" * 8,
        (200_000_000).to_bytes(8, "little") + b"{}",
        (50).to_bytes(8, "little") + b"{}",
        packed(b"not json"),
        packed(b"[]"),
        packed(b"[" * 5000),
        packed({"w": 7}, bytes(8)),
        packed({"w": {}}, bytes(8)),
        packed({"w": GOOD | {"dtype": "F99"}}, bytes(8)),
        packed({"w": GOOD | {"dtype": ["F32"]}}, bytes(8)),
        packed({"w": GOOD | {"shape": [-2]}}, bytes(8)),
        packed({"w": GOOD | {"shape": [True, 2]}}, bytes(8)),
        packed({"w": GOOD | {"shape": [2] * 65}}, bytes(8)),
        packed({"w": GOOD | {"shape": [2**40, 2**40]}}, bytes(8)),
        packed({"w": GOOD | {"data_offsets": [0, 4]}}, bytes(8)),
        packed({"w": GOOD | {"data_offsets": [8, 16]}}, bytes(8)),
        packed({"w": GOOD | {"data_offsets": [8, 0]}}, bytes(8)),
        packed({"w": GOOD | {"data_offsets": [0]}}, bytes(8)),
        packed({"w": GOOD}, bytes(4)),
    ],
)
def test_a_header_that_lies_is_a_problem(content):
    problems = Problems()
    reader = MemoryReader({"model.safetensors": content})
    assert read_header(reader, "model.safetensors", problems) is None
    assert "no valid safetensors file" in problems.found[0]
