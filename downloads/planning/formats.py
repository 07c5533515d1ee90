"""What a file is, told by its path alone: the format of weights, or what else it is there for."""

from __future__ import annotations

import re
from fnmatch import translate
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Final

FORMATS: Final[dict[str, str]] = {
    suffix: name
    for name, suffixes in {
        "safetensors": ".safetensors",
        "gguf": ".gguf",
        "pickle": ".bin .pt .pth .ckpt .pkl .pickle",
        "onnx": ".onnx",
        "keras": ".keras .h5 .hdf5",
        "flax": ".msgpack",
        "tensorflow": ".pb",
        "tflite": ".tflite",
        "joblib": ".joblib",
        "numpy": ".npy .npz",
    }.items()
    for suffix in suffixes.split()
}
# `.bin` is also how tools store settings; only these names are weights.
_PICKLED: Final = ("pytorch_model", "model", "diffusion_pytorch_model", "adapter_model")

# What runtimes tell apart, by patterns of lower-case paths; the first that matches decides.
_FAMILIES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    (
        "training",
        (
            *("*optimizer*.pt", "*optimizer*.bin", "*scheduler.pt", "*scaler.pt", "*rng_state*"),
            *("*training_args.bin", "*trainer_state.json", "*tfevents*", "*imatrix*"),
            *("checkpoint-[0-9]*/*", "*/checkpoint-[0-9]*/*", "global_step*/*", "runs/*"),
        ),
    ),
    ("original", ("original/*", "metal/*", "consolidated*.safetensors", "consolidated*.pth")),
    ("safetensors", ("*.safetensors", "*.safetensors.index*.json")),
    ("gguf", ("*.gguf",)),
    ("onnx", ("*.onnx", "*.onnx_data*", "*.onnx.data*", "onnx/*.data", "*/onnx/*.data")),
    ("openvino", ("openvino/*", "*openvino_*.bin", "*openvino_*.xml")),
    ("ggml", ("ggml-*.bin", "*/ggml-*.bin", "*.ggml", "*ggmlv3*.bin")),
    ("rust", ("*rust_model.ot",)),
    ("flax", ("*.msgpack", "*.msgpack.index.json")),
    ("tensorflow", ("*.h5", "*.h5.index.json", "*.hdf5", "*.keras", "*.pb", "*variables/*")),
    ("tensorflow", ("*.ckpt.index", "*.ckpt.meta", "*.ckpt.data-*", "*.tflite")),
    ("coreml", ("*.mlmodel", "*.mlpackage/*", "*.mlmodelc/*", "coreml/*")),
    ("engine", ("*.engine", "*.plan", "*.trt", "*.litertlm", "*.task", "*.nemo", "*.llamafile")),
    ("paddle", ("*.pdparams", "*.pdiparams", "*.pdmodel")),
    ("pickle", ("*.bin", "*.bin.index*.json", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.pickle")),
    ("joblib", ("*.joblib",)),
    ("numpy", ("*.npy", "*.npz")),
    ("media", ("*.png", "*.jpg", "*.jpeg", "*.gif", "*.webp", "*.svg", "*.mp4", "*.webm")),
    ("media", ("*.wav", "*.mp3", "*.flac", "*.pdf")),
)
_TOLD: Final = tuple(
    (family, re.compile("|".join(translate(pattern) for pattern in patterns)))
    for family, patterns in _FAMILIES
)
NOT_WEIGHTS: Final = frozenset({"", "training", "media"})

# Without these nobody can load, name or judge what was taken; matched with the last part alone.
ALWAYS: Final[tuple[str, ...]] = (
    *("*config.json", "configuration.json", "model_index.json", "modules.json", "params.json"),
    *("tokenizer*", "special_tokens_map.json", "added_tokens.json", "vocab.*", "merges.txt"),
    *("spiece.model", "sentencepiece*.model", "*.tiktoken", "tekken.json", "normalizer.json"),
    *("chat_template*", "preprocessor*.json", "readme*", "model_card*", "modelcard*"),
    *("licen[sc]e*", "*[-_.]licen[sc]e*", "unlicen[sc]e*", "copying*", "notice*", "use_policy*"),
    *("acceptable_use_policy*", "usage_policy*", "terms*.md", "terms*.txt", "eula*"),
)
_ALWAYS: Final = re.compile("|".join(translate(pattern) for pattern in ALWAYS))


def format_of(path: str) -> str:
    """Give the format of weights, as policies name it; '' for every other file."""
    name = PurePosixPath(path)
    if name.suffix == ".bin" and name.name.startswith(_PICKLED):
        return "pickle"
    if family_of(path) == "ggml":
        return "ggml"
    return "" if name.suffix == ".bin" else FORMATS.get(name.suffix.lower(), "")


def suffix_of(path: str) -> str:
    """Give the ending of a name in small letters, with its dot; '' without one."""
    return PurePosixPath(path).suffix.lower()


@lru_cache(maxsize=65536)
def family_of(path: str) -> str:
    """Say which kind of runtime a file is for; '' for what all of them share."""
    low = path.lower()
    return next((family for family, told in _TOLD if told.match(low)), "")


def is_weights(path: str) -> bool:
    """Tell whether a file belongs to weights of any kind, as an index of shards does."""
    return family_of(path) not in NOT_WEIGHTS


def has_weights(path: str) -> bool:
    """Tell whether a file holds weights itself."""
    return is_weights(path) and suffix_of(path) not in (".json", ".xml")


def is_always_taken(path: str) -> bool:
    """Tell whether a file is configuration, tokenizer, card or license by its name."""
    if is_weights(path):
        return False
    return bool(_ALWAYS.match(path.rpartition("/")[2].lower()))
