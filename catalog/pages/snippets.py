"""The lines that fetch and run a pinned version from this yard, for the runtimes that can."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from shlex import quote
from typing import Final

from django.conf import settings

from downloads.planning.presets import PRESETS, taken_by
from downloads.planning.quantizations import is_projector
from registry.configs import ModelConfig
from registry.configs.generations import generation_of, is_folder, type_of
from registry.models import TAKEN, ModelVersion
from registry.runtimes import Compatibility

# The class of transformers that loads an architecture, by how its name ends and by its kind.
_AUTO: Final = (
    ("ForCausalLM", "", "AutoModelForCausalLM"),
    ("LMHeadModel", "", "AutoModelForCausalLM"),
    ("ForConditionalGeneration", "vision_language", "AutoModelForImageTextToText"),
    ("ForConditionalGeneration", "audio", "AutoModelForSpeechSeq2Seq"),
    ("ForConditionalGeneration", "", "AutoModelForSeq2SeqLM"),
    ("ForCTC", "", "AutoModelForCTC"),
    ("ForSequenceClassification", "", "AutoModelForSequenceClassification"),
    ("ForTokenClassification", "", "AutoModelForTokenClassification"),
    ("ForImageClassification", "", "AutoModelForImageClassification"),
    ("ForAudioClassification", "", "AutoModelForAudioClassification"),
    ("ForMaskedLM", "", "AutoModelForMaskedLM"),
)
_TEXT_KINDS: Final = frozenset({"llm", "embedding", "reranker"})
_SINGLE_FILE: Final = {
    "SDXL": "StableDiffusionXLPipeline",
    "SD 1 or 2": "StableDiffusionPipeline",
    "SD 3": "StableDiffusion3Pipeline",
    "FLUX.1": "FluxPipeline",
}


@dataclass(frozen=True, slots=True)
class _Pinned:
    """What every snippet names: this yard's endpoint, the repository, the commit, its facts."""

    endpoint: str
    repo: str
    commit: str
    config: ModelConfig
    version: ModelVersion

    @property
    def shell(self) -> str:
        return f"export HF_ENDPOINT={quote(self.endpoint)}\nexport HF_TOKEN=hf_…\n"

    @property
    def python(self) -> str:
        return f"# with HF_ENDPOINT={self.endpoint} and HF_TOKEN set\n"

    @property
    def names(self) -> str:
        """The repository and the commit as arguments of Python."""
        return f"{json.dumps(self.repo)}, revision={json.dumps(self.commit)}"

    @property
    def fetched(self) -> str:
        return f"hf download {quote(self.repo)} --revision {self.commit}"


def snippets_of(
    version: ModelVersion, config: ModelConfig | None, answers: Iterable[Compatibility]
) -> list[dict[str, str]]:
    """Give what runs the version, where the runtimes answer so, and what fetches it always."""
    endpoint, repo = f"{settings.PUBLIC_URL}/hf", version.model.repo_id
    known = config or ModelConfig()
    pinned = _Pinned(endpoint, repo, version.commit, known, version)
    able = {one.runtime for one in answers if one.compatible}
    shown = [(title, write(pinned)) for slug, title, write in _RUNTIMES if slug in able]
    shown += [(title, write(pinned)) for title, write in _CLIENTS]
    return [{"title": title, "text": text} for title, text in shown if text]


def _transformers(pinned: _Pinned) -> str:
    if pinned.config.adapter is not None:
        return (
            f"{pinned.python}from peft import AutoPeftModel\n\n"
            f"model = AutoPeftModel.from_pretrained({pinned.names})"
        )
    reader = "AutoTokenizer" if pinned.config.slug in _TEXT_KINDS else "AutoProcessor"
    name = _auto_class(pinned.config)
    return (
        f"{pinned.python}from transformers import {name}, {reader}\n\n"
        f"reader = {reader}.from_pretrained({pinned.names})\n"
        f"model = {name}.from_pretrained({pinned.names})"
    )


def _auto_class(config: ModelConfig) -> str:
    fitting = (
        name
        for end, kind, name in _AUTO
        if config.architecture.endswith(end) and kind in ("", config.slug)
    )
    return next(fitting, "AutoModel")


def _vllm(pinned: _Pinned) -> str:
    return f"{pinned.shell}vllm serve {quote(pinned.repo)} --revision {pinned.commit}"


