"""Who runs what: every runtime over typical configurations, with what each no says."""

from __future__ import annotations

import re
from datetime import date

import pytest

from core.errors import UnknownPluginError
from registry.configs.llm import LlmConfig
from registry.runtimes import Collected, Compatibility, RuntimeFacts, runtimes
from tests.registry.runtimes.typical import LLAMA, TYPICAL, packed

# The runtimes that say yes; all others say no.
RUNS = {
    "llm": "mlx ollama tgi transformers vllm",
    "llm in pickles": "tgi transformers vllm",
    "llm nobody knows": "",
    "llm with code of its own": "",
    "llm with code that others have": "mlx vllm",
    "llm with code that nobody needs": "mlx ollama tgi transformers vllm",
    "llm without a class": "",
    "llm without weights": "",
    "gguf": "llama_cpp ollama transformers vllm",
    "gguf nobody knows": "",
    "gguf of pictures": "",
    "gguf of eyes": "",
    "gguf adapter": "llama_cpp",
    "gguf in parts": "llama_cpp",
    "gguf and safetensors": "llama_cpp mlx ollama tgi transformers vllm",
    "gptq": "tgi transformers vllm",
    "awq": "mlx tgi transformers vllm",
    "awq of eight bits": "tgi transformers vllm",
    "exl2": "tgi",
    "bitsandbytes": "transformers vllm",
    "modelopt": "vllm",
    "compressed tensors": "tgi transformers vllm",
    "mlx": "mlx",
    "mlx unpacked": "mlx",
    "onnx llm": "onnx_runtime",
    "adapter": "transformers",
    "adapter of nobody": "",
    "vision": "ollama tgi transformers vllm",
    "bge": "ollama sentence_transformers transformers vllm",
    "bert": "ollama onnx_runtime sentence_transformers transformers vllm",
    "gguf embedding": "llama_cpp ollama",
    "embedding with code of its own": "",
    "reranker": "sentence_transformers transformers vllm",
    "classifier": "transformers",
    "whisper": "transformers vllm",
    "whisper ggml": "whisper_cpp",
    "whispers ggml": "whisper_cpp",
    "ggml that is none": "",
    "whisper ctranslate2": "",
    "onnx graph": "onnx_runtime",
    "onnx that is none": "",
    "keras": "",
    "speech of another": "transformers",
    "sdxl": "comfyui diffusers stable_diffusion",
    "sdxl folder": "comfyui diffusers",
    "flux": "comfyui diffusers",
    "flux gguf": "",
    "lora": "comfyui diffusers stable_diffusion",
    "lora of nobody": "",
    "hypernetwork": "comfyui stable_diffusion",
    "upscaler": "comfyui stable_diffusion",
    "picture of no kind": "",
    "film": "comfyui",
    "layout": "transformers",
    "ocr": "transformers",
    "nothing": "",
}


@pytest.mark.parametrize("name", TYPICAL)
def test_exactly_these_run_it(name):
    answers = TYPICAL[name].compatibilities()
    assert [one.runtime for one in answers] == [cls.slug for cls in runtimes]
    assert [one.runtime for one in answers if one.compatible] == RUNS[name].split()


@pytest.mark.parametrize("name", TYPICAL)
def test_every_reason_is_one_sentence(name):
    for answer in TYPICAL[name].compatibilities():
        assert re.fullmatch(r"[A-Za-z].{10,250}\.", answer.reason), answer
        assert not re.search(r"\.\s|\s{2}|None|\bfrom \.", answer.reason), answer


