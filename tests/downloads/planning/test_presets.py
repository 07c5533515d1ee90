"""Each preset takes what its runtime loads, of repositories as they are."""

from __future__ import annotations

import pytest

from core.errors import InvalidInputError
from downloads.planning.formats import has_weights
from downloads.planning.presets import PRESETS, preset_named, taken_by
from downloads.planning.quantizations import part_of, quantization_of
from tests.downloads.planning import listings as known


def weights(preset, paths):
    return sorted(path for path in taken_by(*preset_named(preset), paths) if has_weights(path))


@pytest.mark.parametrize(
    ("preset", "paths", "expected"),
    [
        ("safetensors", known.BERT, ["model.safetensors"]),
        ("transformers", known.BERT, ["model.safetensors"]),
        ("onnx", known.BERT, ["model.onnx"]),
        ("safetensors", known.SENTENCES, ["model.safetensors"]),
        ("sentence-transformers", known.SENTENCES, ["model.safetensors"]),
        ("safetensors", known.DENSE, ["model.safetensors"]),
        (
            "sentence-transformers",
            known.DENSE,
            ["2_Dense/pytorch_model.bin", "model.safetensors"],
        ),
        ("vllm", known.LLAMA, list(known.shards("model", 4, ".safetensors"))),
        ("safetensors", known.MISTRAL, list(known.shards("model", 3, ".safetensors"))),
        ("vllm", known.MISTRAL_ALONE, ["consolidated.safetensors"]),
        ("vllm", known.GPT_OSS, list(known.shards("model", 3, ".safetensors"))),
        ("transformers", known.OLD_LLAMA, list(known.shards("pytorch_model", 2, ".bin"))),
        ("transformers", known.CHECKPOINTS, ["model.safetensors"]),
        (
            "diffusers",
            known.XL,
            [
                "text_encoder/model.safetensors",
                "text_encoder_2/model.safetensors",
                "unet/diffusion_pytorch_model.safetensors",
                "vae/diffusion_pytorch_model.safetensors",
            ],
        ),
        (
            "diffusers:fp16",
            known.XL,
            [
                "text_encoder/model.fp16.safetensors",
                "text_encoder_2/model.fp16.safetensors",
                "unet/diffusion_pytorch_model.fp16.safetensors",
                "vae/diffusion_pytorch_model.fp16.safetensors",
            ],
        ),
        (
            "diffusers",
            known.OLD_DIFFUSION,
            [
                "safety_checker/model.fp16.safetensors",
                "unet/diffusion_pytorch_model.bin",
                "vae/diffusion_pytorch_model.safetensors",
            ],
        ),
        ("diffusers", known.LORA, ["pytorch_lora_weights.safetensors"]),
        ("gguf", known.BLOKE, ["llama-2-7b.Q4_K_M.gguf"]),
        ("gguf:q8_0", known.BLOKE, ["llama-2-7b.Q8_0.gguf"]),
        (
            "llama.cpp",
            known.SPLIT,
            list(known.shards("Q4_K_M/Qwen3-235B-A22B-Q4_K_M", 3, ".gguf")),
        ),
        (
            "llama.cpp:UD-Q4_K_XL",
            known.SPLIT,
            list(known.shards("UD-Q4_K_XL/Qwen3-235B-A22B-UD-Q4_K_XL", 3, ".gguf")),
        ),
        ("gguf:BF16", known.SPLIT, list(known.shards("BF16/Qwen3-235B-A22B-BF16", 10, ".gguf"))),
        (
            "llama.cpp",
            known.OMNI,
            ["Qwen2.5-Omni-3B-Q4_K_M.gguf", "mmproj-Qwen2.5-Omni-3B-f16.gguf"],
        ),
        (
            "llama.cpp:Q8_0",
            known.OMNI,
            ["Qwen2.5-Omni-3B-Q8_0.gguf", "mmproj-Qwen2.5-Omni-3B-Q8_0.gguf"],
        ),
        ("gguf", known.UNNAMED_GGUF, ["model.gguf"]),
        ("onnx:q4", known.BROWSER, ["onnx/model_q4.onnx", "onnx/model_q4.onnx_data"]),
        ("onnx:quantized", known.BROWSER, ["onnx/model_quantized.onnx"]),
        ("onnx", known.BROWSER, sorted(p for p in known.BROWSER if p.startswith("onnx/"))),
    ],
)
def test_a_preset_takes_the_weights_that_its_runtime_loads(preset, paths, expected):
    assert weights(preset, paths) == sorted(expected)


@pytest.mark.parametrize(
    ("preset", "paths", "words"),
    [
        ("safetensors", known.OLD_LLAMA, "needs safetensors; the weights here are pickle"),
        ("gguf", known.BERT, "needs gguf"),
        ("onnx", known.BLOKE, "needs onnx; the weights here are gguf"),
        ("gguf:Q9_K", known.BLOKE, "There are: Q2_K, Q3_K_S, Q4_0"),
        ("diffusers:bf16", known.XL, "There are: fp16"),
    ],
)
def test_a_preset_that_could_load_nothing_says_what_there_is(preset, paths, words):
    with pytest.raises(InvalidInputError, match=words):
        weights(preset, paths)


@pytest.mark.parametrize("preset", ["", "tensorrt", "gguf:" + "x" * 40])
def test_a_preset_that_does_not_exist_is_refused(preset):
    with pytest.raises(InvalidInputError) as caught:
        preset_named(preset)
    assert caught.value.details["field"] == "preset"


@pytest.mark.parametrize("slug", sorted(PRESETS))
def test_every_preset_takes_a_repository_without_weights_as_it_is(slug):
    taken = taken_by(PRESETS[slug], "", known.TOKENIZER_ALONE)
    assert taken == (frozenset(known.TOKENIZER_ALONE) if PRESETS[slug].support else frozenset())


def test_pictures_and_states_of_training_belong_to_no_runtime():
    taken = taken_by(PRESETS["transformers"], "", known.CHECKPOINTS)
    assert taken == {*known.TEXT, "model.safetensors"}


def test_an_index_comes_with_its_own_shards_alone():
    both = (*known.LLAMA, "pytorch_model.bin.index.json", "pytorch_model.bin")
    taken = taken_by(PRESETS["vllm"], "", both)
    assert "model.safetensors.index.json" in taken
    assert "pytorch_model.bin.index.json" not in taken


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("llama-2-7b.Q4_K_M.gguf", "Q4_K_M"),
        ("phi-3-mini-4k-instruct-q4.gguf", ""),
        ("Q2_K/Qwen3-Q2_K-00001-of-00002.gguf", "Q2_K"),
        ("gemma-3-4b-it-IQ4_XS.gguf", "IQ4_XS"),
        ("DeepSeek-R1-UD-IQ1_S/DeepSeek-R1-UD-IQ1_S-00001-of-00003.gguf", "UD-IQ1_S"),
        ("gpt-oss-20b-mxfp4.gguf", "MXFP4"),
        ("model-f16.gguf", "F16"),
        ("BF16/model-00001-of-00002.gguf", "BF16"),
        ("ggml-model-Q8_0.gguf", "Q8_0"),
        ("bitnet-tq2_0.gguf", "TQ2_0"),
    ],
)
def test_a_quantization_is_read_from_the_name(path, label):
    assert quantization_of(path) == label


def test_a_part_names_its_whole():
    assert part_of("a/m-00002-of-00003.gguf") == ("a/m.gguf", 2, 3)
    assert part_of("a/m.gguf") is None
