"""Models of the Hub that a search found, out of its answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from catalog.sources.base import ModelRef
from catalog.sources.hf.listing import count_of, text_of
from catalog.sources.hf.references import is_repo_id
from catalog.sources.searching import FoundModel

if TYPE_CHECKING:
    from huggingface_hub.hf_api import ModelInfo


def found_models(
    infos: Iterable[ModelInfo], *, source: str, hub: str = ""
) -> tuple[FoundModel, ...]:
    """Convert the entries that have a usable name; `hub` is the name of a further Hub."""
    return tuple(_found(info, source, hub) for info in infos if is_repo_id(info.id))


def _found(info: ModelInfo, source: str, hub: str) -> FoundModel:
    name = str(info.id)
    # A name without an owner is read as words unless it says where it is from.
    plain = name if "/" in name else f"hf://{name}"
    return FoundModel(
        uri=f"{hub}:{name}" if hub else plain,
        ref=ModelRef(source, name),
        title=name,
        author=name.rpartition("/")[0],
        type=text_of(info.pipeline_tag),
        downloads=count_of(info.downloads),
        gated=text_of(info.gated),
        private=info.private is not False,
    )
