"""Settings that somebody wrote to break us: nothing raises, nothing grows, all can be stored."""

from __future__ import annotations

import json
import tracemalloc

import pytest

from catalog.inspectors.inspect import inspect_version
from registry.configs import load_config
from tests.catalog.inspectors.memory import MemoryReader, listing_of

SHAPE = {
    "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "vocab_size": 9,
    "max_position_embeddings": 64, "intermediate_size": 16, "bos_token_id": 1, "eos_token_id": [2],
    "rope_scaling": {"factor": 2.0}, "torch_dtype": "bfloat16", "image_size": 224,
    "patch_size": 16, "id2label": {"0": "a", "1": "b"}, "num_labels": 2,
    "problem_type": "regression", "model_type": "x", "quantization_config":
    {"quant_method": "gptq", "bits": 4, "config_groups": {"a": {"weights": {"num_bits": 4}}}},
}  # fmt: skip
TOKENS = {
    "tokenizer_class": "X", "bos_token": "<s>", "eos_token": {"content": "</s>"},
    "chat_template": [{"name": "default", "template": "t"}], "model_max_length": 64,
}  # fmt: skip
COMMON = {
    "tokenizer_config.json": TOKENS,
    "special_tokens_map.json": {"pad_token": "<pad>"},
    "generation_config.json": {"temperature": 1, "top_p": 1, "top_k": 1,
                               "lang_to_id": {"<|en|>": 1}},
    "preprocessor_config.json": {"size": {"height": 9, "width": 9}, "crop_size": 9,
                                 "sampling_rate": 16000, "feature_size": 80, "chunk_length": 30},
    "processor_config.json": {"image_seq_length": 9},
    "adapter_config.json": {"peft_type": "LORA", "r": 8, "lora_alpha": 8, "target_modules": ["q"],
                            "base_model_name_or_path": "a/b"},
}  # fmt: skip
VISION = {"vision_config": {"image_size": 9, "patch_size": 3, "depth": 1, "embed_dim": 8,
          "depths": [1]}, "audio_config": {"d_model": 8}, "text_config": SHAPE}  # fmt: skip
PART = {"_class_name": "UNet2DConditionModel", "cross_attention_dim": 768, "sample_size": 64,
        "block_out_channels": [320, 640, 1280, 1280]}  # fmt: skip
PIPELINE = {"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "X"],
            "vae": ["diffusers", "Y"], "scheduler": ["diffusers", "S"]}  # fmt: skip
FILM = {"_class_name": "CogVideoXTransformer3DModel", "sample_frames": 49, "sample_height": 60,
        "sample_width": 90, "temporal_compression_ratio": 4, "fps": 8}  # fmt: skip
FILMS = {"_class_name": "CogVideoXPipeline", "transformer": ["d", "CogVideoXTransformer3DModel"],
         "vae": ["d", "Y"]}  # fmt: skip
VAE = {"block_out_channels": [1, 2, 3, 4], "temperal_downsample": [True]}
POOLS = {
    "modules.json": [{"type": "x.Pooling", "path": "1"}, {"type": "x.Dense", "path": "2"}],
    "1/config.json": {"word_embedding_dimension": 8, "pooling_mode": "mean"},
    "2/config.json": {"out_features": 8},
    "config_sentence_transformers.json": {"prompts": {"q": "q: "}, "similarity_fn_name": "cosine"},
    "sentence_bert_config.json": {"max_seq_length": 9},
}
DOCUMENT = {"max_2d_position_embeddings": 9, "visual_embed": True, "input_size": 9}
PAIR = {"encoder": {"image_size": [1, 2], "depths": [1]}, "decoder": {"decoder_layers": 2}}
PARAMS = {"dim": 8, "n_layers": 2, "n_heads": 2, "vocab_size": 9, "multiple_of": 4,
          "ffn_dim_multiplier": 1.3, "moe": {"num_experts": 2},
          "vision_encoder": {"patch_size": 2}}  # fmt: skip


def classed(name, **more):
    return {"config.json": {**SHAPE, "architectures": [name], **more}, **COMMON}


