"""The record of a large model from few requests: settings and headers, never weights."""

from __future__ import annotations

import json
import struct

import pytest

from catalog.inspection import look
from catalog.sources.base import ModelRef
from catalog.upstreams import source_for

pytestmark = pytest.mark.django_db
NAME = "acme/of-seventy-billion"
LAYERS, SHARDS, WIDTH, INNER, WORDS = 80, 30, 64, 224, 1000
CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_act": "silu",
    "hidden_size": WIDTH,
    "intermediate_size": INNER,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 8,
    "num_key_value_heads": 1,
    "max_position_embeddings": 131072,
    "vocab_size": WORDS,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
}
CARD = "---\nlicense: llama3.1\npipeline_tag: text-generation\nlanguage: [en]\n---\n\n# Large\n"


def shapes():
    """The tensors of a Llama with eighty layers, narrow ones, in the order they are written."""
    yield "model.embed_tokens.weight", [WORDS, WIDTH]
    for layer in range(LAYERS):
        at = f"model.layers.{layer}."
        for name, rows in (("q", WIDTH), ("k", WIDTH // 8), ("v", WIDTH // 8), ("o", WIDTH)):
            yield f"{at}self_attn.{name}_proj.weight", [rows, WIDTH]
        yield f"{at}mlp.gate_proj.weight", [INNER, WIDTH]
        yield f"{at}mlp.up_proj.weight", [INNER, WIDTH]
        yield f"{at}mlp.down_proj.weight", [WIDTH, INNER]
        yield f"{at}input_layernorm.weight", [WIDTH]
        yield f"{at}post_attention_layernorm.weight", [WIDTH]
    yield "model.norm.weight", [WIDTH]
    yield "lm_head.weight", [WORDS, WIDTH]


def count(shape):
    return shape[0] * (shape[1] if len(shape) > 1 else 1)


def shard(tensors):
    entries, at = {"__metadata__": {"format": "pt"}}, 0
    for name, shape in tensors:
        size = 2 * count(shape)
        entries[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [at, at + size]}
        at += size
    head = json.dumps(entries).encode()
    head += b" " * (-len(head) % 8)
    return struct.pack("<Q", len(head)) + head + b"\x11" * at


def sharded(repos):
    """Write the repository: thirty shards and an index, as `save_pretrained` does."""
    tensors = list(shapes())
    each = -(-len(tensors) // SHARDS)
    files, where = {"README.md": CARD, "config.json": CONFIG}, {}
    files["generation_config.json"] = {"temperature": 0.6, "top_p": 0.9, "do_sample": True}
    files["tokenizer_config.json"] = {"bos_token": "<s>", "chat_template": "{{ messages }}"}
    for number in range(SHARDS):
        part = tensors[number * each : (number + 1) * each]
        name = f"model-{number + 1:05d}-of-{SHARDS:05d}.safetensors"
        files[name] = shard(part)
        where |= dict.fromkeys((one for one, _ in part), name)
    total = 2 * sum(count(shape) for _, shape in tensors)
    files["model.safetensors.index.json"] = {
        "metadata": {"total_size": total},
        "weight_map": where,
    }
    repos.repo(NAME, files)


def test_a_sharded_model_is_known_from_few_requests_and_none_of_its_weights(
    make_yard, start_upstream
):
    make_yard(upstream := start_upstream(sharded))
    with source_for("huggingface") as source:
        listing = source.resolve(ModelRef("huggingface", NAME))
        found = look(listing, source=source)
    asked = upstream.log()
    config = found.config
    assert found.problems == ()
    assert config["num_params"] == sum(count(shape) for _, shape in shapes())
    assert config["num_params_how"]
    assert (config["num_layers"], config["sampling"]["temperature"]) == (LAYERS, 0.6)
    assert config["tokenizer"]["chat_template"] == "{{ messages }}"
    assert len(asked) <= 12
    assert sum(entry.get("sent", 0) for entry in asked) <= 2_000_000
    assert len({entry["path"] for entry in asked if ".safetensors" in entry["path"]}) < SHARDS
