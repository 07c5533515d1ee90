from __future__ import annotations

import json
from pathlib import Path

import pytest

from catalog.inspectors.base import Problems
from catalog.inspectors.headers.gguf import read_gguf
from catalog.inspectors.headers.gguf_facts import BaseModel, gguf_facts, special_tokens
from catalog.inspectors.headers.gguf_keys import LongArray
from tests.catalog.inspectors.headers.files import gguf
from tests.catalog.inspectors.memory import MemoryReader

CORPUS = Path(__file__).resolve().parents[4].parent / "shared" / "corpus" / "metadata"
KEYS = {
    "general.architecture": "llama",
    "general.name": "Tiny",
    "general.file_type": 15,
    "general.license": "apache-2.0",
    "general.languages": ["en", "de"],
    "general.tags": ["chat"],
    "general.base_model.count": 2,
    "general.base_model.0.name": "Base",
    "general.base_model.0.organization": "Acme",
    "general.base_model.0.repo_url": "https://huggingface.co/acme/base",
    "general.base_model.1.name": "Other",
    "general.sampling.temp": 0.5,
    "llama.block_count": 32,
    "llama.context_length": 8192,
    "llama.embedding_length": 4096,
    "llama.feed_forward_length": 14336,
    "llama.attention.head_count": 32,
    "llama.attention.head_count_kv": 8,
    "llama.attention.sliding_window": 1024,
    "llama.rope.freq_base": 500000.0,
    "llama.rope.scaling.type": "yarn",
    "llama.rope.scaling.factor": 4.0,
    "llama.rope.scaling.original_context_length": 2048,
    "llama.expert_count": 8,
    "llama.expert_used_count": 2,
    "llama.expert_shared_count": 1,
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.tokens": ["<pad>", "<s>", "</s>"],
    "tokenizer.ggml.bos_token_id": 1,
    "tokenizer.ggml.eos_token_id": 2,
    "tokenizer.ggml.padding_token_id": 0,
    "tokenizer.ggml.unknown_token_id": 9,
    "tokenizer.chat_template": "{{ messages }}",
    "tokenizer.chat_template.tool_use": "{{ tools }}",
}


def shape(**below):
    names = {name.replace("__", "."): value for name, value in below.items()}
    keys = {f"x.{name}": value for name, value in names.items()}
    return gguf_facts({"general.architecture": "x", **keys}).shape


def test_the_shape_of_a_model_is_read():
    found = gguf_facts(KEYS).shape
    assert (found.num_layers, found.hidden_size, found.intermediate_size) == (32, 4096, 14336)
    assert (found.num_attention_heads, found.num_key_value_heads, found.head_dim) == (32, 8, 128)
    assert (found.context_length, found.sliding_window, found.vocab_size) == (8192, 1024, 3)
    assert (found.num_experts, found.num_experts_per_token, found.num_shared_experts) == (8, 2, 1)
    assert found.rope_theta == 500000.0
    assert found.rope_scaling == {
        "rope_type": "yarn", "factor": 4.0, "original_context_length": 2048.0,
    }  # fmt: skip


def test_the_papers_of_a_model_are_read():
    found = gguf_facts(KEYS)
    assert (found.kind, found.architecture, found.name) == ("model", "llama", "Tiny")
    assert (found.file_type, found.license, found.tokenizer) == ("Q4_K_M", "apache-2.0", "gpt2")
    assert (found.languages, found.tags) == (("en", "de"), ("chat",))
    assert found.base_models[0].repo_id == "acme/base"
    assert found.base_models[1] == BaseModel(name="Other")
    assert found.chat_templates == {"default": "{{ messages }}", "tool_use": "{{ tools }}"}
    assert found.sampling == {"temp": 0.5}
    assert found.token_ids == {"bos": 1, "eos": 2, "pad": 0, "unk": 9}


def test_special_tokens_have_their_texts_where_these_were_read():
    reader = MemoryReader({"m.gguf": gguf(KEYS)})
    found = read_gguf(reader, "m.gguf", Problems())
    assert special_tokens(found) == {"bos": "<s>", "eos": "</s>", "pad": "<pad>"}


def test_as_many_cache_heads_as_heads_unless_it_is_said():
    found = shape(attention__head_count=12, embedding_length=384)
    assert (found.num_key_value_heads, found.head_dim) == (12, 32)
    assert shape(attention__head_count=7, embedding_length=384).head_dim is None
    assert shape(attention__key_length=576, attention__head_count=8).head_dim == 576


@pytest.mark.parametrize(
    ("value", "common", "by_layer"),
    [
        (8, 8, ()),
        ([8, 8, 8], 8, ()),
        ([0, 8, 0, 8], 8, (0, 8, 0, 8)),
        ([4, 8], None, (4, 8)),
        ([0, 0], None, ()),
        ([8, -1], None, ()),
        ([8, True], None, ()),
        ("8", 8, ()),
        (0, None, ()),
        (LongArray("uint32", 2000), None, ()),
    ],
)
def test_heads_may_be_given_for_each_layer(value, common, by_layer):
    found = shape(attention__head_count_kv=value)
    assert found.num_key_value_heads == common
    assert found.kv_heads_by_layer == by_layer