REPOSITORIES = {
    "llm": classed("LlamaForCausalLM"),
    "native": {"params.json": PARAMS, **COMMON},
    "vision-language": classed("XForConditionalGeneration", **VISION),
    "embedding": {**classed("BertModel"), **POOLS},
    "reranker": classed("XForSequenceClassification", id2label={"0": "a"}, sentence_transformers=
                        {"activation_fn": "torch.nn.Sigmoid"}),
    "classifier": classed("ViTForImageClassification"),
    "layout": classed("LayoutLMv3Model", **DOCUMENT),
    "ocr": classed("VisionEncoderDecoderModel", **PAIR),
    "audio": classed("WhisperForConditionalGeneration", num_mel_bins=80, audio_encoder={}),
    "image": {"model_index.json": PIPELINE, "unet/config.json": PART, "vae/config.json": VAE},
    "video": {"model_index.json": FILMS, "transformer/config.json": FILM, "vae/config.json": VAE},
}  # fmt: skip
HOSTILE = (
    None, True, -1, 1.5, 10**40, "x" * 5000, "\ud800\x00\u202e", [], [[], None],
    {"": {"a": [{}]}}, {str(n): [n] for n in range(300)},
)  # fmt: skip


def broken(value):
    """Each place inside, at most two levels down, with something hostile in its stead."""
    keys = value.keys() if isinstance(value, dict) else range(len(value))
    for key in keys:
        copy = dict(value) if isinstance(value, dict) else list(value)
        for hostile in HOSTILE:
            copy[key] = hostile
            yield copy
        if isinstance(value[key], dict | list):
            for inner in broken(value[key]):
                copy[key] = inner
                yield copy


def inspected(files):
    files = {"README.md": "", **files}
    found = inspect_version(MemoryReader(files), listing_of(files))
    kept = found.config.model_dump(mode="json")
    text = json.dumps(kept, allow_nan=False).encode()
    assert b"\\u0000" not in text
    assert b"\\ud800" not in text
    assert len(text) < 200_000
    assert load_config(found.model_type, kept) == found.config
    return found


@pytest.mark.parametrize("kind", REPOSITORIES)
def test_any_value_in_any_place_is_survived(kind):
    files = REPOSITORIES[kind]
    model_type = {"native": "vision-language"}.get(kind, kind)
    assert inspected(files).model_type == model_type
    # The files of tokenizers and processors are broken where most of them is read.
    own = files.keys() - (COMMON.keys() if kind not in {"llm", "vision-language", "audio"} else {})
    for path in sorted(own):
        for hostile in broken(files[path]):
            inspected({**files, path: json.dumps(hostile)})


@pytest.mark.parametrize("kind", REPOSITORIES)
@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[" * 20_000, b"null"])
def test_a_file_that_is_none_is_named_and_the_rest_is_told(kind, content):
    files = REPOSITORIES[kind]
    for path in files:
        inspected({**files, path: content})
    assert inspected(dict.fromkeys(files, content)).problems


@pytest.mark.parametrize("name", ["text_config", "vision_config", "quantization_config", "encoder"])
def test_a_configuration_inside_another_a_thousand_times_is_survived(name):
    nested = f'{{"{name}": ' * 900 + "{}" + "}" * 900
    inspected({**COMMON, "config.json": nested})


def test_memory_stays_small_whatever_the_files_claim():
    labels = {str(n): "x" for n in range(50_000)}
    files = {
        "config.json": {**SHAPE, "architectures": ["XForTokenClassification"], "id2label": labels},
        "tokenizer_config.json": b'{"chat_template": "' + b"x" * (40 << 20) + b'"}',
        "chat_template.jinja": b"x" * (40 << 20),
        "generation_config.json": b"{" * (9 << 20),
    }
    reader = MemoryReader({"README.md": "", **files})
    listing = listing_of(reader.files)
    tracemalloc.start()
    found = inspect_version(reader, listing)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.config.num_labels == 50_000
    assert peak < 100 << 20


def test_a_repository_of_a_thousand_settings_is_read_in_bounds():
    modules = [{"type": "x.Dense", "path": str(n)} for n in range(29)]
    files = {f"{n}/config.json": {"out_features": 8} for n in range(29)}
    files |= {**classed("BertModel"), "modules.json": modules, "README.md": ""}
    reader = MemoryReader(files)
    found = inspect_version(reader, listing_of(files))
    assert len(reader.read) <= 9
    assert any("was not read" in problem for problem in found.problems)
