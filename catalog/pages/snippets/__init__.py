"""The lines that fetch and run a pinned version from this yard, for the runtimes that can."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from shlex import quote
from typing import Final
from urllib.parse import quote as address_quote

from django.conf import settings

from catalog.pages.snippets.classes import base_class_of, class_of, reader_of
from catalog.pages.snippets.ollama import chat_note, pull
from catalog.pages.snippets.pictures import diffusers
from catalog.pages.snippets.pinned import PINNED, Pinned, here, literal
from downloads.planning.presets import PRESETS, taken_by
from downloads.planning.quantizations import is_projector
from registry.configs import ModelConfig
from registry.models import SERVED, ModelVersion
from registry.runtimes import Compatibility
from registry.runtimes._gguf import has_gguf_alone

# What tells most of a model in few bytes; where none is there, its largest file.
_TELLING: Final = ("config.json", "model_index.json", "adapter_config.json", "README.md")


def snippets_of(
    version: ModelVersion, config: ModelConfig | None, answers: Iterable[Compatibility]
) -> list[dict[str, str]]:
    """Give what runs the version, where the runtimes answer so, and what fetches it always."""
    endpoint, repo = f"{settings.PUBLIC_URL}/hf", version.model.repo_id
    pinned = Pinned(endpoint, repo, version.commit, config or ModelConfig(), version)
    able = {one.runtime for one in answers if one.compatible}
    shown = [(title, write(pinned)) for slug, title, write in _RUNTIMES if slug in able]
    shown += [(title, write(pinned)) for title, write in _CLIENTS]
    return [{"title": title, "text": text.rstrip("\n")} for title, text in shown if text]


def _transformers(pinned: Pinned) -> str:
    config = pinned.config
    if config.adapter is not None:
        return _adapter(pinned)
    reader, name, given = reader_of(config), class_of(config), PINNED
    if has_gguf_alone(config):
        weights, _ = _gguf(pinned)
        if len(weights) != 1:
            return ""
        given = f"{PINNED}, gguf_file={literal(weights[0])}"
    return (
        f"{pinned.loading}from transformers import {name}, {reader}\n\n"
        f"{pinned.names}reader = {reader}.from_pretrained({given})\n"
        f"model = {name}.from_pretrained({given})"
    )


def _adapter(pinned: Pinned) -> str:
    """The base has to be here as well, under its own name."""
    name, base = base_class_of(pinned.config), pinned.config.base_models[0].repo_id
    return (
        f"{pinned.loading}from peft import PeftModel\nfrom transformers import {name}\n\n"
        f"{pinned.names}base = {name}.from_pretrained({literal(base)})\n"
        f"model = PeftModel.from_pretrained(base, {PINNED})"
    )


def _vllm(pinned: Pinned) -> str:
    if has_gguf_alone(pinned.config):
        weights, _ = _gguf(pinned)
        fetch = pinned.download(*weights, folder=".")
        return f"{fetch}vllm serve ./{quote(weights[0])}" if len(weights) == 1 else ""
    return f"{pinned.shell}vllm serve {quote(pinned.repo)} --revision {quote(pinned.commit)}"


def _llama_cpp(pinned: Pinned) -> str:
    weights, projector = _gguf(pinned)
    if not weights:
        return ""
    seen = f" --mmproj {here(projector)}" if projector else ""
    given = f"-m {here(weights[0])}{seen}"
    if pinned.config.adapter is not None:
        given = f"-m BASE.gguf --lora {here(weights[0])}"
    paths = [path for path in (*weights, projector) if path]
    return f"{pinned.download(*paths, folder='.')}llama-server {given}"


def _ollama(pinned: Pinned) -> str:
    name = pinned.repo.rpartition("/")[2].lower()
    if "gguf" in pinned.config.formats:
        weights, _ = _gguf(pinned)
        if len(weights) != 1:  # parts of one file are not taken
            return ""
        if line := pull(pinned, weights[0]):
            return line + chat_note(pinned.config)
        fetch, place = pinned.download(*weights, folder="."), weights[0]
    else:
        fetch, place = pinned.download(folder=name), name
    told = f"echo {quote(f'FROM ./{place}')} > Modelfile"
    return f"{fetch}{told}\nollama create {quote(name)} -f Modelfile"


def _gguf(pinned: Pinned) -> tuple[list[str], str]:
    """Choose one quantization with all its parts, and the projector that goes with it."""
    files = pinned.version.files.filter(SERVED, path__iendswith=".gguf")
    paths = list(files.values_list("path", flat=True))
    taken = sorted(taken_by(PRESETS["gguf"], "", paths)) if paths else []
    seeing = [path for path in taken if is_projector(path)]
    return [path for path in taken if path not in seeing], next(iter(seeing), "")


def _sentence_transformers(pinned: Pinned) -> str:
    name = "CrossEncoder" if pinned.config.slug == "reranker" else "SentenceTransformer"
    return (
        f"{pinned.loading}from sentence_transformers import {name}\n\n"
        f"{pinned.names}model = {name}({PINNED})"
    )


def _hf(pinned: Pinned) -> str:
    """No client looks at hashes by itself."""
    checked = f"hf cache verify --revision {quote(pinned.commit)} {quote(pinned.repo)}"
    return f"{pinned.download()}{checked}"


def _python(pinned: Pinned) -> str:
    return (
        f"{pinned.python}from huggingface_hub import snapshot_download\n\n"
        f"{pinned.names}folder = snapshot_download({PINNED})"
    )


def _curl(pinned: Pinned) -> str:
    path = _telling_file(pinned.version)
    if not path:
        return ""
    place = f"{pinned.repo}/resolve/{pinned.commit}/{path}"
    address = quote(f"{pinned.endpoint}/{address_quote(place)}")
    return (
        'export HF_TOKEN=hf_…\ncurl -fL -H "Authorization: Bearer $HF_TOKEN" \\\n'
        f"  -o {here(PurePosixPath(path).name)} {address}"
    )


def _telling_file(version: ModelVersion) -> str:
    taken = version.files.filter(SERVED)
    told = set(taken.filter(path__in=_TELLING).values_list("path", flat=True))
    largest = taken.order_by("-size", "path").values_list("path", flat=True)
    return next((path for path in _TELLING if path in told), "") or largest.first() or ""


_Write = Callable[[Pinned], str]
_RUNTIMES: Final[tuple[tuple[str, str, _Write], ...]] = (
    ("transformers", "transformers", _transformers),
    ("vllm", "vLLM", _vllm),
    ("llama_cpp", "llama.cpp", _llama_cpp),
    ("ollama", "Ollama", _ollama),
    ("diffusers", "diffusers", diffusers),
    ("sentence_transformers", "sentence-transformers", _sentence_transformers),
)
_CLIENTS: Final[tuple[tuple[str, _Write], ...]] = (
    ("hf", _hf),
    ("Python", _python),
    ("curl", _curl),
)
