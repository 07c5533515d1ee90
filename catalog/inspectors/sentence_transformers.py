"""The files of sentence-transformers: how a text becomes one vector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from catalog.inspectors.base import (
    JsonObject,
    Problems,
    as_count,
    as_lines,
    as_object,
    as_text,
)
from catalog.inspectors.files import Files

MODULES: Final = "modules.json"
SETTINGS: Final = ("sentence_bert_config.json", "config_sentence_transformers.json")
_MOST_MODULES = 30
_MOST_PROMPTS = 50
_LONGEST_PROMPT = 2000
_MODES: Final = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len",
    "pooling_mode_weightedmean_tokens": "weighted_mean",
    "pooling_mode_lasttoken": "last_token",
}
_SHORT: Final = {"weightedmean": "weighted_mean", "lasttoken": "last_token"}


@dataclass(frozen=True, slots=True)
class Module:
    """One step of the pipeline: its kind and its folder."""

    kind: str
    path: str


def is_pipeline(files: Files) -> bool:
    """Tell whether the model is a sentence-transformers pipeline."""
    return files.has(MODULES)


def read_modules(files: Files, problems: Problems) -> tuple[Module, ...]:
    """Return the steps in order."""
    data = files.json(MODULES)
    if data is None:
        return ()
    if not isinstance(data, list) or len(data) > _MOST_MODULES:
        problems.add(f"{MODULES} holds no list of modules")
        return ()
    found = []
    for entry in data:
        if not isinstance(entry, dict) or not as_text(entry.get("type")):
            problems.add(f"{MODULES} names a module without a type")
            continue
        kind = as_text(entry["type"]).rpartition(".")[2]
        found.append(Module(kind, as_text(entry.get("path"), 500).strip("/")))
    return tuple(found)


def body_folder(files: Files, problems: Problems) -> str:
    """Return the folder of the transformer; '' where it lies at the top, or there is none."""
    modules = read_modules(files, problems)
    return next((module.path for module in modules if module.kind == "Transformer"), "")


def pipeline_facts(files: Files, problems: Problems) -> dict[str, object]:
    """Return the fields of EmbeddingConfig that the pipeline's files say."""
    modules = read_modules(files, problems)
    settings = files.object(SETTINGS[1])
    facts: dict[str, object] = {
        "max_seq_length": _longest(files, body_folder(files, problems)),
        "similarity": as_text(settings.get("similarity_fn_name")),
        "prompts": _prompts(settings, problems),
    }
    if modules:
        facts["normalize"] = any(module.kind == "Normalize" for module in modules)
    for module in modules:
        if module.kind == "Pooling":
            facts.update(_pooling(_settings(files, module, problems)))
        elif module.kind == "Dense":
            width = as_count(_settings(files, module, problems).get("out_features"))
            facts["dimension"] = width or facts.get("dimension")
    return facts


def _settings(files: Files, module: Module, problems: Problems) -> JsonObject:
    """Read a module's own file; the folder is only a name to compare with those listed."""
    path = f"{module.path}/config.json" if module.path else "config.json"
    if not files.has(path):
        problems.add(f"{MODULES} names {module.kind} at {path}, which is not there")
    return files.object(path)


def _pooling(settings: JsonObject) -> dict[str, object]:
    modes = [name for flag, name in _MODES.items() if settings.get(flag) is True]
    written = as_text(settings.get("pooling_mode"))  # the newer way: "mean", or "cls+mean"
    if not modes and written:
        short = [_SHORT.get(name, name) for name in written.split("+")]
        modes = [name for name in short if name in _MODES.values()]
    width = as_count(settings.get("word_embedding_dimension"))
    width = width or as_count(settings.get("embedding_dimension"))
    return {
        "pooling": tuple(modes),
        "dimension": width * max(1, len(modes)) if width else None,
    }


def _longest(files: Files, folder: str) -> int | None:
    path = f"{folder}/{SETTINGS[0]}" if folder else SETTINGS[0]
    return as_count(files.object(path).get("max_seq_length"))


def _prompts(settings: JsonObject, problems: Problems) -> dict[str, str]:
    """Return what is put before a text, by its use; none is shortened."""
    told = as_object(settings.get("prompts"))
    kept = {as_text(name): as_lines(text) for name, text in list(told.items())[:_MOST_PROMPTS]}
    fitting = {name: text for name, text in kept.items() if len(text) <= _LONGEST_PROMPT}
    if len(fitting) < len(told):
        problems.add(f"{SETTINGS[1]} has more or longer prompts than are kept")
    return fitting
