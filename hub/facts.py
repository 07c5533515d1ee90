"""What the typed configuration of a version tells in the words of the Hub, and no more than that.

A word is told only where the configuration says it of that very thing: counts of tensors of a set
of safetensors files, the keys of a GGUF file, the names in `config.json`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

_SHARED: Final = frozenset({"gguf", "ctranslate2"})  # whose own headers fill what they leave open


def facts_of(config: Mapping[str, Any], paths: Collection[str]) -> dict[str, Any]:
    """Give `config`, `safetensors` and `gguf`, each where it is known of files that are served."""
    told = {
        "config": _config(config, paths),
        "safetensors": _safetensors(config, paths),
        "gguf": _gguf(config, paths),
    }
    return {name: value for name, value in told.items() if value}


def _config(config: Mapping[str, Any], paths: Collection[str]) -> dict[str, Any]:
    formats = frozenset(config.get("formats") or ())
    if "config.json" not in paths or formats & _SHARED or _is_pipeline(config):
        return {}
    names = config.get("architecture")
    told = {"architectures": [names] if names else None, "model_type": config.get("family")}
    return {name: value for name, value in told.items() if value}


def _safetensors(config: Mapping[str, Any], paths: Collection[str]) -> dict[str, Any]:
    """Numbers of tensors by dtype; of a pipeline only a part is counted, which is not told."""
    files, numbers = config.get("files") or (), config.get("params_by_dtype") or {}
    counted = files and all(path.endswith(".safetensors") and path in paths for path in files)
    if not counted or not numbers or _is_pipeline(config):
        return {}
    return {"parameters": numbers, "total": sum(numbers.values())}


def _gguf(config: Mapping[str, Any], paths: Collection[str]) -> dict[str, Any]:
    """The keys of a GGUF file where nothing but such files tells what the model is."""
    is_only = list(config.get("formats") or ()) == ["gguf"] and "config.json" not in paths
    if not is_only or not any(path.endswith(".gguf") for path in paths):
        return {}
    told = {
        "architecture": config.get("family"),
        "context_length": config.get("context_length"),
        "total": config.get("num_params"),
    }
    return {name: value for name, value in told.items() if value}


def _is_pipeline(config: Mapping[str, Any]) -> bool:
    return config.get("library") == "diffusers"
