from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from catalog.inspectors import SourceReader
from catalog.inspectors.base import Problems, parse_json
from catalog.inspectors.card import parse_card
from catalog.inspectors.inspect import inspect_version
from catalog.inspectors.quantization import quantization
from catalog.inspectors.transformers_config import llm_facts
from core.errors import IntegrityError, UpstreamError
from registry.configs import load_config
from registry.configs.llm import LlmConfig
from tests.catalog.inspectors.memory import MemoryReader, listing_of
from tests.catalog.sources.conftest import make_source, slept
from tests.standins import repos
from tests.standins.fixture import start_upstream, upstream

__all__ = ["make_source", "slept", "start_upstream", "upstream"]

CORPUS = Path(__file__).resolve().parents[3].parent / "shared" / "corpus" / "metadata"


def inspected(files, **listing):
    return inspect_version(MemoryReader(files), listing_of(files, **listing))


def at(upstream, make_source, repo_id, token=""):
    source = make_source(upstream, token=token)
    listing = source.resolve(source.parse(repo_id))
    before = len(upstream.log())
    found = inspect_version(SourceReader(source, listing), listing)
    return found, upstream.log()[before:]


def test_the_packaged_model_is_known_from_a_few_small_reads(start_upstream, make_source):
    upstream = start_upstream(repos.minilm)
    found, asked = at(upstream, make_source, repos.MINILM)
    assert found.model_type == "embedding"
    assert found.status == "completed"
    config = found.config
    assert config.architecture == "BertModel"
    assert config.family == "bert"
    assert config.num_params == 22_713_216
    assert config.params_by_dtype == {"F32": 22_713_216, "I64": 512}
    assert config.dtype == "F32"
    assert config.weights_bytes == 90_868_376
    assert config.formats == ("safetensors",)
    assert (config.dimension, config.pooling, config.normalize) == (384, ("mean",), True)
    assert (config.max_seq_length, config.num_layers) == (256, 6)
    assert found.licenses == ("apache-2.0",)
    assert found.languages == ("en",)
    assert found.tasks[0] == "sentence-similarity"
    assert found.description.startswith("This is a sentence-transformers model: It maps sentences")
    assert load_config(found.model_type, config.model_dump(mode="json")) == config
    # Six files of text; of ninety megabytes of weights the header, by its length.
    assert len(asked) == 9
    assert [entry["headers"].get("Range") for entry in asked if entry["srv"] == "cdn"] == [
        "bytes=0-7",
        "bytes=8-11415",
    ]


def test_a_tiny_language_model_is_known(upstream, make_source):
    found, _ = at(upstream, make_source, repos.NON_COMMERCIAL)
    assert found.model_type == "llm"
    assert found.licenses == ("cc-by-nc-4.0",)
    assert found.config.kv_cache_bytes_per_token == 2 * 2 * 2 * 16 * 2
    assert found.config.num_params == 6
    assert found.status == "completed"
    assert found.description == ""


@pytest.mark.parametrize(
    ("repo_id", "problem"),
    [
        (repos.BAD_JSON, "config.json is not valid JSON"),
        (repos.BAD_CARD, "README.md: the head of the card is not usable"),
        (repos.HUGE_CONFIG, "config.json cannot be read: config.json has"),
        (repos.GATED, "config.json cannot be read: acme/gated is gated"),
        (repos.EMPTY, "README.md is missing"),
    ],
)
def test_what_cannot_be_read_is_named_and_the_rest_is_told(upstream, make_source, repo_id, problem):
    found, _ = at(upstream, make_source, repo_id)
    assert any(text.startswith(problem) for text in found.problems)
    assert found.status == "partial"


def test_the_license_of_a_gated_model_is_known_before_its_files(upstream, make_source):
    found, _ = at(upstream, make_source, repos.GATED)
    assert found.licenses == ("apache-2.0",)
    assert found.model_type == "llm"


def test_bytes_that_differ_from_their_hash_stop_the_run(upstream, make_source):
    for how in ("flip", "append", "truncate"):
        upstream.config(corrupt={"config.json": how})
        with pytest.raises(IntegrityError) as caught:
            at(upstream, make_source, repos.NON_COMMERCIAL)
        assert caught.value.retryable


def test_a_source_that_is_down_stops_the_run(upstream, make_source):
    upstream.config(inject=[{"match": "config.json", "status": 503}])
    with pytest.raises(UpstreamError):
        at(upstream, make_source, repos.NON_COMMERCIAL)


