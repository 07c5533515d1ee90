from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from catalog.inspectors.base import parse_json
from catalog.inspectors.counting import cache, parameters, text_shape
from registry.configs.cache import bytes_per_token

CORPUS = Path(__file__).resolve().parents[4].parent / "shared" / "corpus" / "metadata"
SHAPE = {
    "num_hidden_layers": ("layers", 0.99),
    "hidden_size": ("hidden", 0.99),
    "num_attention_heads": ("heads", 0.99),
    "num_key_value_heads": ("kv_heads", 0.99),
    "vocab_size": ("vocabulary", 0.99),
    "context_length": ("context", 0.97),
    "num_experts": ("experts", 0.97),
}


def real():
    if not CORPUS.is_dir():
        pytest.skip(f"no corpus at {CORPUS}")
    lines = (CORPUS / "index.jsonl").read_text().splitlines()
    rows = [row for row in map(json.loads, lines) if row["kind"] in {"config", "diffusers"}]
    return [(parse_json((CORPUS / row["path"]).read_bytes()), row) for row in rows]


def test_the_parameters_of_real_configurations_are_near_or_unknown():
    near: Counter[bool] = Counter()
    for config, row in real():
        expected, counted = row.get("num_params"), parameters(config)
        if expected is None:
            continue
        near[counted is not None and abs(counted.total / expected - 1) <= 0.02] += 1
        assert counted is None or abs(counted.total / expected - 1) <= 0.1, row["path"]
    assert near[True] / near.total() >= 0.95


def test_the_shapes_of_real_configurations_agree():
    agreed: Counter[tuple[str, bool]] = Counter()
    for config, row in real():
        shape = text_shape(config)
        for name, (field, _) in SHAPE.items():
            if name in row.get("expected", {}):
                agreed[name, getattr(shape, field) == row["expected"][name]] += 1
    for name, (_, least) in SHAPE.items():
        assert agreed[name, True] / (agreed[name, True] + agreed[name, False]) >= least, name


def test_the_caches_of_real_configurations_agree():
    """Three of ninety-seven differ: there each layer is taken for attention, which most are not."""
    agreed: Counter[bool] = Counter()
    for config, row in real():
        expected = row.get("expected", {}).get("kv_bytes_per_token_fp16")
        if expected is not None:
            groups = cache(config)
            agreed[groups is not None and bytes_per_token(groups) == expected] += 1
    assert agreed[True] / agreed.total() >= 0.95
