"""Configurations as inspectors make them, one for each thing that runtimes tell apart."""

from __future__ import annotations

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

TENSORS = ("safetensors",)
LLAMA = {"architecture": "LlamaForCausalLM", "formats": TENSORS}
LORA = {"method": "LORA", "rank": 16}
BASE = ({"repo_id": "meta-llama/Llama-3.1-8B", "relation": "adapter"},)
PARTS = ({"name": "unet", "library": "diffusers", "class_name": "UNet2DConditionModel"},)


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
    "gguf": LlmConfig(architecture="llama", formats=("gguf",), files=("m.Q4_K_M.gguf",)),
    "gguf in parts": LlmConfig(formats=("gguf",), files=("m-00001-of-00003.gguf",)),
    "gguf and safetensors": LlmConfig(**{**LLAMA, "formats": ("gguf", "safetensors")}),
    "gptq": packed("gptq"),
    "awq": packed("awq"),
    "awq of eight bits": packed("awq", 8),
    "exl2": packed("exl2"),
    "bitsandbytes": packed("bitsandbytes"),
    "modelopt": packed("modelopt", None),
    "compressed tensors": packed("compressed_tensors", None),
    "mlx": LlmConfig(**LLAMA, library="mlx", quantization={"method": "mlx", "bits": 4}),
    "onnx llm": LlmConfig(**{**LLAMA, "formats": ("onnx",)}),
    "adapter": LlmConfig(formats=TENSORS, adapter=LORA, base_models=BASE),
    "adapter of nobody": LlmConfig(formats=TENSORS, adapter=LORA),
    "vision": VisionLanguageConfig(
        architecture="Qwen2_5_VLForConditionalGeneration", formats=TENSORS
    ),
    "bge": EmbeddingConfig(architecture="BertModel", formats=TENSORS, pooling=("cls",)),
    "bert": EmbeddingConfig(architecture="BertModel", formats=("onnx", "safetensors")),
    "gguf embedding": EmbeddingConfig(architecture="bert", formats=("gguf",)),
    "reranker": RerankerConfig(architecture="XLMRobertaForSequenceClassification", formats=TENSORS),
    "classifier": ClassifierConfig(
        architecture="DistilBertForSequenceClassification", formats=TENSORS
    ),
    "whisper": AudioConfig(
        architecture="WhisperForConditionalGeneration", task="asr", formats=TENSORS
    ),
    "whisper ggml": AudioConfig(task="asr", files=("ggml-base.en.bin",)),
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
