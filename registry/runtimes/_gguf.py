"""Architectures of GGUF files, as general.architecture names them, and who has them."""

from __future__ import annotations

import re
from typing import Final

from registry.configs.base import ModelConfig
from registry.runtimes._rules import TENSORS, is_adapter, words

_PART: Final = re.compile(r"-\d{5}-of-\d{5}\.gguf$")


def has_gguf_alone(config: ModelConfig) -> bool:
    """Tell whether GGUF is what a runtime of tensors would have to take."""
    return "gguf" in config.formats and not set(config.formats) & set(TENSORS)


def in_parts(config: ModelConfig, title: str) -> str:
    """Refuse a GGUF that is split into several files."""
    if not any(_PART.search(path) for path in config.files):
        return ""
    return f"Its GGUF is in parts, which {title} does not take: merge them with llama-gguf-split."


def architecture_of(config: ModelConfig) -> str:
    """Return what the header names; '' where a config.json beside it names a class instead."""
    return "" if config.architecture else config.family


def not_in_llama_cpp(config: ModelConfig, title: str) -> str:
    """Refuse architectures that llama.cpp has not, and those of which that is not known."""
    name = architecture_of(config)
    if not name or name in LLAMA_CPP:
        return ""
    if name in PICTURES:
        return f"{title} has no {name}: it makes pictures or films, for which there is ComfyUI."
    if name in COMPANIONS:
        return f"A GGUF of {name} is a companion of another model, and {title} runs none alone."
    return (
        f"{name} is not among the architectures of llama.cpp that are built into this yard: it is"
        f" not known whether {title} runs it."
    )


def not_in_transformers(config: ModelConfig, title: str) -> str:
    """Refuse GGUF whose keys transformers does not translate, adapters and parts."""
    if is_adapter(config):
        return f"It is an adapter in GGUF, which {title} does not read: take one in safetensors."
    name = config.family
    if _plain(name) in _TRANSLATED:
        return in_parts(config, title)
    which = f"{name} in GGUF" if name else "GGUF whose architecture nobody names"
    why = "" if title == "transformers" else f", as {title} has it do"
    return f"transformers is not known to read {which}{why}: take safetensors, or llama.cpp."


def _plain(name: str) -> str:
    """Write model types and architectures alike: qwen2_moe and qwen2moe."""
    return re.sub("[_-]", "", name.lower())


# LLM_ARCH_NAMES of github.com/ggml-org/llama.cpp (src/llama-arch.cpp), in 2026.
LLAMA_CPP: Final = words(
    """
    afmoe apertus arcee arctic arwkv7 baichuan bailingmoe bailingmoe2 bert bitnet bloom chameleon
    chatglm codeshell cogvlm cohere2 cohere2moe command-r dbrx deci deepseek deepseek2
    deepseek2-ocr deepseek32 deepseek4 dots1 dream ernie4_5 ernie4_5-moe eurobert exaone
    exaone-moe exaone4 falcon falcon-h1 gemma gemma-embedding gemma2 gemma3 gemma3n gemma4 glm-dsa
    glm4 glm4moe gpt-oss gpt2 gptj gptneox granite granitehybrid granitemoe grok grovemoe
    hunyuan-dense hunyuan-moe hunyuan_vl hy_v3 internlm2 jais jais2 jamba jina-bert-v2
    jina-bert-v3 kimi-k3 kimi-linear laguna lfm2 lfm2moe llada llada-moe llama llama-embed llama4
    maincoder mamba mamba2 mellum mimo2 minicpm minicpm3 minimax-01 minimax-m2 minimax-m3 mistral3
    mistral4 modern-bert mpt nanbeige nemotron nemotron_h nemotron_h_moe neo-bert nomic-bert
    nomic-bert-moe olmo olmo2 olmoe openelm orion paddleocr pangu-embedded phi2 phi3 phimoe plamo
    plamo2 plamo3 plm qwen qwen2 qwen2moe qwen2vl qwen3 qwen35 qwen35moe qwen3moe qwen3next
    qwen3vl qwen3vlmoe refact rnd1 rwkv6 rwkv6qwen2 rwkv7 seed_oss smallthinker smollm3 stablelm
    starcoder starcoder2 step35 t5 t5encoder talkie xverse
    """
)
# What llama.cpp loads beside another model: eyes and ears, drafts, the voice of a speaker.
COMPANIONS: Final = words("clip controlvector dflash eagle3 gemma4-assistant wavtokenizer-dec")
# What ComfyUI-GGUF (github.com/city96/ComfyUI-GGUF) reads.
PICTURES: Final = words("aura cosmos flux hidream hyvid ltxv lumina2 qwen_image sd1 sd3 sdxl wan")
# GGUF_CONFIG_MAPPING of transformers 5.23 (integrations/gguf).
_TRANSLATED: Final = frozenset(
    map(
        _plain,
        words(
            "bloom deci falcon gemma2 gemma3 gemma4 gpt2 gpt_oss lfm2 llama mamba minimax_m2"
            " mistral nemotron phi3 qwen2 qwen2_moe qwen3 qwen3_moe stablelm starcoder2 t5"
            " t5encoder umt5"
        ),
    )
)
