"""GGUF files as whole models: what their header makes of them."""

from __future__ import annotations

import pytest

from catalog.inspectors.inspect import inspect_version
from registry.configs._text import LONGEST_TEMPLATE
from tests.catalog.inspectors.headers.files import gguf
from tests.catalog.inspectors.memory import MemoryReader, listing_of

LLAMA = {
    "general.architecture": "llama", "general.file_type": 15, "llama.block_count": 1,
    "llama.context_length": 4096, "llama.embedding_length": 256, "llama.vocab_size": 256,
    "llama.attention.head_count": 4, "llama.attention.head_count_kv": 2,
}  # fmt: skip
PACKED = {"token_embd.weight": (12, (256, 256))}  # Q4_K
PLAIN = {"token_embd.weight": (1, (256, 256))}
LORA = {
    "general.architecture": "llama", "general.type": "adapter", "adapter.type": "lora",
    "adapter.lora.alpha": 16.0, "general.base_model.count": 1,
    "general.base_model.0.repo_url": "https://huggingface.co/acme/base",
}  # fmt: skip
MATRICES = {
    "blk.0.attn_q.weight.lora_a": (0, (64, 8)),
    "blk.0.attn_q.weight.lora_b": (0, (8, 64)),
    "blk.1.attn_v.weight.lora_a": (0, (64, 8)),
    "blk.1.attn_v.weight.lora_b": (0, (8, 32)),
    "token_embd.weight.lora_a": (0, (8, 100)),
}


def inspected(content, name="m.gguf"):
    files = {"README.md": "", name: content}
    return inspect_version(MemoryReader(files), listing_of(files))


def test_an_adapter_is_told_as_one_and_belongs_to_its_base():
    found = inspected(gguf(LORA, MATRICES)).config
    told = found.adapter
    assert (told.method, told.rank, told.alpha) == ("lora", 8, 16.0)
    assert told.target_modules == ("attn_q", "attn_v")
    assert [(one.repo_id, one.relation) for one in found.base_models] == [("acme/base", "adapter")]
    assert found.quantization is None
    answer = found.is_compatible_with("llama_cpp")
    assert (answer.compatible, answer.reason) == (
        True,
        "llama.cpp adds it with --lora to a GGUF build of acme/base.",
    )


def test_an_adapter_misses_nothing_that_its_base_has():
    assert inspected(gguf(LORA, MATRICES)).problems == ()


@pytest.mark.parametrize(
    ("keys", "matrices", "told"),
    [
        ({}, {"blk.1.attn_v.weight.lora_a": (0, (64, 4))}, ("lora", None, 16.0)),
        ({"adapter.lora.alpha": -1.0}, {}, ("lora", 8, None)),
        ({"adapter.type": "x y"}, {}, ("other", 8, 16.0)),
        ({"adapter.type": ""}, {}, ("lora", 8, 16.0)),
    ],
)
def test_what_an_adapter_does_not_say_alike_is_left_open(keys, matrices, told):
    found = inspected(gguf(LORA | keys, MATRICES | matrices)).config.adapter
    assert (found.method, found.rank, found.alpha) == told


def test_an_adapter_of_nobody_runs_nowhere():
    keys = {name: value for name, value in LORA.items() if "base_model" not in name}
    config = inspected(gguf(keys, MATRICES)).config
    assert "not known to which model" in config.is_compatible_with("llama_cpp").reason


def test_a_packed_file_is_called_by_its_recipe_with_the_bits_of_its_tensors():
    found = inspected(gguf(LLAMA, PACKED, data=bytes(36_864)))
    packed = found.config.quantization
    assert (packed.method, packed.scheme, packed.label) == ("gguf", "Q4_K_M", "Q4_K_M")
    assert packed.bits == 4.5
    assert found.problems == ()
    assert inspected(gguf({**LLAMA, "general.file_type": 1}, PLAIN)).config.quantization is None


def test_a_file_of_plain_numbers_that_calls_itself_packed_is_named():
    found = inspected(gguf(LLAMA, PLAIN))
    assert found.problems == ("It calls itself Q4_K_M, and none of its tensors is packed",)
    assert found.config.quantization.bits is None


def test_a_template_that_is_too_long_is_named():
    template = "x" * (LONGEST_TEMPLATE + 1)
    keys = {**LLAMA, "tokenizer.ggml.model": "gpt2", "tokenizer.chat_template": template}
    found = inspected(gguf(keys, PACKED, data=bytes(36_864)))
    assert found.config.tokenizer.chat_template == ""
    assert found.problems == (f"The chat template has {len(template)} characters and is left out",)
