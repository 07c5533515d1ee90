"""The record of a large model from few requests: settings and headers, never weights."""

from __future__ import annotations

import json
import re
import struct

import pytest

from catalog.inspection import look
from catalog.sources.base import ModelRef
from catalog.upstreams import source_for

pytestmark = pytest.mark.django_db
NAME = "acme/of-seventy-billion"
LAYERS, WIDTH, INNER, WORDS, HEADS, PAIRS = 80, 8192, 28672, 128256, 64, 8
SHARDS, SHARD_SIZE = 30, 5_000_000_000
PARAMETERS, TOTAL = 70_553_706_496, 141_107_412_992
CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_act": "silu",
    "hidden_size": WIDTH,
    "intermediate_size": INNER,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "num_key_value_heads": PAIRS,
    "max_position_embeddings": 131072,
    "vocab_size": WORDS,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
}
CARD = "---\nlicense: llama3.1\npipeline_tag: text-generation\nlanguage: [en]\n---\n\n# Large\n"


def shapes():
    """The tensors of Llama 3 with eighty layers, in the order they are written."""
    yield "model.embed_tokens.weight", [WORDS, WIDTH]
    narrow = WIDTH * PAIRS // HEADS
    for layer in range(LAYERS):
        at = f"model.layers.{layer}."
        for name, rows in (("q", WIDTH), ("k", narrow), ("v", narrow), ("o", WIDTH)):
            yield f"{at}self_attn.{name}_proj.weight", [rows, WIDTH]
        yield f"{at}mlp.gate_proj.weight", [INNER, WIDTH]
        yield f"{at}mlp.up_proj.weight", [INNER, WIDTH]
        yield f"{at}mlp.down_proj.weight", [WIDTH, INNER]
        yield f"{at}input_layernorm.weight", [WIDTH]
        yield f"{at}post_attention_layernorm.weight", [WIDTH]
    yield "model.norm.weight", [WIDTH]
    yield "lm_head.weight", [WORDS, WIDTH]


def size_of(shape):
    return 2 * shape[0] * (shape[1] if len(shape) > 1 else 1)


def shards():
    """Fill each file up to five gigabytes, as `save_pretrained` does."""
    part, filled = [], 0
    for name, shape in shapes():
        if part and filled + size_of(shape) > SHARD_SIZE:
            yield part
            part, filled = [], 0
        part.append((name, shape))
        filled += size_of(shape)
    yield part


def head_of(tensors):
    """Return the header of a file and the bytes of its tensors."""
    entries, at = {"__metadata__": {"format": "pt"}}, 0
    for name, shape in tensors:
        entries[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [at, at + size_of(shape)]}
        at += size_of(shape)
    head = json.dumps(entries).encode()
    head += b" " * (-len(head) % 8)
    return struct.pack("<Q", len(head)) + head, at


def sharded(repos):
    """Write the repository: its weights are 141 gigabytes of holes behind true headers."""
    parts = list(shards())
    files, where = {"README.md": CARD, "config.json": CONFIG}, {}
    files["generation_config.json"] = {"temperature": 0.6, "top_p": 0.9, "do_sample": True}
    files["tokenizer_config.json"] = {"bos_token": "<s>", "chat_template": "{{ messages }}"}
    names = [f"model-{n + 1:05d}-of-{len(parts):05d}.safetensors" for n in range(len(parts))]
    for name, part in zip(names, parts, strict=True):
        where |= dict.fromkeys((tensor for tensor, _ in part), name)
    index = {"metadata": {"total_size": TOTAL}, "weight_map": where}
    folder = repos.repo(NAME, files | {"model.safetensors.index.json": index})
    for name, part in zip(names, parts, strict=True):
        head, size = head_of(part)
        with (folder / name).open("wb") as file:
            file.write(head)
            file.truncate(len(head) + size)


def headers():
    """The length of the header in each file, by the words its address holds."""
    parts = list(shards())
    return {f"-{n + 1:05d}-of-{len(parts):05d}.": len(head_of(p)[0]) for n, p in enumerate(parts)}


def ranges(asked):
    """The parts of weights that were sent: the name of the file, and where the part ends."""
    for entry in asked:
        match = re.search(r"-\d{5}-of-\d{5}\.", entry["path"])
        if match and entry["srv"] == "cdn":
            first, last = map(int, entry["headers"]["Range"].removeprefix("bytes=").split("-"))
            assert (entry["status"], entry["sent"]) == (206, last - first + 1)
            yield match[0], last + 1


def test_seventy_billion_parameters_are_known_by_twelve_requests_and_no_byte_of_weights(
    make_yard, start_upstream
):
    make_yard(upstream := start_upstream(sharded))
    with source_for("huggingface") as source:
        listing = source.resolve(ModelRef("huggingface", NAME))
        found = look(listing, source=source)
    asked = upstream.log()
    config = found.config
    assert found.problems == ()
    assert config["num_params"] == PARAMETERS
    assert config["num_params_how"].startswith("counted from headers")
    assert TOTAL < config["weights_bytes"] < TOTAL + 200_000
    assert (config["num_layers"], config["sampling"]["temperature"]) == (LAYERS, 0.6)
    assert config["tokenizer"]["chat_template"] == "{{ messages }}"
    assert len(asked) <= 12
    assert sum(entry.get("sent", 0) for entry in asked) <= 2_000_000
    lengths, sent = headers(), list(ranges(asked))
    assert len(lengths) == SHARDS
    assert 0 < len({name for name, _ in sent}) < SHARDS
    assert all(end <= lengths[name] for name, end in sent)