def test_weights_packed_in_an_unknown_way_are_counted_by_the_configuration_alone():
    weights = repos.tiny_safetensors({"qweight": ("I32", [64, 8]), "scales": ("F16", [8])})
    files = {"README.md": "", "config.json": repos.TINY_CONFIG, "model.safetensors": weights}
    found = inspected(files)
    assert found.config.num_params == 106_816
    assert found.config.num_params_how.startswith("computed from config.json")
    assert inspected({"model.safetensors": weights}).config.num_params is None
    assert found.config.params_by_dtype == {"F16": 8, "I32": 512}
    assert "packed" in found.problems[0]


def test_a_value_that_the_configuration_refuses_is_named_and_unknown():
    files = {"README.md": "", "config.json": {**repos.TINY_CONFIG, "model_type": "x" * 9999}}
    found = inspected(files)
    assert found.config.num_layers == 2
    quantized = {**repos.TINY_CONFIG, "rope_scaling": {str(n): n for n in range(99)}}
    assert inspected({"README.md": "", "config.json": quantized}).config.rope_scaling is None


@pytest.mark.parametrize(
    "content", ["", "[]", "7", "null", "{", b"\xff\xfe", '{"architectures": 7}']
)
def test_an_odd_configuration_never_ends_the_run(content):
    found = inspected({"README.md": "x", "config.json": content})
    assert found.model_type == "other"


def test_an_adapter_is_whole_without_the_shape_of_its_base():
    adapter = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": "a/b"}
    found = inspected({"README.md": "", "adapter_config.json": adapter})
    assert found.model_type == "llm"
    assert found.status == "completed"
    assert found.config.base_models[0].relation == "adapter"


def test_add_ons_of_pictures_are_adapters_of_their_base():
    card = "---\nbase_model: black-forest-labs/FLUX.1-dev\npipeline_tag: text-to-image\n---\n"
    found = inspected({"README.md": card, "pytorch_lora_weights.safetensors": b""})
    assert found.config.checkpoint_type == "lora"
    assert found.config.base_models[0].relation == "adapter"


def test_what_all_have_is_told_of_every_kind():
    card = "---\nlibrary_name: transformers\nlanguage: [en, de]\n---\n"
    files = {"README.md": card, "config.json": repos.TINY_CONFIG}
    found = inspected(files, gated="manual").config
    assert (found.library, found.languages) == ("transformers", ("en", "de"))
    assert (found.sha, found.gated) == ("a" * 40, "manual")


@pytest.mark.parametrize(
    ("name", "written", "said"),
    [
        ("hidden_size", "NaN", "NaN"),
        ("num_hidden_layers", "Infinity", "Infinity"),
        ("vocab_size", "-1", "-1"),
        ("num_attention_heads", "2.5", "2.5"),
        ("intermediate_size", '"12"', "12"),
        ("num_key_value_heads", "true", "True"),
    ],
)
def test_a_size_that_is_none_is_named_with_its_file(name, written, said):
    text = json.dumps({**repos.TINY_CONFIG, name: "?"}).replace('"?"', written)
    for config in (text, f'{{"model_type": "x", "text_config": {text}}}'):
        problems = inspected({"README.md": "", "config.json": config}).problems
        assert f"config.json: {name} is {said}, which is no size" in problems


def test_a_size_of_nothing_and_one_for_each_layer_are_in_order():
    sizes = {"num_key_value_heads": None, "intermediate_size": 0, "num_attention_heads": [4, 8]}
    found = inspected({"README.md": "", "config.json": {**repos.TINY_CONFIG, **sizes}})
    assert not [text for text in found.problems if "no size" in text]


def rows(kind):
    if not CORPUS.is_dir():
        pytest.skip(f"no corpus at {CORPUS}")
    lines = (CORPUS / "index.jsonl").read_text().splitlines()
    return [row for row in map(json.loads, lines) if row["kind"] == kind]


def test_the_facts_of_real_configurations_agree():
    """Nineteen of twenty for now: the kinds that have no typed configuration yet are among them."""
    names = {"num_hidden_layers": "num_layers", "dtype": "torch_dtype"}
    names |= {"num_experts_per_tok": "num_experts_per_token"}
    names |= {"kv_bytes_per_token_fp16": "kv_cache_bytes_per_token"}
    agreed: Counter[bool] = Counter()
    for row in rows("config"):
        config = parse_json((CORPUS / row["path"]).read_bytes())
        found = LlmConfig(**llm_facts(config))
        for fact, expected in row["expected"].items():
            if fact == "quant_method":
                agreed[(quantization(config) or {}).get("method") == expected] += 1
            elif fact != "kv_note":
                agreed[getattr(found, names.get(fact, fact)) == expected] += 1
    assert agreed[True] > 1000
    assert agreed[True] / agreed.total() > 0.95


def test_real_cards_are_read():
    for row in rows("card"):
        problems = Problems()
        card = parse_card((CORPUS / row["path"]).read_text(errors="replace"), problems)
        assert card.data or problems.found or row["path"].endswith("template.md")
