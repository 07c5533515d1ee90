"""The waybill beside the description: what is known of a model, in a few words each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.urls import reverse

from catalog.upstreams import source_title
from core.wording import TIMES, file_size, grouped, parameters
from registry.models import Model, ModelVersion

Row = tuple[str, str]
_GATED: Final = {
    "auto": "yes, once its terms are accepted",
    "manual": "yes, its authors decide",
}
_FIRST: Final = 6


def facts(model: Model, version: ModelVersion | None) -> list[dict[str, str]]:
    """Facts that nobody knows are left out."""
    if version is None:
        return [*_texts(_listed(model)), {"label": "Tier", "value": model.tier, "kind": "tier"}]
    license_row = {
        "label": "License",
        "value": version.license_class,
        "word": version.license_spdx,
        "kind": "license",
    }
    rows = [
        *_texts(_of_config(version)),
        *_texts(_of_card(model, version)),
        license_row,
        {"label": "Tier", "value": model.tier, "kind": "tier"},
        {"label": "Commit", "value": version.commit, "kind": "commit"},
    ]
    if address := version.facts.get("address"):
        name = source_title(model.source)
        rows.append({"label": "Source", "value": name, "kind": "link", "url": address})
    return [*rows, *_texts(_of_source(version)), *_served(model)]


def _served(model: Model) -> list[dict[str, str]]:
    """How much it is used here, as counted once a day; the page of it tells the rest."""
    if not model.downloads_month:
        return []
    words = f"{grouped(model.downloads_month)} files in 30 days"
    url = f"{reverse('catalog:usage')}?model={model.slug}"
    return [{"label": "Downloads here", "value": words, "kind": "link", "url": url}]


def _texts(rows: Iterator[Row]) -> list[dict[str, str]]:
    return [{"label": label, "value": value, "kind": "text"} for label, value in rows if value]


def _listed(model: Model) -> Iterator[Row]:
    """What is told of a model that no version of is pinned; nobody has looked."""
    yield "Size", f"about {file_size(model.size_bytes)}" if model.size_bytes else ""
    yield "File", model.head_filename
    for name, set_to in model.parameters.items():
        yield name.replace("_", " ").capitalize(), str(set_to)
    yield "Source", source_title(model.source)


def _of_config(version: ModelVersion) -> Iterator[Row]:
    config = version.config
    count, context = config.get("num_params"), config.get("context_length")
    yield "Parameters", parameters(count) if count else ""
    files = "1 file" if version.file_count == 1 else f"{grouped(version.file_count)} files"
    yield "Size", f"{file_size(version.size_bytes)}, {files}"
    yield "Architecture", str(config.get("architecture") or "")
    yield "Made for", str(config.get("base_model") or "")
    yield "Trained at", _pixels(config.get("width"), config.get("height"))
    yield "Triggered by", _some(config.get("trigger_words"))
    yield "Pictures", "marked NSFW at its source" if config.get("nsfw") else ""
    yield "Context", f"{grouped(context)} tokens" if context else ""
    yield "Dimension", str(config.get("dimension") or "")
    yield "Layers", str(config.get("num_layers") or "")
    yield "Formats", ", ".join(config.get("formats") or [])


def _of_card(model: Model, version: ModelVersion) -> Iterator[Row]:
    told = version.facts
    yield "Tasks", _some(told.get("tasks"))
    yield "Languages", _some(told.get("languages"))
    yield "Trained on", _some(told.get("datasets"))
    yield "Author", model.author


def _of_source(version: ModelVersion) -> Iterator[Row]:
    """What its source said when the version was pinned; both counts move on there."""
    told = version.facts
    gated = str(told.get("gated") or "")
    yield "Gated", _GATED.get(gated, gated)
    since = f" on {version.pinned_at:%Y-%m-%d}" if version.pinned_at else ""
    for name in ("downloads", "likes"):
        found = told.get(name)
        yield name.capitalize(), f"{grouped(found)}{since}" if isinstance(found, int) else ""


def _pixels(width: object, height: object) -> str:
    return f"{width} {TIMES} {height}" if width and height else ""


def _some(names: object) -> str:
    """Write the first of a list, and how many more there are."""
    words = [str(name) for name in names] if isinstance(names, list) else []
    more = f" and {len(words) - _FIRST} more" if len(words) > _FIRST else ""
    return f"{', '.join(words[:_FIRST])}{more}"