@pytest.mark.parametrize(
    ("name", "runtime", "words"),
    [
        ("llm", "llama_cpp", "this version has safetensors only: convert it or take a GGUF build."),
        ("gptq", "llama_cpp", "safetensors only: take a GGUF build."),
        ("llm", "whisper_cpp", "this is a language model."),
        ("ocr", "ollama", "this is an OCR model."),
        ("nothing", "vllm", "not known in what format"),
        ("nothing", "llama_cpp", "what kind of model this is, is not known."),
        ("gguf", "vllm", "vLLM reads GGUF of llama as an experiment"),
        ("gguf", "transformers", "transformers reads GGUF of llama as its gguf_file"),
        ("gguf", "llama_cpp", "llama.cpp has llama and reads GGUF"),
        ("gguf", "tgi", "TGI reads safetensors and PyTorch files; this version has GGUF only"),
        ("gguf in parts", "vllm", "merge them with llama-gguf-split."),
        ("gguf embedding", "vllm", "this is an embedding model."),
        ("gguf embedding", "transformers", "transformers is not known to read bert in GGUF: take"),
        ("gguf nobody knows", "llama_cpp", "it is not known whether llama.cpp runs it."),
        ("gguf nobody knows", "vllm", "not known to read quux in GGUF, as vLLM has it do: take"),
        ("gguf of pictures", "llama_cpp", "llama.cpp has no flux: it makes pictures or films"),
        ("gguf of eyes", "ollama", "is a companion of another model, and Ollama runs none alone."),
        ("gguf adapter", "llama_cpp", "with --lora to a GGUF build of acme/base."),
        ("gguf adapter", "vllm", "adapter in GGUF, which vLLM does not read"),
        ("llm with code of its own", "transformers", "only with trust_remote_code; this yard runs"),
        ("llm with code of its own", "vllm", "which vLLM runs only with --trust-remote-code;"),
        ("llm with code of its own", "tgi", "which TGI runs only with --trust-remote-code;"),
        ("llm with code that others have", "transformers", "code of the model's own"),
        ("llm with code that others have", "vllm", "may ask for --trust-remote-code all the same."),
        ("embedding with code of its own", "sentence_transformers", "this yard runs no such code."),
        ("llm nobody knows", "transformers", "not known whether transformers has QuuxForCausalLM"),
        ("mlx unpacked", "transformers", "is not known to read as MLX writes them"),
        ("whisper ctranslate2", "transformers", "this version has CTranslate2 only"),
        ("whisper ctranslate2", "whisper_cpp", "this version has CTranslate2 only: convert it"),
        ("onnx that is none", "onnx_runtime", "not known in what format"),
        ("keras", "onnx_runtime", "this version has Keras only"),
        ("gguf in parts", "ollama", "llama-gguf-split"),
        ("exl2", "vllm", "packed by exl2"),
        ("compressed tensors", "mlx", "packed by compressed-tensors"),
        ("awq of eight bits", "mlx", "4 bits alone"),
        ("bitsandbytes", "tgi", "take an unpacked build"),
        ("mlx", "vllm", "converted for MLX, which vLLM cannot read"),
        ("adapter", "vllm", "serve meta-llama/Llama-3.1-8B"),
        ("adapter", "transformers", "through PEFT on top of meta-llama/Llama-3.1-8B."),
        ("adapter of nobody", "transformers", "not known to which model"),
        ("llm nobody knows", "vllm", "it is not known whether vLLM runs it."),
        ("llm nobody knows", "tgi", "is not known."),
        ("llm without a class", "transformers", "names no architecture"),
        ("vision", "mlx", "take a build made for MLX"),
        ("bert", "sentence_transformers", "adds a mean pooling"),
        ("whisper", "whisper_cpp", "convert-h5-to-ggml.py"),
        ("speech of another", "whisper_cpp", "runs Whisper alone, not VitsModel."),
        ("flux", "stable_diffusion", "not FLUX.1: use ComfyUI or diffusers."),
        ("flux gguf", "comfyui", "ComfyUI-GGUF"),
        ("sdxl folder", "stable_diffusion", "take a single .safetensors."),
        ("lora of nobody", "diffusers", "not known which base model"),
        ("picture of no kind", "diffusers", "checkpoint or something that is added"),
        ("film", "diffusers", "take the build laid out as a folder."),
        ("sdxl", "transformers", "loaded by diffusers"),
    ],
)
def test_the_reason_says_what_to_do(name, runtime, words):
    assert words in TYPICAL[name].is_compatible_with(runtime).reason


def test_vllm_answers_by_the_collected_list_where_there_is_one():
    names, read = frozenset({"QuuxForCausalLM"}), "collected on 3 June 2026 from docs.vllm.ai"
    known = RuntimeFacts(Collected(names, "docs.vllm.ai", date(2026, 6, 3)), generation=1)
    new = TYPICAL["llm nobody knows"].is_compatible_with("vllm", known)
    reason = (
        f"QuuxForCausalLM is on vLLM's list of architectures, {read}, and vLLM reads safetensors."
    )
    assert new == Compatibility("vllm", compatible=True, reason=reason)
    gone = TYPICAL["llm"].is_compatible_with("vllm", known)
    reason = f"vLLM's list of architectures, {read}, does not have LlamaForCausalLM."
    assert gone == Compatibility("vllm", compatible=False, reason=reason)
    assert "built into this yard" in TYPICAL["llm"].is_compatible_with("vllm").reason


def test_what_came_to_vllm_later_is_known_too():
    new = TYPICAL["llm"].model_copy(update={"architecture": "GlmMoeDsaForCausalLM"})
    assert new.is_compatible_with("vllm").compatible


def test_a_method_is_known_however_it_is_written():
    for method in ("compressed-tensors", "Compressed_Tensors"):
        assert packed(method).is_compatible_with("vllm").compatible


def test_a_single_file_beside_a_folder_counts():
    both = TYPICAL["sdxl folder"].model_copy(update={"files": ("sd_xl_base.safetensors",)})
    assert both.is_compatible_with("stable_diffusion").compatible
    inside = TYPICAL["sdxl folder"].model_copy(update={"files": ("unet/model.safetensors",)})
    assert not inside.is_compatible_with("stable_diffusion").compatible


def test_a_runtime_that_nobody_knows_is_an_error():
    with pytest.raises(UnknownPluginError, match="whisper_cpp"):
        LlmConfig(**LLAMA).is_compatible_with("vllm2")
