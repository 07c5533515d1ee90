"""Configurations, one for each thing that runtimes tell apart.

Where a format is known by its header alone, they are what inspectors make of such a file.
"""

from __future__ import annotations

from catalog.inspectors.inspect import inspect_version
from registry.configs.audio import AudioConfig
from registry.configs.classifier import ClassifierConfig
from registry.configs.embedding import EmbeddingConfig
from registry.configs.image import ImageConfig
from registry.configs.layout import LayoutConfig
from registry.configs.llm import LlmConfig
from registry.configs.ocr import OcrConfig
from registry.configs.other import OtherConfig
from registry.configs.reranker import RerankerConfig
from registry.configs.video import VideoConfig
from registry.configs.vision_language import VisionLanguageConfig
from tests.catalog.inspectors.headers.files import gguf, onnx, safetensors
from tests.catalog.inspectors.headers.test_other_formats import ctranslate2, whisper
from tests.catalog.inspectors.memory import MemoryReader, listing_of

TENSORS = ("safetensors",)
LLAMA = {"architecture": "LlamaForCausalLM", "formats": TENSORS}
LORA = {"method": "LORA", "rank": 16}
BASE = ({"repo_id": "meta-llama/Llama-3.1-8B", "relation": "adapter"},)
KEYS = {"general.architecture": "llama", "general.file_type": 15}
PACKED = {"token_embd.weight": (12, (256, 256))}
LORA_KEYS = {
    "general.architecture": "llama",
    "general.type": "adapter",
    "adapter.type": "lora",
    "general.base_model.count": 1,
    "general.base_model.0.repo_url": "https://hf.co/acme/base",
}
MATRICES = {"blk.0.attn_q.weight.lora_a": (0, (64, 8))}
LLAMA_2 = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 9}
HEAD, SIZE = safetensors({"w": ("BF16", [8])}, {"format": "mlx"})
PARTS = ({"name": "unet", "library": "diffusers", "class_name": "UNet2DConditionModel"},)


def found(name, content, **more):
    files = {"README.md": "", name: content, **more}
    return inspect_version(MemoryReader(files), listing_of(files)).config


def packed(method, bits=4):
    return LlmConfig(**LLAMA, quantization={"method": method, "bits": bits})


def picture(base="SDXL 1.0", kind="checkpoint", formats=TENSORS, **more):
    return ImageConfig(base_model=base, checkpoint_type=kind, formats=formats, **more)


