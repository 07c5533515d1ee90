from __future__ import annotations

import pytest

from catalog.inspectors.signs import kind_of_names, shape_of, signs_of
from tests.catalog.inspectors.memory import subject_of

LLAMA = {"num_hidden_layers": 2, "hidden_size": 8, "vocab_size": 9, "num_key_value_heads": 1}
BERT = {"num_hidden_layers": 2, "hidden_size": 8, "vocab_size": 9, "type_vocab_size": 2}
VIT = {"num_hidden_layers": 2, "hidden_size": 8, "image_size": 224, "patch_size": 16}


@pytest.mark.parametrize(
    ("config", "shape"),
    [
        (LLAMA, "decoder"),
        (BERT, "encoder"),
        ({**BERT, "is_decoder": True}, "decoder"),
        ({**BERT, "num_key_value_heads": 4}, "decoder"),
        ({"num_layers": 2, "d_model": 8, "vocab_size": 9, "is_encoder_decoder": True}, "decoder"),
        (VIT, "image"),
        ({"num_mel_bins": 80, **LLAMA}, "audio"),
        ({"sampling_rate": 24000, "codebook_size": 1024}, "audio"),
        ({"audio_config": {"d_model": 8}, "text_config": LLAMA}, "audio"),
        ({"audio_config": {"d_model": 8}, "vision_config": VIT, "text_config": LLAMA}, "decoder"),
        ({**BERT, "max_2d_position_embeddings": 1024}, "layout"),
        ({"text_config": BERT, "vision_config": VIT, "projection_dim": 512}, "contrastive"),
        ({"vocab_size": 9}, ""),
        ({}, ""),
    ],
)
def test_fields_show_a_shape(config, shape):
    assert shape_of(config, "") == shape


def test_two_encoders_with_a_head_that_writes_are_no_pair():
    both = {"text_config": BERT, "vision_config": VIT, "projection_dim": 512}
    assert shape_of(both, "BlipForConditionalGeneration") == "encoder"
    assert shape_of({**both, "image_token_index": 7}, "PaliGemmaModel") == "encoder"
    siglip = {"text_config": BERT, "vision_config": VIT}
    assert shape_of(siglip, "SiglipModel") == "contrastive"


@pytest.mark.parametrize(
    ("paths", "kind"),
    [
        (["am/final.mdl", "conf/model.conf"], "audio"),
        (["vosk-small/am/final.mdl"], "audio"),
        (["canary.nemo"], "audio"),
        (["ggml-large-v3.bin"], "audio"),
        (["open_clip_config.json"], "embedding"),
        (["pytorch_lora_weights.safetensors"], "image"),
        (["learned_embeds.bin"], "image"),
        (["model-Q4_K_M.gguf"], "llm"),
        (["consolidated.00.pth", "params.json"], "llm"),
        (["weights.bin", "notes.txt"], ""),
        ([], ""),
    ],
)
def test_names_of_files_give_a_kind_away(paths, kind):
    assert kind_of_names(paths) == kind


def test_signs_are_gathered_from_all_there_is():
    files = {
        "config.json": {"architectures": ["XModel"], "model_type": "x", "id2label": {"0": "a"}},
        "modules.json": [],
        "mmproj-F16.gguf": b"",
    }
    found = signs_of(subject_of(files, card={"tags": ["a"]}, tags=("b",), library_name="lib"))
    assert (found.architecture, found.family, found.labels) == ("XModel", "x", 1)
    assert found.tags == ("a", "b")
    assert found.library == "lib"
    assert found.pools
    assert found.sees


def test_an_adapter_is_of_the_kind_of_its_base():
    adapter = {"peft_type": "LORA", "task_type": "SEQ_CLS"}
    assert signs_of(subject_of({"adapter_config.json": adapter})).task_type == "classifier"
    adapter = {"auto_mapping": {"base_model_class": "WhisperForConditionalGeneration"}}
    found = signs_of(subject_of({"adapter_config.json": adapter}))
    assert found.architecture == "WhisperForConditionalGeneration"


def test_a_language_part_in_a_class_that_writes_has_other_senses():
    config = {"architectures": ["Llama4ForConditionalGeneration"], "text_config": LLAMA}
    assert signs_of(subject_of({"config.json": config})).sees
    config["architectures"] = ["Llama4ForCausalLM"]
    assert not signs_of(subject_of({"config.json": config})).sees


@pytest.mark.parametrize(
    "mark",
    [
        {"sentence_transformers": {"activation_fn": "torch.nn.Sigmoid"}},
        {"sbert_ce_default_activation_function": "torch.nn.Identity"},
    ],
)
def test_a_cross_encoder_is_known_by_what_it_writes_down(mark):
    assert signs_of(subject_of({"config.json": mark})).scores
