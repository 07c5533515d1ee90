"""Checks that several runtimes share. Each returns why not, or '' where nothing speaks against."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from core.wording import listed
from registry.configs.base import ModelConfig

FORMATS: Final = {
    "safetensors": "safetensors",
    "pickle": "PyTorch files",
    "gguf": "GGUF",
    "ggml": "GGML",
    "onnx": "ONNX",
    "keras": "Keras",
    "flax": "Flax",
    "tensorflow": "TensorFlow",
    "tflite": "TensorFlow Lite",
    "ctranslate2": "CTranslate2",
    "numpy": "NumPy",
    "mlx": "MLX",
    "kaldi": "Kaldi",
}
TENSORS: Final = ("safetensors", "pickle")


def words(text: str) -> frozenset[str]:
    """Read a set of names that are written one after the other."""
    return frozenset(text.split())


def named(formats: Sequence[str]) -> str:
    """Write formats as people call them."""
    return listed([FORMATS.get(name, name) for name in formats])


def kind_of(config: ModelConfig) -> str:
    """Write the kind with its article: a language model, an OCR model."""
    title = config.title
    word = title if title[:2].isupper() else title[0].lower() + title[1:]
    return f"{'an' if word[0].lower() in 'aeiou' else 'a'} {word}"


def wrong_kind(config: ModelConfig, kinds: Collection[str], runs: str) -> str:
    """`runs` says what the runtime is for: 'llama.cpp runs language models'."""
    if config.slug in kinds:
        return ""
    if config.slug == "other":
        return f"{runs}; what kind of model this is, is not known."
    return f"{runs}; this is {kind_of(config)}."


def wrong_format(config: ModelConfig, wanted: Sequence[str], title: str, way: str) -> str:
    """Want one of these formats; `way` says what to do where there is none."""
    if not config.formats:
        return "It is not known in what format the weights of this version are."
    if set(config.formats) & set(wanted):
        return ""
    has = named(config.formats)
    return f"{title} reads {named(wanted)}; this version has {has} only: {way}."


def method_of(config: ModelConfig) -> str:
    """Return how the weights are packed, in small letters; '' where they are not."""
    return config.quantization.method.lower().replace("_", "-") if config.quantization else ""


def wrong_packing(config: ModelConfig, known: Collection[str], title: str) -> str:
    """Want weights that are not packed, or packed by a method the runtime reads."""
    method = method_of(config)
    if not method or method in known:
        return ""
    return (
        f"The weights are packed by {method}, which is not among the methods that {title} reads:"
        " take an unpacked build, or one packed in another way."
    )


def is_mlx(config: ModelConfig) -> bool:
    """Tell weights in the layout of MLX, which other runtimes cannot read."""
    return "mlx" in (config.library.lower(), method_of(config), *config.formats)


def foreign_layout(config: ModelConfig, title: str) -> str:
    """Refuse what was converted for MLX alone."""
    if not is_mlx(config):
        return ""
    can = "cannot read" if method_of(config) else "is not known to read as MLX writes them"
    return f"The weights were converted for MLX, which {title} {can}: take the original."


def is_adapter(config: ModelConfig) -> bool:
    return config.adapter is not None


def base_of(config: ModelConfig) -> str:
    """Return the model that an adapter belongs to; '' where nobody says."""
    return config.base_models[0].repo_id if config.base_models else ""


def missing_base(config: ModelConfig) -> str:
    """Refuse an adapter whose base nobody names."""
    if not is_adapter(config) or base_of(config):
        return ""
    return "It is an adapter, and it is not known to which model: nothing can be run without that."


def unknown_class(config: ModelConfig, title: str) -> str:
    """Refuse where the configuration names no architecture."""
    if config.architecture:
        return ""
    return f"The configuration names no architecture, so it is not known what {title} would load."


def tensors_of(config: ModelConfig) -> str:
    """Name the tensor format that a runtime would take, safetensors first."""
    return named([next(name for name in TENSORS if name in config.formats)])
