"""From which models a model was made, as its card, its tags and its adapter say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, get_args

from catalog.inspectors.base import as_text
from catalog.sources.hf.references import is_repo_id
from registry.configs.base import Relation

MOST_BASES: Final = 20
_RELATIONS: Final = frozenset(get_args(Relation)) - {""}
_TAG: Final = "base_model:"
_MERGED: Final = frozenset({"merge", "mergekit", "model_merge"})
# First parts of relative paths on the machine where somebody trained.
_FOLDERS: Final = frozenset(
    {"model", "models", "checkpoint", "checkpoints", "ckpt", "ckpts", "output", "outputs", "out"}
    | {"result", "results", "run", "runs", "data", "weights", "save", "saved", "saves", "local"}
    | {"saved_models", "pretrained", "pretrained_models", "base_models", "hf_models", "hf-models"}
    | {"content", "workspace", "home", "mnt", "tmp", "root", "usr", "opt", "var", "kaggle", "work"}
    | {"llm", "llms"}
)


@dataclass(frozen=True, slots=True)
class Hints:
    """All that is said about where a model comes from."""

    own: str = ""
    named: tuple[str, ...] = ()  # by the card
    relation: str = ""  # by the card
    tags: tuple[str, ...] = ()
    adapted: str = ""  # by adapter_config.json
    is_adapter: bool = False
    is_quantized: bool = False


def base_models(hints: Hints) -> tuple[dict[str, str], ...]:
    """Return `BaseModelRef`s: repositories by name, each once, never the model itself.

    A relation is what the card or the source's tags say; else what the files prove (an adapter,
    quantized weights) or tags of merge tools say; else empty.
    """
    tagged = dict(_tagged(hints.tags))
    names = [*hints.named, *tagged]
    if not any(is_repo_id(name) for name in names) and _is_remote(hints.adapted):
        names = [hints.adapted]
    found = {
        name.lower(): {"repo_id": name, "relation": tagged.get(name) or _relation(hints)}
        for name in names
        if is_repo_id(name) and name.lower() != hints.own.lower()
    }
    return tuple(found.values())[:MOST_BASES]


def _tagged(tags: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Read `base_model:org/name` and `base_model:quantized:org/name`; the latter wins."""
    told = [tag.removeprefix(_TAG) for tag in tags if tag.startswith(_TAG)]
    for text in sorted(told, key=lambda text: ":" in text):
        relation, _, name = text.rpartition(":")
        if relation == "" or relation in _RELATIONS:
            yield name, relation


def _relation(hints: Hints) -> str:
    said = as_text(hints.relation).lower()
    if said in _RELATIONS:
        return said
    if hints.is_adapter:
        return "adapter"
    if _MERGED & {tag.lower() for tag in hints.tags}:
        return "merge"
    return "quantized" if hints.is_quantized else ""


def _is_remote(name: str) -> bool:
    """A name without an owner, or below a folder of common name, may as well be a local path."""
    owner, slash, _ = name.partition("/")
    return is_repo_id(name) and bool(slash) and owner.lower() not in _FOLDERS