TYPICAL = {
    "llm": LlmConfig(**LLAMA),
    "llm in pickles": LlmConfig(**{**LLAMA, "formats": ("pickle",)}),
    "llm nobody knows": LlmConfig(**{**LLAMA, "architecture": "QuuxForCausalLM"}),
    "llm without a class": LlmConfig(formats=TENSORS),
    "llm without weights": LlmConfig(architecture="LlamaForCausalLM"),
    "llm with code of its own": LlmConfig(
        architecture="QuuxForCausalLM", family="quux", custom_code=True, formats=TENSORS
    ),
    "llm with code that others have": LlmConfig(
        architecture="InternLM2ForCausalLM", family="internlm2", custom_code=True, formats=TENSORS
    ),
    "llm with code that nobody needs": LlmConfig(**LLAMA, family="llama", custom_code=True),
    "gguf": found("m-Q4_K_M.gguf", gguf(KEYS, PACKED, data=bytes(36_864))),
    "gguf in parts": found(
        "m-00001-of-00002.gguf",
        gguf({**KEYS, "split.count": 2}, PACKED, data=bytes(36_864)),
        **{"m-00002-of-00002.gguf": gguf({"split.count": 2})},
    ),
    "gguf nobody knows": found("m.gguf", gguf({**KEYS, "general.architecture": "quux"}, PACKED)),
    "gguf of pictures": found("m.gguf", gguf({**KEYS, "general.architecture": "flux"}, PACKED)),
    "gguf of eyes": found("m.gguf", gguf({"general.architecture": "clip"}, PACKED)),
    "gguf adapter": found("m.gguf", gguf(LORA_KEYS, MATRICES)),
    "gguf and safetensors": LlmConfig(**{**LLAMA, "formats": ("gguf", "safetensors")}),
    "gptq": packed("gptq"),
    "awq": packed("awq"),
    "awq of eight bits": packed("awq", 8),
    "exl2": packed("exl2"),
    "bitsandbytes": packed("bitsandbytes"),
    "modelopt": packed("modelopt", None),
    "compressed tensors": packed("compressed_tensors", None),
    "mlx": LlmConfig(**LLAMA, library="mlx", quantization={"method": "mlx", "bits": 4}),
    "mlx unpacked": found(
        "model.safetensors", b"".join((HEAD, bytes(SIZE - len(HEAD)))), **{"config.json": LLAMA_2}
    ),
    "onnx llm": LlmConfig(**{**LLAMA, "formats": ("onnx",)}),
    "adapter": LlmConfig(formats=TENSORS, adapter=LORA, base_models=BASE),
    "adapter of nobody": LlmConfig(formats=TENSORS, adapter=LORA),
    "vision": VisionLanguageConfig(
        architecture="Qwen2_5_VLForConditionalGeneration", formats=TENSORS
    ),
    "bge": EmbeddingConfig(architecture="BertModel", formats=TENSORS, pooling=("cls",)),
    "bert": EmbeddingConfig(architecture="BertModel", formats=("onnx", "safetensors")),
    "gguf embedding": EmbeddingConfig(family="bert", formats=("gguf",)),
    "embedding with code of its own": EmbeddingConfig(
        architecture="NewModel", family="new", custom_code=True, formats=TENSORS, pooling=("cls",)
    ),
    "reranker": RerankerConfig(architecture="XLMRobertaForSequenceClassification", formats=TENSORS),
    "classifier": ClassifierConfig(
        architecture="DistilBertForSequenceClassification", formats=TENSORS
    ),
    "whisper": AudioConfig(
        architecture="WhisperForConditionalGeneration", task="asr", formats=TENSORS
    ),
    "whisper ggml": found("ggml-base.bin", whisper()),
    "whispers ggml": found("ggml-base.bin", whisper(), **{"ggml-small.bin": whisper()}),
    "ggml that is none": found("ggml-base.bin", b"no such thing"),
    "whisper ctranslate2": found(
        "model.bin",
        ctranslate2(spec="WhisperSpec"),
        **{"config.json": {"alignment_heads": [[1, 2]]}},
    ),
    "onnx graph": found("model.onnx", onnx()),
    "onnx that is none": found("model.onnx", b"abc"),
    "keras": found("m.h5", b"\x89HDF\r\n\x1a\n" + bytes(40)),
    "speech of another": AudioConfig(architecture="VitsModel", task="tts", formats=TENSORS),
    "sdxl": picture(),
    "sdxl folder": ImageConfig(
        architecture="StableDiffusionXLPipeline", formats=TENSORS, components=PARTS
    ),
    "flux": picture("Flux.1 D"),
    "flux gguf": picture("Flux.1 D", formats=("gguf",)),
    "lora": picture("SD 1.5", "lora"),
    "lora of nobody": picture("", "lora"),
    "hypernetwork": picture("SD 1.5", "hypernetwork", ("pickle",)),
    "upscaler": picture("", "upscaler", ("pickle",)),
    "picture of no kind": picture("SD 1.5", ""),
    "film": VideoConfig(base_model="Wan 2.1", formats=TENSORS),
    "layout": LayoutConfig(architecture="LayoutLMv3ForTokenClassification", formats=TENSORS),
    "ocr": OcrConfig(architecture="VisionEncoderDecoderModel", formats=("pickle",)),
    "nothing": OtherConfig(),
}
