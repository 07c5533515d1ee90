from __future__ import annotations

from catalog.inspectors.kinds.llm import facts
from registry.configs.llm import LlmConfig
from tests.catalog.inspectors.memory import subject_of

CONFIG = {"num_hidden_layers": 2, "hidden_size": 8, "vocab_size": 9, "eos_token_id": 2}


def test_a_language_model_is_shape_tokenizer_and_advice():
    files = {
        "config.json": CONFIG,
        "generation_config.json": {"temperature": 0.6, "do_sample": True},
        "tokenizer_config.json": {
            "tokenizer_class": "LlamaTokenizer",
            "added_tokens_decoder": {"2": {"content": "</s>"}},
            "chat_template": "{{ messages }}",
        },
    }
    subject = subject_of(files)
    found = LlmConfig(**facts(subject))
    assert found.num_layers == 2
    assert found.sampling.temperature == 0.6
    assert (found.tokenizer.eos_token, found.tokenizer.kind) == ("</s>", "LlamaTokenizer")
    assert found.tokenizer.chat_template == "{{ messages }}"
    assert found.inference_params().additional == {"temperature": 0.6}
    assert subject.problems.found == []


def test_what_is_not_there_is_unknown():
    found = LlmConfig(**facts(subject_of({"config.json": CONFIG})))
    assert found.sampling is None
    assert found.tokenizer is None