def test_latent_attention_and_uneven_windows_are_told():
    found = shape(
        attention__kv_lora_rank=512, attention__q_lora_rank=1536, attention__key_length_mla=192,
        attention__value_length_mla=128, rope__dimension_count=64,
        attention__sliding_window_pattern=[True, False],
    )  # fmt: skip
    assert (found.kv_lora_rank, found.q_lora_rank, found.rope_dimension) == (512, 1536, 64)
    assert (found.mla_key_length, found.mla_value_length) == (192, 128)
    assert found.sliding_window_pattern == (True, False)
    assert shape(attention__sliding_window_pattern=6).sliding_window_pattern == 6


@pytest.mark.parametrize(
    ("keys", "scaling"),
    [
        ({"rope.scaling.type": "none", "rope.scaling.factor": 2.0}, None),
        ({"rope.scale_linear": 4.0}, {"rope_type": "linear", "factor": 4.0}),
        ({"rope.scale_linear": 1.0}, None),
        ({"rope.scaling.type": "linear", "rope.scaling.factor": float("nan")},
         {"rope_type": "linear"}),
        ({"rope.scaling.type": 7}, None),
    ],
)  # fmt: skip
def test_rope_scaling_is_told_as_it_is_given(keys, scaling):
    assert shape(**keys).rope_scaling == scaling


@pytest.mark.parametrize(
    ("keys", "kind"),
    [
        ({"general.type": "adapter", "adapter.type": "lora"}, "adapter"),
        ({"general.architecture": "clip"}, "mmproj"),
        ({"general.architecture": "controlvector"}, "controlvector"),
        ({"general.type": "imatrix"}, "imatrix"),
        ({"general.type": 7}, "model"),
        ({}, "model"),
    ],
)
def test_what_a_file_is_for_is_told(keys, kind):
    assert gguf_facts(keys).kind == kind


def test_the_eyes_of_a_model_are_described():
    keys = {"general.architecture": "clip", "clip.vision.image_size": 448,
            "clip.has_vision_encoder": True, "clip.vision.image_mean": [0.5]}  # fmt: skip
    assert gguf_facts(keys).encoder == {"vision.image_size": 448, "has_vision_encoder": True}


def test_an_adapter_names_its_strength():
    keys = {"adapter.type": "lora", "adapter.lora.alpha": 16.0, "split.no": 0, "split.count": 2}
    found = gguf_facts(keys)
    assert (found.adapter_type, found.adapter_alpha, found.split) == ("lora", 16.0, (0, 2))


@pytest.mark.parametrize(
    "keys",
    [
        dict.fromkeys(KEYS),
        dict.fromkeys(KEYS, float("nan")),
        dict.fromkeys(KEYS, -1),
        dict.fromkeys(KEYS, 10**400),
        {key: [] for key in KEYS},
        dict.fromkeys(KEYS, "9" * 9999),
        KEYS | {"general.base_model.count": 1 << 40, "split.count": 1 << 40},
        KEYS | {"general.architecture": "\x00../x"},
    ],
)
def test_values_of_a_wrong_kind_are_unknown(keys):
    found = gguf_facts(keys)
    assert found.shape.num_layers in {None, 32}
    assert len(found.base_models) <= 2


def corpus_keys(name):
    path = CORPUS / "gguf_keys" / f"{name}.json"
    if not path.is_file():
        pytest.skip(f"no corpus at {CORPUS}")
    return json.loads(path.read_text())["kv"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Meta-Llama-3-8B-Instruct", ("llama", "F16", 32, 4096, 14336, 32, 8, 128, 8192)),
        ("Mistral-7B-Instruct-v0.2", ("llama", "F16", 32, 4096, 14336, 32, 8, 128, 32768)),
        ("Mixtral-8x7B-Instruct-v0.1", ("llama", "F16", 32, 4096, 14336, 32, 8, 128, 32768)),
        ("Qwen2.5-0.5B-Instruct", ("qwen2", "F16", 24, 896, 4864, 14, 2, 64, 32768)),
        ("all-MiniLM-L6-v2", ("bert", "F16", 6, 384, 1536, 12, 12, 32, 512)),
        ("c4ai-command-r-v01", ("command-r", "", 40, 8192, 22528, 64, 64, 128, 131072)),
    ],
)
def test_real_lists_of_keys_are_read(name, expected):
    found = gguf_facts(corpus_keys(name))
    shape = found.shape
    assert expected == (
        found.architecture, found.file_type, shape.num_layers, shape.hidden_size,
        shape.intermediate_size, shape.num_attention_heads, shape.num_key_value_heads,
        shape.head_dim, shape.context_length,
    )  # fmt: skip
