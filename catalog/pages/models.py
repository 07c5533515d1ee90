"""What the Models page shows: rows, counts beside the filters, chips and the way on when empty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from catalog.pages.fitting import devices_by_kind
from catalog.selectors.devices import active_devices, with_device
from catalog.selectors.facets import FACETS, Count, Facets, facets_for
from catalog.selectors.filters import CHOICES, ModelFilter
from catalog.selectors.models import page_of_models
from catalog.upstreams import source_title
from core.pages import Row, links
from core.rendering import remembered
from core.status_language import MODEL_TYPES, OTHER_TYPE, word_of
from core.templatetags.numbers import ago
from registry.callers import Caller
from registry.enums import Admission, Scope
from registry.fit.listed import CONTEXTS, SHORTEST, classes_within
from registry.models import Device
from registry.runtimes import runtimes

TITLES = {
    "status": "Admission",
    "scan": "Scan",
    "model_type": "Type",
    "license_type": "License",
    "tier": "Tier",
    "source": "Source",
    "family": "Family",
    "license": "License id",
    "format": "Format",
    "quantization": "Quantization",
    "language": "Language",
    "category": "Category",
    "base": "Made from",
    "runtime": "Runtime",
    "fits": "Fits",
    "fits_context": "at tokens",
    "min_params": "Parameters from",
    "max_params": "Parameters to",
    "min_size": "Size from",
    "max_size": "Size to",
    "min_context": "Context from",
    "q": "Words",
}
KINDS = {"status": "admission", "scan": "scan", "license_type": "license", "tier": "tier"}
_OWN = ("slug", "repo_id", "model_type", "num_params", "size_bytes")
_STATES = ("admission", "scan_verdict", "license_class", "license_spdx", "tier")
NONE = Count(0)
OPEN = ("status", "model_type", "license_type")


@dataclass(frozen=True, slots=True)
class Option:
    """A value of a facet; `more`: the true count may be higher. None: it was not counted."""

    value: str
    label: str
    count: int | None
    more: bool
    selected: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """A group of choices; `kind` names the badges that its values are shown as."""

    name: str
    title: str
    kind: str
    open: bool
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """A pair of fields that bounds a number."""

    title: str
    low_name: str
    low: str
    high_name: str
    high: str
    unit: str
    placeholder: str


def list_context(request: HttpRequest, caller: Caller) -> dict[str, Any]:
    chosen, devices = with_device(ModelFilter.parse(request.GET)), active_devices()
    page = page_of_models(caller, chosen, cursor=request.GET.get("cursor", ""))
    counts = facets_for(caller, chosen)
    everything = facets_for(caller, ModelFilter()) if chosen.used else counts
    return {
        "models": [_row(row) for row in page.rows],
        "count": counts.total.n,
        "count_more": counts.total.more,
        "total": everything.total.n,
        "counted_at": counts.as_of,
        "facets": [
            remembered("components/facet.html", facet=_facet(name, chosen, counts, everything))
            for name in FACETS
            if name != "fits"
        ],
        "fits": _fits(chosen, devices, counts),
        "ranges": _ranges(request),
        "chips": _chips(chosen, {device.slug: device.name for device in devices}),
        "ordering": chosen.ordering,
        "q": chosen.q,
        **links(request, page),
        "empty": _empty(caller, chosen),
    }


def _label(name: str, value: str) -> str:
    if name == "model_type":
        return MODEL_TYPES.get(value, OTHER_TYPE)[0]
    if name == "source":
        return source_title(value)
    if name == "runtime":
        return runtimes.get(value).title
    kind = KINDS.get(name)
    return word_of(kind, "" if value == "none" else value) if kind else value


def _row(row: Row) -> SafeString:
    """Many rows are in the same states, so these are rendered, and remembered, apart."""
    pending = row["admission"] == Admission.PENDING
    states = remembered(
        "catalog/models_states.html",
        is_listed=pending and row["head_number"] is None,
        **{name: row[name] for name in _STATES},
    )
    shown = {name: row[name] for name in _OWN}
    changed = ago(row["updated_at"])
    return remembered("catalog/models_row.html", **shown, states=states, changed=changed)


def _facet(name: str, chosen: ModelFilter, counts: Facets, every: Facets) -> Facet:
    """Values in the order of their meaning; those that no model has are left out."""
    picked = getattr(chosen, name)
    found = counts.values.get(name)
    known = CHOICES.get(name) or sorted(every.values[name])
    options = tuple(
        Option(
            value=value,
            label=_label(name, value),
            count=None if found is None else found.get(value, NONE).n,
            more=found is not None and found.get(value, NONE).more,
            selected=value in picked,
        )
        for value in known
        if value in (found or ()) or value in picked or value in every.values[name]
    )
    return Facet(name, TITLES[name], KINDS.get(name, ""), name in OPEN or bool(picked), options)


def _ranges(request: HttpRequest) -> list[Range]:
    def text(name: str) -> str:
        return request.GET.get(name, "")

    return [
        Range(
            "Parameters",
            "min_params",
            text("min_params"),
            "max_params",
            text("max_params"),
            "in billions with B",
            "7B",
        ),
        Range(
            "Size on disk",
            "min_size",
            text("min_size"),
            "max_size",
            text("max_size"),
            "in gigabytes with GB",
            "80GB",
        ),
    ]


def _fits(chosen: ModelFilter, devices: list[Device], counts: Facets) -> dict[str, Any]:
    """Devices to choose from, with how many models each surely holds, and the contexts."""
    counted = counts.values.get("fits") if chosen.fits_context == SHORTEST else None
    groups = [
        (kind, [{"device": one, **_holding(one, counted)} for one in some])
        for kind, some in devices_by_kind(devices)
    ]
    return {"chosen": chosen.fits, "groups": groups, "context": chosen.fits_context} | {
        "contexts": list(CONTEXTS)
    }


def _holding(device: Device, counted: dict[str, Count] | None) -> dict[str, Any]:
    """Models are counted by classes of memory; of one that is held in part nobody knows more."""
    if counted is None:
        return {"count": None, "more": False}
    within, others = classes_within(device.usable_bytes)
    found = [counted[name] for name in within if name in counted]
    return {"count": sum(one.n for one in found), "more": others or any(o.more for o in found)}


def _chips(chosen: ModelFilter, devices: dict[str, str]) -> list[dict[str, str]]:
    chips = []
    for name, value in chosen.used.items():
        for one in value if isinstance(value, tuple) else (value,):
            label = _label(name, one) if isinstance(one, str) else f"{one:,}".replace(",", " ")
            label = devices.get(label, label) if name == "fits" else label
            chips.append({"name": name, "value": str(one), "title": TITLES[name], "label": label})
    return chips


def _empty(caller: Caller, chosen: ModelFilter) -> dict[str, str]:
    """Why nothing is shown, and one thing to do."""
    wanted = f"?uri={chosen.q}" if "/" in chosen.q and " " not in chosen.q else ""
    may_import = caller.may(Scope.REQUEST)
    words = {
        "title": "No model matches" if chosen.used else "No models yet",
        "text": "Take a filter away, or bring the model in: paste its name and see what it is.",
        "link": "Ask for a model" if may_import else "",
        "url": reverse("catalog:import") + wanted if may_import else "",
        "other": "Clear all filters" if chosen.used else "",
        "other_url": reverse("catalog:models") if chosen.used else "",
    }
    if not chosen.used:
        words["text"] = "Paste the name of a model and see what it is before anything moves."
    return words
