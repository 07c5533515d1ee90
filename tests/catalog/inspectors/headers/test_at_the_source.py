"""What headers cost at a Hub that sends the bytes of files from somewhere else."""

from __future__ import annotations

import json

from catalog.inspectors import SourceReader
from catalog.inspectors.base import Problems
from catalog.inspectors.headers.gguf import read_gguf
from catalog.inspectors.headers.sharded import read_weights
from tests.catalog.inspectors.headers.files import gguf
from tests.catalog.sources.conftest import make_source, slept
from tests.standins.fixture import start_upstream
from tests.standins.repos import tiny_safetensors

__all__ = ["make_source", "slept", "start_upstream"]

SHARDS = 30
LAYER = {"q_proj": [8, 8], "k_proj": [2, 8], "up_proj": [20, 8], "norm": [8]}


def repository(root):
    ends = {1: {"model.embed_tokens.weight": [50, 8]}, SHARDS: {"lm_head.weight": [50, 8]}}
    files, weight_map = {}, {}
    for number in range(1, SHARDS + 1):
        shapes = {f"model.layers.{number}.{name}.weight": shape for name, shape in LAYER.items()}
        shapes |= ends.get(number, {})
        name = f"model-{number:05}-of-{SHARDS:05}.safetensors"
        files[name] = tiny_safetensors({key: ("BF16", shape) for key, shape in shapes.items()})
        weight_map |= dict.fromkeys(shapes, name)
    files["model.safetensors.index.json"] = json.dumps({"metadata": {}, "weight_map": weight_map})
    keys = {"general.architecture": "llama", "tokenizer.ggml.tokens": ["x" * 90] * 40_000}
    files["model.gguf"] = gguf(keys, {"w": (0, [2])})
    root.repo("acme/large", files)


def opened(start_upstream, make_source):
    upstream = start_upstream(repository)
    source = make_source(upstream)
    listing = source.resolve(source.parse("acme/large"))
    return upstream, SourceReader(source, listing), [file.path for file in listing.files]


def test_thirty_shards_cost_an_index_and_two_headers(start_upstream, make_source):
    upstream, reader, paths = opened(start_upstream, make_source)
    before, problems = len(upstream.log()), Problems()
    weights = read_weights(reader, paths, problems)
    assert problems.found == []
    assert (weights.how, weights.num_params) == ("headers and sizes", 30 * 248 + 2 * 400)
    asked = upstream.log()[before:]
    assert [entry["srv"] for entry in asked] == ["hub"] + 2 * ["hub", "cdn", "cdn"]
    assert sum(entry["sent"] for entry in asked) < 40_000


def test_a_gguf_whose_header_is_too_long_costs_few_parts(start_upstream, make_source):
    upstream, reader, _ = opened(start_upstream, make_source)
    before, problems = len(upstream.log()), Problems()
    found = read_gguf(reader, "model.gguf", problems)
    assert found.keys["general.architecture"] == "llama"
    assert found.num_params is None
    assert len(problems.found) == 1
    assert [entry["srv"] for entry in upstream.log()[before:]] == ["hub"] + 4 * ["cdn"]


def test_an_address_that_is_no_longer_good_is_asked_for_again(start_upstream, make_source):
    upstream, reader, _ = opened(start_upstream, make_source)
    name = f"model-00001-of-{SHARDS:05}.safetensors"
    first = reader.read_range(name, 0, 8)
    upstream.config(inject=[{"match": " /repos/", "status": 403, "times": 1}])
    before = len(upstream.log())
    assert reader.read_range(name, 0, 16)[:8] == first
    assert [entry["srv"] for entry in upstream.log()[before:]] == ["cdn", "hub", "cdn"]
