"""Layers of a manifest as Ollama expects them, worked out from rows alone: never stored.

The same rows give the same bytes, so a digest that was told once is found again by making the
layers anew (`hub.oci.blobs`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from catalog.chat_formats import ChatFormat, chat_format
from core.errors import InvalidInputError
from downloads.planning.quantizations import quantization_of
from hub.oci.tags import Chosen
from licenses.services import license_paths
from registry.configs import ModelConfig, load_config
from registry.models import Model, ModelFile, ModelVersion

CONFIG: Final = "application/vnd.docker.container.image.v1+json"
_OLLAMA: Final = "application/vnd.ollama.image."
_LONGEST_LICENSE: Final = 256 << 10
_LARGEST: Final = 1 << 53  # what JSON holds exactly
_THOUSAND: Final = 1000
# What our words are called by Ollama; `registry.models.Model.parameters` may use either.
_OPTIONS: Final = {
    "context_length": "num_ctx",
    "batch_size": "num_batch",
    "repetition_penalty": "repeat_penalty",
    **{
        name: name
        for name in ("num_ctx", "num_batch", "repeat_penalty", "temperature", "top_p", "top_k")
    },
    **{name: name for name in ("min_p", "num_predict", "seed", "repeat_last_n")},
}


@dataclass(frozen=True, slots=True)
class Layer:
    """One blob of a manifest: a file that is served, or a few bytes made here."""

    media_type: str
    sha256: str
    size: int
    content: bytes | None = None

    @property
    def digest(self) -> str:
        return f"sha256:{self.sha256}"

    @property
    def kind(self) -> str:
        """What it is, in a word: model, template, params, license, config."""
        return "config" if self.media_type == CONFIG else self.media_type.removeprefix(_OLLAMA)

    @property
    def descriptor(self) -> dict[str, object]:
        return {"mediaType": self.media_type, "size": self.size, "digest": self.digest}


def layers_of(
    version: ModelVersion,
    config: ModelConfig | None,
    files: Mapping[str, ModelFile],
    chosen: Chosen,
) -> list[Layer]:
    """Weights, projector, template, parameters and license, each where there is one."""
    curator = _by_curator(version.model)
    known = format_of(config)
    found = [_of_file("model", files[chosen.weights])]
    if chosen.projector:
        found.append(_of_file("projector", files[chosen.projector]))
    own = curator.get("template")
    if template := own if isinstance(own, str) else (known.go_template if known else ""):
        found.append(_made("template", template.encode()))
    if options := _options(config, version.model, known):
        found.append(_made("params", orjson.dumps(options, option=orjson.OPT_SORT_KEYS)))
    return [*found, *_license(version, files)]


def config_layer(config: ModelConfig | None, chosen: Chosen, layers: list[Layer]) -> Layer:
    """What `ollama show` tells: nothing in it that is not known."""
    family = config.family if config else ""
    told = {
        "model_format": "gguf",
        "model_family": family,
        "model_families": [name for name in (family, "clip" if chosen.projector else "") if name],
        "model_type": _count(config.num_params if config else None),
        "file_type": quantization_of(chosen.weights),
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in layers]},
    }
    return _small(CONFIG, orjson.dumps(told, option=orjson.OPT_SORT_KEYS))


def config_of(version: ModelVersion) -> ModelConfig | None:
    """What is known of the version; None where nothing is, or by rules that are gone."""
    try:
        return load_config(version.model_type, version.config) if version.config else None
    except InvalidInputError:
        return None


def format_of(config: ModelConfig | None) -> ChatFormat | None:
    """The format of its chat template, where it has one and the format is known."""
    tokenizer = getattr(config, "tokenizer", None)
    return chat_format(tokenizer.chat_template) if tokenizer else None


def _of_file(kind: str, file: ModelFile) -> Layer:
    return Layer(f"{_OLLAMA}{kind}", file.sha256, file.size)


def _made(kind: str, content: bytes) -> Layer:
    return _small(f"{_OLLAMA}{kind}", content)


def _small(media_type: str, content: bytes) -> Layer:
    return Layer(media_type, hashlib.sha256(content).hexdigest(), len(content), content)


def _by_curator(model: Model) -> Mapping[str, Any]:
    told = model.parameters.get("ollama")
    return told if isinstance(told, dict) else {}


def _options(
    config: ModelConfig | None, model: Model, known: ChatFormat | None
) -> dict[str, object]:
    """Stops of the format, then what the author advises, then what a curator set."""
    sampling = getattr(config, "sampling", None)
    advised = sampling.model_dump(exclude_none=True) if sampling else {}
    curator = _by_curator(model)
    found: dict[str, object] = {"stop": list(known.stops)} if known and known.stops else {}
    for told in (advised, model.parameters, curator):
        found |= {_OPTIONS[name]: value for name, value in told.items() if _is_option(name, value)}
    stops = curator.get("stop")
    if isinstance(stops, list) and all(isinstance(stop, str) for stop in stops):
        found["stop"] = stops
    return found


def _is_option(name: str, value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return name in _OPTIONS and abs(value) <= _LARGEST


def _license(version: ModelVersion, files: Mapping[str, ModelFile]) -> Iterator[Layer]:
    """The license file as it is, else the license by its name."""
    for path in license_paths(files):
        if files[path].size <= _LONGEST_LICENSE:
            yield _of_file("license", files[path])
            return
    if version.license_spdx:
        yield _made("license", f"{version.license_spdx}\n".encode())


def _count(number: int | None) -> str:
    """Write a count as people say it: 134.5M, 8.0B."""
    if number is None:
        return ""
    for unit, size in (("T", _THOUSAND**4), ("B", _THOUSAND**3), ("M", _THOUSAND**2)):
        if number >= size:
            return f"{number / size:.1f}{unit}"
    return str(number)
