"""What lists filter by follows the head, and the rules when these change."""

from __future__ import annotations

import pytest

from registry.models import Capability, Model
from registry.runtimes import NOTHING_COLLECTED
from registry.services import judging
from registry.services.heads import refresh_head
from registry.services.judging import RULES, judge_again, judgement_of
from tests.factories.registry import ModelFactory, VersionFactory
from tests.registry.fit.test_memory import SHAPE

pytestmark = pytest.mark.django_db
CONFIG = {**SHAPE, "architecture": "LlamaForCausalLM", "formats": ["safetensors"]}
COLUMNS = ("memory_8k", "memory_32k", "memory_128k", "memory_class", "runtimes", "categories")
COLUMNS += ("judged_by",)


def judged(model):
    model.refresh_from_db()
    return {name: getattr(model, name) for name in COLUMNS}


@pytest.fixture
def model():
    return VersionFactory(model_type="llm", config=CONFIG, files={"a": b"a"}).model


def test_the_head_tells_memory_and_runtimes(model):
    found = judged(model)
    assert 16 * 10**9 < found["memory_8k"] < found["memory_32k"] < found["memory_128k"]
    assert found["memory_class"] == "24"
    assert found["runtimes"] == ["mlx", "ollama", "tgi", "transformers", "vllm"]
    assert found["judged_by"] == RULES


def test_another_head_tells_something_else(model):
    config = {"architecture": "BertModel", "formats": ["safetensors"], "weights_bytes": 10**9}
    VersionFactory(model=model, model_type="embedding", config=config, files={"a": b"b"})
    found = judged(model)
    assert found["memory_class"] == "8"
    assert "sentence_transformers" in found["runtimes"]


@pytest.mark.parametrize("config", [{}, {"unknown": 1}, {"num_params": "many"}, [], None])
def test_what_is_not_known_or_not_valid_tells_nothing(config):
    found = judgement_of("llm", config, NOTHING_COLLECTED)
    assert found["memory_8k"] is None
    assert (found["memory_class"], found["runtimes"]) == ("", [])
    assert found["judged_by"] == RULES


@pytest.mark.parametrize(
    ("model_type", "config", "categories"),
    [
        ("llm", {"tokenizer": {"chat_template": "{% if tools %}{% endif %}"}}, ["tools"]),
        ("llm", {"is_hosted": True, "features": ["supports_reasoning"]}, ["thinking", "cloud"]),
        ("llm", {"is_hosted": True, "features": ["supports_vision"]}, ["vision", "cloud"]),
        ("embedding", {}, ["embedding"]),
        ("vision-language", {"vision": {"patch_size": 14}}, ["vision"]),
        ("vision-language", {"audio": {"mel_bins": 80}}, []),
        ("vision-language", {}, ["vision"]),
        ("image", {}, []),
    ],
)
def test_categories_follow_from_what_the_model_is(model_type, config, categories):
    assert judgement_of(model_type, config, NOTHING_COLLECTED)["categories"] == categories


def test_curators_add_categories_that_a_new_head_keeps(model):
    for name in ("thinking", "of-no-category"):
        model.capabilities.add(Capability.objects.create(name=name, type="text"))
    judging.judge_anew(model)
    assert judged(model)["categories"] == ["thinking"]
    VersionFactory(model=model, model_type="embedding", config={}, files={"a": b"b"})
    assert judged(model)["categories"] == ["embedding", "thinking"]
    Model.objects.update(judged_by=0, categories=[])
    judge_again()
    assert judged(model)["categories"] == ["embedding", "thinking"]
    model.capabilities.clear()
    judging.judge_anew(model)
    assert judged(model)["categories"] == ["embedding"]


def test_how_weights_are_packed_is_one_word(model):
    model.head.config = {**CONFIG, "quantization": {"method": "gptq", "bits": 4}}
    model.head.save()
    assert refresh_head(model).quantization == "gptq"


@pytest.mark.parametrize("scheme", ["Q4_K_M", "q4_k_m"])
def test_a_quantization_of_gguf_goes_by_its_recipe_however_old_its_row_is(scheme):
    config = {**CONFIG, "quantization": {"method": "gguf", "scheme": scheme}}
    assert judgement_of("llm", config, NOTHING_COLLECTED)["quantization"] == "Q4_K_M"
    bare = judgement_of("llm", {"quantization": {"method": "gguf"}}, NOTHING_COLLECTED)
    assert bare["quantization"] == "gguf"
    assert judgement_of("llm", CONFIG, NOTHING_COLLECTED)["quantization"] == ""


def test_new_rules_judge_everything_again_and_change_nothing_else(model):
    listed = ModelFactory()
    before = judged(model)
    Model.objects.update(
        memory_8k=1, memory_class="x", runtimes=["x"], categories=["x"], judged_by=0
    )
    times = set(Model.objects.values_list("updated_at", flat=True))
    assert judge_again() == 2
    assert judged(model) == before
    assert judged(listed)["memory_8k"] is None
    assert set(Model.objects.values_list("updated_at", flat=True)) == times
    assert judge_again() == 0


def test_it_goes_on_batch_by_batch(monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(judging, "BATCH", 10)
    for number in range(11):
        ModelFactory(repo_id=f"acme/{number}")
    with django_assert_max_num_queries(7):  # with the savepoint's two
        assert judge_again() == 10
    assert judge_again() == 1
