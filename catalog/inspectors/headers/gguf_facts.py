"""What the keys of a GGUF file say of a model, in the words of this yard."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from catalog.inspectors.base import as_text, as_texts
from catalog.inspectors.headers.gguf import Gguf
from catalog.inspectors.headers.gguf_keys import TEMPLATE
from catalog.inspectors.headers.gguf_shape import (
    GgufShape,
    Keys,
    count_of,
    gguf_shape,
    keys_below,
    plain,
    real_of,
)
from catalog.inspectors.headers.gguf_types import file_type_name

_TEXTS: Final = {
    "name": "general.name",
    "basename": "general.basename",
    "size_label": "general.size_label",
    "finetune": "general.finetune",
    "author": "general.author",
    "organization": "general.organization",
    "quantized_by": "general.quantized_by",
    "license": "general.license",
    "license_name": "general.license.name",
    "license_link": "general.license.link",
    "tokenizer": "tokenizer.ggml.model",
    "pre_tokenizer": "tokenizer.ggml.pre",
    "adapter_type": "adapter.type",
}
_TOKENS: Final = {
    "bos": "bos", "eos": "eos", "pad": "padding", "unk": "unknown", "eot": "eot", "eom": "eom",
    "sep": "seperator", "cls": "cls", "mask": "mask",
}  # fmt: skip
_SAMPLING: Final = ("temp", "top_p", "top_k", "min_p")
_MOST_BASES, _MOST_TEMPLATES, _MOST_ENCODER = 32, 16, 60
_REPO: Final = re.compile(r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/([\w.-]+/[\w.-]+)/?\Z")


@dataclass(frozen=True, slots=True)
class BaseModel:
    """A model that this one was made from, as its maker named it."""

    name: str = ""
    organization: str = ""
    version: str = ""
    url: str = ""
    repo_id: str = ""


@dataclass(frozen=True, slots=True)
class GgufFacts:
    """The shape and the papers of a model; None and empty where no key says it.

    `kind` is model, mmproj (the eyes or ears of one, described by `encoder`), adapter, vocab,
    imatrix or controlvector. `split` is the number of a part, from 0, and the count of parts.
    """

    kind: str = "model"
    architecture: str = ""
    shape: GgufShape = field(default_factory=GgufShape)
    file_type: str = ""
    name: str = ""
    basename: str = ""
    size_label: str = ""
    finetune: str = ""
    author: str = ""
    organization: str = ""
    quantized_by: str = ""
    license: str = ""
    license_name: str = ""
    license_link: str = ""
    tokenizer: str = ""
    pre_tokenizer: str = ""
    token_ids: Mapping[str, int] = field(default_factory=dict)
    chat_templates: Mapping[str, str] = field(default_factory=dict, repr=False)
    sampling: Mapping[str, float] = field(default_factory=dict)
    languages: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    base_models: tuple[BaseModel, ...] = ()
    encoder: Mapping[str, object] = field(default_factory=dict)
    adapter_type: str = ""
    adapter_alpha: float | None = None
    split: tuple[int, int] | None = None


def gguf_facts(keys: Keys) -> GgufFacts:
    """Read the keys of a GGUF file, or a list of them whose numbers are written out.

    Names of keys: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
    """
    architecture = as_text(keys.get("general.architecture"), 64)
    return GgufFacts(
        **{name: as_text(keys.get(key), 500) for name, key in _TEXTS.items()},
        kind=_kind(keys, architecture),
        architecture=architecture,
        shape=gguf_shape(keys, architecture),
        file_type=file_type_name(plain(keys.get("general.file_type"))),
        token_ids=_token_ids(keys),
        chat_templates=_templates(keys),
        sampling=_sampling(keys),
        languages=as_texts(keys.get("general.languages")),
        tags=as_texts(keys.get("general.tags")),
        labels=as_texts(keys.get(f"{architecture}.classifier.output_labels")),
        base_models=_base_models(keys),
        encoder=_encoder(keys) if architecture == "clip" else {},
        adapter_alpha=real_of(keys.get("adapter.lora.alpha")),
        split=_split(keys),
    )


def special_tokens(found: Gguf) -> dict[str, str]:
    """Return the texts of the tokens that have a role, by role; those that were not read lack."""
    texts = {role: found.vocabulary.token(n) for role, n in _token_ids(found.keys).items()}
    return {role: text[:200] for role, text in texts.items() if text is not None}


def _kind(keys: Keys, architecture: str) -> str:
    told = as_text(keys.get("general.type"), 64)
    if architecture in {"clip", "controlvector"}:
        return "mmproj" if architecture == "clip" else architecture
    return told or "model"


def _token_ids(keys: Keys) -> dict[str, int]:
    found = {name: plain(keys.get(f"tokenizer.ggml.{k}_token_id")) for name, k in _TOKENS.items()}
    return {name: n for name, n in found.items() if type(n) is int and 0 <= n < 1 << 31}


def _templates(keys: Keys) -> dict[str, str]:
    """Return the chat templates by name; the one without a name is `default`."""
    named = {key: value for key, value in keys.items() if key.startswith(TEMPLATE)}
    found = {key[len(TEMPLATE) + 1 :] or "default": value for key, value in named.items()}
    texts = {name: text for name, text in found.items() if isinstance(text, str)}
    return {as_text(name, 64): text for name, text in list(texts.items())[:_MOST_TEMPLATES]}


def _sampling(keys: Keys) -> dict[str, float]:
    found = {name: real_of(keys.get(f"general.sampling.{name}")) for name in _SAMPLING}
    return {name: value for name, value in found.items() if value is not None}


def _base_models(keys: Keys) -> tuple[BaseModel, ...]:
    count = min(count_of(keys.get("general.base_model.count")) or 0, _MOST_BASES)
    found = (_base_model(keys, f"general.base_model.{number}.") for number in range(count))
    return tuple(dict.fromkeys(base for base in found if base != BaseModel()))


def _base_model(keys: Keys, prefix: str) -> BaseModel:
    name, organization, version, url = (
        as_text(keys.get(prefix + part), 500) for part in ("name", "organization", "version", "url")
    )
    url = as_text(keys.get(f"{prefix}repo_url"), 500) or url
    match = _REPO.match(url)
    return BaseModel(name, organization, version, url, match[1] if match else "")


def _encoder(keys: Keys) -> dict[str, object]:
    """Return the small values that describe the eyes or ears of a model."""
    small = {
        key: value
        for key, value in keys_below(keys, "clip.").items()
        if isinstance(value, int | float | str) and (not isinstance(value, float) or real_of(value))
    }
    return dict(list(small.items())[:_MOST_ENCODER])


def _split(keys: Keys) -> tuple[int, int] | None:
    """Return number, from 0, and count of the parts."""
    number, count = plain(keys.get("split.no")), count_of(keys.get("split.count"))
    return (number, count) if count and type(number) is int and 0 <= number < count else None
