"""The filters beside the Models page: facets with counts, ranges of numbers, devices, chips."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.conf.locale import LANG_INFO
from django.http import HttpRequest
from django.utils.safestring import SafeString

from catalog.pages.fitting import devices_by_kind
from catalog.selectors.facets import FACETS, Count, Facets
from catalog.selectors.filters import BUCKETS, CHOICES, ModelFilter
from catalog.upstreams import source_title
from core.rendering import remembered
from core.status_language import MODEL_TYPES, OTHER_TYPE, word_of
from registry.buckets import UNKNOWN
from registry.fit.listed import CONTEXTS, SHORTEST, classes_within
from registry.models import Device
from registry.runtimes import runtimes

TITLES: Final = {
    "status": "Admission",
    "model_type": "Type",
    "category": "Category",
    "license_type": "License",
    "scan": "Scan",
    "tier": "Tier",
    "source": "Source",
    "family": "Family",
    "params": "Parameters",
    "context": "Context",
    "quantization": "Quantization",
    "format": "Format",
    "runtime": "Runtime",
    "fits": "Fits",
    "language": "Language",
    "size": "Size on disk",
    "license": "License id",
    "base": "Made from",
    "fits_context": "at tokens",
    "min_params": "Parameters from",
    "max_params": "Parameters to",
    "min_size": "Size from",
    "max_size": "Size to",
    "min_context": "Context from",
    "max_context": "Context to",
    "q": "Words",
}
_ORDER: Final = tuple(name for name in TITLES if name in {*FACETS, "size"})
_BADGES: Final = {"status": "admission", "scan": "scan", "license_type": "license", "tier": "tier"}
_OPEN: Final = ("status", "model_type", "license_type")
# Facets without a fixed list of values: the most frequent come first, and not all are shown.
_ENDLESS: Final = frozenset({"family", "quantization", "format", "language"})
_FIRST, _MOST = 8, 40
# Django names Chinese and Norwegian by their scripts alone.
_MORE_LANGUAGES: Final = {"zh": "Chinese", "no": "Norwegian"}
_NONE: Final = Count(0)


@dataclass(frozen=True, slots=True)
class Option:
    """A value of a facet and how many models it leaves; `more`: the true count may be higher."""

    value: str
    label: str
    count: int
    more: bool
    selected: bool


@dataclass(frozen=True, slots=True)
class Range:
    """A pair of fields that bounds a number; `name` stands after `min_` and `max_`."""

    name: str
    low: str
    high: str
    unit: str
    placeholder: str


@dataclass(frozen=True, slots=True)
class Facet:
    """A group of choices; `kind` names the badges that its values are shown as.

    `rest` are behind a fold; `is_cut` says that there are values which nobody sees here.
    """

    name: str
    title: str
    kind: str = ""
    open: bool = False
    options: tuple[Option, ...] = ()
    rest: tuple[Option, ...] = ()
    is_cut: bool = False
    range: Range | None = None
    bars: tuple[tuple[str, int], ...] = ()


def rail(
    request: HttpRequest, chosen: ModelFilter, devices: list[Device], counts: Facets, every: Facets
) -> list[SafeString]:
    """Render each group of filters; what was shown before comes from memory."""
    ranges = _ranges(request)
    return [
        remembered("catalog/models_fits.html", **_fits(chosen, devices, counts))
        if name == "fits"
        else remembered(
            "components/facet.html", facet=_facet(name, chosen, counts, every, ranges.get(name))
        )
        for name in _ORDER
    ]


def chips(chosen: ModelFilter, devices: list[Device]) -> list[dict[str, str]]:
    """Name each filter in force, in the words of the rail."""
    named = {device.slug: device.name for device in devices}
    found = []
    for name, value in chosen.used.items():
        for one in value if isinstance(value, tuple) else (value,):
            label = _label(name, one) if isinstance(one, str) else f"{one:,}".replace(",", " ")
            label = named.get(label, label) if name == "fits" else label
            found.append({"name": name, "value": str(one), "title": TITLES[name], "label": label})
    return found


def _label(name: str, value: str) -> str:
    if kind := _BADGES.get(name):
        return word_of(kind, "" if value == "none" else value)
    return _LABELS[name](value) if name in _LABELS else value


def _language(code: str) -> str:
    """Name a language by its code (ISO 639); what has no name stays as it was written."""
    told = _MORE_LANGUAGES.get(code) or LANG_INFO.get(code.lower(), {}).get("name")
    return f"{told} ({code})" if told else code


_LABELS: Final[dict[str, Callable[[str], str]]] = {
    "model_type": lambda value: MODEL_TYPES.get(value, OTHER_TYPE)[0],
    "source": source_title,
    "runtime": lambda value: runtimes.get(value).title,
    "language": _language,
    **{name: buckets.label for name, buckets in BUCKETS.items()},
}


def _facet(
    name: str, chosen: ModelFilter, counts: Facets, every: Facets, bounds: Range | None
) -> Facet:
    """Values in the order of their meaning or frequency; those that no model has are left out."""
    picked = getattr(chosen, name, ())
    found = counts.values.get(name, {})
    endless = name in _ENDLESS
    known = _most_frequent(found, picked) if endless else _known(name, found, picked, every)
    options = tuple(
        Option(value, _label(name, value), told.n, told.more, value in picked)
        for value in known
        if (told := found.get(value, _NONE))
    )
    first = _FIRST if endless else len(options)
    is_bounded = bounds is not None and bool(bounds.low or bounds.high)
    return Facet(
        name,
        TITLES[name],
        _BADGES.get(name, ""),
        name in _OPEN or bool(picked) or is_bounded,
        options[:first],
        options[first:],
        is_cut=len(found) > len(options),
        range=bounds,
        bars=_bars(name, options),
    )


def _known(name: str, found: dict[str, Count], picked: Iterable[str], every: Facets) -> list[str]:
    values = every.values.get(name, {})
    listed = CHOICES.get(name) or sorted(values)
    return [value for value in listed if value in found or value in picked or value in values]


def _most_frequent(found: dict[str, Count], picked: Iterable[str]) -> list[str]:
    """What is chosen stays on top, so that it can be taken back; '' is no value."""
    by_count = sorted(found, key=lambda value: (-found[value].n, value))
    return [*picked, *(value for value in by_count if value and value not in picked)][:_MOST]


def _bars(name: str, options: tuple[Option, ...]) -> tuple[tuple[str, int], ...]:
    """Of a number, how many models lie in each step; nothing where nothing is to be seen."""
    told = tuple((one.label, one.count) for one in options if one.value != UNKNOWN)
    return told if name in BUCKETS and any(count for _, count in told) else ()


def _ranges(request: HttpRequest) -> dict[str, Range]:
    def of(name: str, unit: str, placeholder: str) -> Range:
        low, high = (request.GET.get(f"{end}_{name}", "") for end in ("min", "max"))
        return Range(name, low, high, unit, placeholder)

    return {
        "params": of("params", "in billions with B", "7B"),
        "context": of("context", "in thousands of tokens with k", "32k"),
        "size": of("size", "in gigabytes with GB", "80GB"),
    }


def _fits(chosen: ModelFilter, devices: list[Device], counts: Facets) -> dict[str, Any]:
    """Devices to choose from, with how many models each surely holds, and the contexts."""
    counted = counts.values.get("fits") if chosen.fits_context == SHORTEST else None
    groups = tuple(
        (kind, tuple((one.slug, one.name, *_holding(one, counted)) for one in some))
        for kind, some in devices_by_kind(devices)
    )
    return {"chosen": chosen.fits, "groups": groups, "context": chosen.fits_context} | {
        "choices": tuple(CONTEXTS)
    }


def _holding(device: Device, counted: dict[str, Count] | None) -> tuple[int | None, bool]:
    """Models are counted by classes of memory; of one that is held in part nobody knows more."""
    if counted is None:
        return None, False
    within, others = classes_within(device.usable_bytes)
    found = [counted[name] for name in within if name in counted]
    return sum(one.n for one in found), others or any(one.more for one in found)
