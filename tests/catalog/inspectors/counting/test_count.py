from __future__ import annotations

import json
from pathlib import Path

import pytest

from catalog.inspectors.counting import parameters

MODELS = json.loads(Path(__file__).with_name("families.json").read_text())["models"]
LLAMA = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "hidden_act": "silu",
    "vocab_size": 128256,
    "tie_word_embeddings": False,
}
MIXTRAL = {
    "model_type": "mixtral",
    "architectures": ["MixtralForCausalLM"],
    "num_local_experts": 8,
    "num_experts_per_tok": 2,
    "num_hidden_layers": 32,
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 32000,
}
BLOCK = {"attention": {"n_heads_in_group": 4}, "ffn": {"ffn_mult": 5.25}}
BARE = {"attention": {"no_op": True}, "ffn": {"no_op": True}}


def total(config):
    counted = parameters(config)
    return None if counted is None else counted.total


@pytest.mark.parametrize(
    "model", MODELS, ids=lambda model: f"{model['class']}-{model['parameters']}"
)
def test_the_count_of_a_family_is_that_of_its_class(model):
    counted = parameters(model["config"])
    assert counted is not None
    assert counted.total == pytest.approx(model["parameters"], rel=0.02)
    assert counted.active is None or 0 < counted.active < counted.total


def test_the_rule_is_told():
    assert parameters(LLAMA).how == "computed from config.json: decoder, untied embeddings"
    assert "8 experts of which 2 are used" in parameters(MIXTRAL).how
    assert "general rule" in parameters({**LLAMA, "model_type": "new"}).how


def test_only_chosen_experts_are_active():
    counted = parameters(MIXTRAL)
    assert counted.total == 46_702_792_704
    assert counted.active == 12_879_925_248
    assert parameters(LLAMA).active is None


def test_tied_embeddings_are_counted_once():
    apart = total(LLAMA)
    assert apart == 8_030_261_248
    assert total({**LLAMA, "tie_word_embeddings": True}) == apart - 128256 * 4096
    assert total({**LLAMA, "architectures": ["LlamaModel"]}) == apart - 128256 * 4096


def test_packed_weights_count_as_unpacked():
    packed = {**LLAMA, "quantization_config": {"quant_method": "gptq", "bits": 4}}
    assert total(packed) == total(LLAMA)


@pytest.mark.parametrize("model_type", ["llama-next", "", 7, None])
def test_an_unknown_type_with_fields_of_llama_is_counted_as_one(model_type):
    assert total({**LLAMA, "model_type": model_type}) == total(LLAMA)


@pytest.mark.parametrize(
    "change",
    [
        {"hidden_act": "gelu"},
        {"hidden_size": None},
        {"intermediate_size": None},
        {"vocab_size": "many"},
        {"num_attention_heads": 5},
        {"num_hidden_layers": 5000},
        {"latent_width": 256},
        {"mamba_d_state": 16},
        {"is_encoder_decoder": True},
        {"vision_config": {"depth": 24}},
        {"num_experts": 8, "moe_layer_frequency": 2},
        {"num_experts": 16384},
        {"layer_types": ["linear_attention"] * 32},
        {"layer_types": ["something"] * 32},
        {"architectures": ["NewForObjectDetection"]},
    ],
)
def test_an_unknown_type_is_left_alone_where_its_fields_say_more_or_less(change):
    assert total({**LLAMA, "model_type": "new", **change}) is None


@pytest.mark.parametrize(
    "change",
    [
        {"num_key_value_heads": 5},
        {"num_key_value_heads": 64},
        {"hidden_size": -1},
        {"hidden_size": True},
        {"hidden_size": 1 << 63},
        {"num_hidden_layers": float("nan")},
        {"routed_expert_hidden_size": 3584},
        {"architectures": ["LlamaForXVector"]},
    ],
)
def test_a_known_type_is_left_alone_where_its_fields_contradict(change):
    assert total({**LLAMA, **change}) is None