def _llama_cpp(pinned: _Pinned) -> str:
    weights, projector = _gguf(pinned)
    if not weights:
        return ""
    seen = f" --mmproj {quote(projector)}" if projector else ""
    given = f"-m {quote(weights[0])}{seen}"
    if pinned.config.adapter is not None:
        given = f"-m BASE.gguf --lora {quote(weights[0])}"
    return f"{_fetch_here(pinned, weights, projector)}llama-server {given}"


def _ollama(pinned: _Pinned) -> str:
    name = pinned.repo.rpartition("/")[2].lower()
    if "gguf" in pinned.config.formats:
        weights, _ = _gguf(pinned)
        if len(weights) != 1:  # parts of one file are not taken
            return ""
        fetch, place = _fetch_here(pinned, weights, ""), f"./{weights[0]}"
    else:
        fetch = f"{pinned.shell}{pinned.fetched} --local-dir {quote(name)}\n"
        place = f"./{name}"
    made = f"ollama create {quote(name)} -f Modelfile"
    return f"{fetch}echo {quote(f'FROM {place}')} > Modelfile\n{made}"


def _fetch_here(pinned: _Pinned, weights: list[str], projector: str) -> str:
    paths = " ".join(quote(path) for path in [*weights, projector] if path)
    place = f"{quote(pinned.repo)} {paths}"
    return f"{pinned.shell}hf download {place} --revision {pinned.commit} --local-dir .\n"


def _gguf(pinned: _Pinned) -> tuple[list[str], str]:
    """Choose one quantization with all its parts, and the projector that goes with it."""
    here = pinned.version.files.filter(TAKEN, path__iendswith=".gguf")
    paths = list(here.values_list("path", flat=True))
    taken = sorted(taken_by(PRESETS["gguf"], "", paths)) if paths else []
    seeing = [path for path in taken if is_projector(path)]
    return [path for path in taken if path not in seeing], next(iter(seeing), "")


def _diffusers(pinned: _Pinned) -> str:
    config = pinned.config
    if is_folder(config):
        return (
            f"{pinned.python}from diffusers import DiffusionPipeline\n\n"
            f"pipeline = DiffusionPipeline.from_pretrained({pinned.names})"
        )
    name = _SINGLE_FILE.get(generation_of(config), "")
    if type_of(config) != "checkpoint" or not name or not config.files:
        return ""
    path = json.dumps(config.files[0])
    place = f"{json.dumps(pinned.repo)}, {path}, revision={json.dumps(pinned.commit)}"
    return (
        f"{pinned.python}from diffusers import {name}\n"
        "from huggingface_hub import hf_hub_download\n\n"
        f"pipeline = {name}.from_single_file(hf_hub_download({place}))"
    )


def _sentence_transformers(pinned: _Pinned) -> str:
    name = "CrossEncoder" if pinned.config.slug == "reranker" else "SentenceTransformer"
    return (
        f"{pinned.python}from sentence_transformers import {name}\n\nmodel = {name}({pinned.names})"
    )


def _hf(pinned: _Pinned) -> str:
    return f"{pinned.shell}{pinned.fetched}"


def _python(pinned: _Pinned) -> str:
    return (
        f"{pinned.python}from huggingface_hub import snapshot_download\n\n"
        f"folder = snapshot_download({pinned.names})"
    )


def _curl(pinned: _Pinned) -> str:
    address = f"{pinned.endpoint}/{pinned.repo}/resolve/{pinned.commit}/config.json"
    return f'curl -fL -H "Authorization: Bearer $HF_TOKEN" \\\n  -O {quote(address)}'


_Write = Callable[[_Pinned], str]
_RUNTIMES: Final[tuple[tuple[str, str, _Write], ...]] = (
    ("transformers", "transformers", _transformers),
    ("vllm", "vLLM", _vllm),
    ("llama_cpp", "llama.cpp", _llama_cpp),
    ("ollama", "Ollama", _ollama),
    ("diffusers", "diffusers", _diffusers),
    ("sentence_transformers", "sentence-transformers", _sentence_transformers),
)
_CLIENTS: Final[tuple[tuple[str, _Write], ...]] = (
    ("hf", _hf),
    ("Python", _python),
    ("curl", _curl),
)