def test_what_a_file_leaves_out_is_what_its_class_takes():
    nested = {"model_type": "llava", "text_config": {"model_type": "llama", "vocab_size": 32064}}
    vision = {"model_type": "clip_vision_model", "hidden_size": 1024, "intermediate_size": 4096,
              "num_hidden_layers": 24, "num_attention_heads": 16, "image_size": 336,
              "patch_size": 14}  # fmt: skip
    config = {**nested, "vision_config": vision, "tie_word_embeddings": False,
              "architectures": ["LlavaForConditionalGeneration"]}  # fmt: skip
    assert total(config) == 7_063_427_072


def test_an_unknown_whole_of_known_parts_is_their_sum():
    vision = {"model_type": "siglip_vision_model", "hidden_size": 1152, "patch_size": 14,
              "num_hidden_layers": 27, "intermediate_size": 4304, "image_size": 384,
              "num_attention_heads": 16}  # fmt: skip
    whole = {"model_type": "new_vl", "architectures": ["NewForConditionalGeneration"],
             "text_config": LLAMA, "vision_config": vision,
             "tie_word_embeddings": False}  # fmt: skip
    alone = total({**vision, "architectures": ["SiglipVisionModel"]})
    assert alone == 428_225_600
    assert total(whole) == total(LLAMA) + alone + 4096 * (1152 + 4096)
    small = {**LLAMA, "hidden_size": 512, "num_attention_heads": 8, "num_hidden_layers": 1}
    tiny_eye = {**vision, "num_hidden_layers": 1, "intermediate_size": 16}
    tiny = {**whole, "text_config": {**small, "vocab_size": 100, "intermediate_size": 64}}
    assert total({**tiny, "vision_config": tiny_eye}) is None


def test_layers_listed_one_by_one_are_summed():
    config = {**LLAMA, "model_type": "nemotron-nas", "intermediate_size": None}
    config = {**config, "num_key_value_heads": None, "block_configs": [BLOCK] * 31 + [BARE]}
    layer = (total(LLAMA) - 2 * 128256 * 4096 - 4096) // 32
    assert total(config) == total(LLAMA) - layer
    assert total({**config, "block_configs": [{"attention": {}, "ffn": {}}]}) is None


T5 = {
    "model_type": "t5",
    "architectures": ["T5ForConditionalGeneration"],
    "feed_forward_proj": "gated-gelu",
    "d_ff": 1024,
    "num_layers": 8,
    "num_heads": 6,
}


def test_a_head_that_only_some_classes_of_t5_have_is_not_guessed():
    tied = total(T5)
    assert tied == 60_511_616
    assert total({**T5, "tie_word_embeddings": False}) is None
    assert total({**T5, "tie_word_embeddings": False, "vocab_size": 1000}) is not None
    encoder = {**T5, "architectures": ["T5EncoderModel"]}
    assert total({**encoder, "tie_word_embeddings": False}) == total(encoder)


def test_what_layers_share_is_not_there_where_none_uses_it():
    zamba = {"model_type": "zamba", "architectures": ["ZambaForCausalLM"], "num_hidden_layers": 4}
    kinds = (["mamba"] * 4, ["mamba", "hybrid"] + ["mamba"] * 2, ["mamba", "hybrid"] * 2)
    none, one, two = (total({**zamba, "layers_block_type": list(kind)}) for kind in kinds)
    assert two - one == 3712 * 3712 < one - none


def test_experts_of_attention_are_chosen_too():
    counted = parameters({"model_type": "jetmoe", "architectures": ["JetMoeForCausalLM"]})
    per_expert = 2 * 2048 * 16 * 128 + 3 * 2048 * 5632
    assert counted.total - counted.active == 12 * 6 * per_expert


def test_layers_that_a_file_gives_fields_of_their_own_are_counted_apart():
    wide = {"intermediate_size": 2 * 14336}
    more = 3 * 4096 * 14336
    listed = {"3": wide, "07": {**wide, "num_key_value_heads": 16}}
    config = {**LLAMA, "per_layer_config": listed}
    assert total(config) == total(LLAMA) + 2 * more + 2 * 4096 * 8 * 128


@pytest.mark.parametrize(
    "listed", [{"40": {}}, {"x": {}}, {"3": 7}, {"3": {"skip": ["mlp"]}}, {"9" * 5000: {}}]
)
def test_layers_with_fields_that_are_not_understood_leave_all_unknown(listed):
    assert total({**LLAMA, "per_layer_config": listed}) is None
