"""What a model needs and where it runs: the control on its page, and its answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from django.urls import reverse

from catalog.forms import FitForm
from catalog.policy.weight_sets import WeightSet, quantizations
from catalog.selectors.devices import active_devices
from core.errors import InvalidInputError
from core.wording import TIMES, grouped, listed, memory_size
from registry.configs import ModelConfig, load_config
from registry.configs.cache import bytes_per_token
from registry.configs.image import ImageConfig
from registry.configs.llm import LlmConfig
from registry.enums import DeviceKind
from registry.fit.assumptions import Assumption
from registry.fit.devices import Placement, place
from registry.fit.listed import BEYOND, LIMITS, class_of
from registry.fit.memory import CACHE_TYPES, Need, Workload, longest_of, need_of, reads_text
from registry.fit.shares import share_of
from registry.models import SERVED, Device, Model, ModelVersion
from registry.runtimes import Compatibility, runtimes

STEPS: Final = tuple(1 << power for power in range(7, 24))
FIRST_STEP: Final = 2048  # of a model that reads more than that
DEFAULT: Final = Workload()
_WEIGHTS: Final = ("weights", "Weights", "fill")
_CACHE: Final = ("cache", "KV cache", "soft")
_REST: Final = (("working", "Working memory", "fill2"), ("overhead", "Runtime", "hollow"))
_STATES: Final = {True: "yes", False: "no", None: ""}


def typed_config(version: ModelVersion | None) -> ModelConfig | None:
    """The configuration of a version that was looked at; None where there is nothing to go by."""
    if version is None or not version.config:
        return None
    try:
        return load_config(version.model_type, version.config)
    except InvalidInputError:  # of other rules than those of today; the inspection says more
        return None


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the memory: its bytes, None where they are not known; `hint` is how it comes."""

    title: str
    size: int | None
    tone: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A device: how many of it hold the model, as a state and in words."""

    place: Placement
    state: str
    times: str


@dataclass(frozen=True, slots=True)
class Group:
    """The devices of a kind, and in a few words the smallest that holds the model."""

    title: str
    answer: str
    state: str
    rows: Sequence[Row]


def fit_context(
    query: QueryDict, model: Model, version: ModelVersion, config: ModelConfig
) -> dict[str, Any]:
    """The control as it was moved, and the answer to it."""
    sets = _sets(version, config)
    form = FitForm(query, default=_default(config), sets=sets)
    if form.weight_set:
        config = config.model_copy(update={"weights_bytes": form.weight_set.size})
    need = need_of(config, form.workload)
    placements = [place(need, device) for device in active_devices()]
    size = class_of(need.total)
    return {
        "fit_url": reverse("catalog:model-fit", args=[model.slug]),
        "page_url": reverse("catalog:model", args=[model.slug]),
        "form": form,
        "version": query.get("version", ""),
        "sets": sets,
        "steps": _steps(config, form.workload.context) if reads_text(config) else [],
        "has_cache": isinstance(config, LlmConfig),
        "makes_pictures": isinstance(config, ImageConfig),
        "notes": need.notes,
        "assumptions": [*need.assumptions, *_shares(placements)],
        "headline": _headline(need, placements),
        "missing": listed(need.missing) if need.missing else "",
        "parts": _parts(need, config, form.workload),
        "limit": LIMITS.get(size),
        "limit_name": f"{size} GB GPU" if size and size != BEYOND else "",
        "groups": _groups(placements),
    }


def _sets(version: ModelVersion, config: ModelConfig) -> tuple[WeightSet, ...]:
    """Quantizations to choose from, where the configuration could not name one set of weights."""
    if config.weights_bytes is not None or "gguf" not in config.formats:
        return ()
    return quantizations(version.files.filter(SERVED).values_list("path", "size"))


def _default(config: ModelConfig) -> Workload:
    longest = longest_of(config) if reads_text(config) else None
    return Workload(context=min(DEFAULT.context, longest or DEFAULT.context))


def _steps(config: ModelConfig, chosen: int) -> list[dict[str, object]]:
    """Contexts to choose from: powers of two up to the longest, that, and the chosen one."""
    longest = longest_of(config)
    low = FIRST_STEP if (longest or FIRST_STEP) > FIRST_STEP else STEPS[0]
    most = longest or 131_072
    steps = {step for step in STEPS if low <= step < most} | {most, chosen}
    return [{"value": step, "checked": step == chosen} for step in sorted(steps)]


def _parts(need: Need, config: ModelConfig, workload: Workload) -> list[Part]:
    if not isinstance(config, LlmConfig):
        return [_part(need, *one) for one in (_WEIGHTS, *_REST)]
    cache = replace(_part(need, *_CACHE), hint=_cache_hint(need, config, workload))
    return [_part(need, *_WEIGHTS), cache, *(_part(need, *one) for one in _REST)]


def _part(need: Need, name: str, title: str, tone: str) -> Part:
    return Part(title, getattr(need, name), tone)


def _cache_hint(need: Need, config: LlmConfig, workload: Workload) -> str:
    """Requests, tokens and bytes of each, where their product is the cache."""
    if not config.cache or any(group.window for group in config.cache) or need.tokens is None:
        return ""
    width = CACHE_TYPES[workload.cache_type].bytes_per_value
    each = memory_size(round(bytes_per_token(config.cache, width)))
    return f"{workload.batch} {TIMES} {grouped(need.tokens)} {TIMES} {each}"


def _headline(need: Need, placements: Iterable[Placement]) -> str:
    if need.total is None:
        return f"At least {memory_size(need.known)}"
    holding = [one for one in placements if one.fits]
    if any(one.count == 1 for one in holding):
        return f"{memory_size(need.total)} on one device"
    if holding:
        return f"{memory_size(need.total)}: more than one device has"
    return f"{memory_size(need.total)}: more than any of these machines has"


def _shares(placements: Iterable[Placement]) -> Iterable[Assumption]:
    """What part of each kind of device is used, each once."""
    devices = (one.device for one in placements)
    return dict.fromkeys(share_of(one.kind, one.memory_bytes) for one in devices)


def _groups(placements: Iterable[Placement]) -> list[Group]:
    """By kind, in the order of the devices."""
    kinds = groupby(placements, key=lambda one: one.device.kind)
    return [_group(DeviceKind(kind).label, tuple(rows)) for kind, rows in kinds]


def _group(title: str, places: Sequence[Placement]) -> Group:
    rows = [_row(one) for one in places]
    holding = [one for one in places if one.fits]
    if holding:
        best = min(holding, key=lambda one: (one.count, one.device.memory_bytes))
        times = f"{best.count} {TIMES} " if best.count > 1 else ""
        return Group(title, f"from {times}{best.device.name}", "yes", rows)
    if any(one.fits is None for one in places):
        return Group(title, _at_least(places), "", rows)
    return Group(title, "none of these", "no", rows)


def _at_least(places: Sequence[Placement]) -> str:
    """Say which devices surely do not hold it, and never that one does."""
    small = [one for one in places if one.fits is False]
    if not small:
        return "not known"
    largest = max(small, key=lambda one: one.device.memory_bytes).device
    return f"more than {largest.name} has; of the others it is not known"


def _row(place: Placement) -> Row:
    times = f"{place.count} {TIMES}" if place.fits else ""
    if place.fits is False and place.count > 1:
        times = f"more than {place.count}"
    return Row(place, _STATES[place.fits], times)


def page_with(request: HttpRequest, model: Model) -> str:
    """The address of the model's page with the control as it was moved."""
    kept = [(name, value) for name, value in request.GET.items() if value]
    query = f"?{urlencode(kept)}" if kept else ""
    return f"{reverse('catalog:model', args=[model.slug])}{query}"


def runtimes_context(answers: Iterable[Compatibility]) -> dict[str, Any]:
    """What runs the model and what does not, each with its reason."""
    titles = {cls.slug: cls.title for cls in runtimes}
    told = [
        {"title": titles[one.runtime], "reason": one.reason, "runs": one.compatible}
        for one in answers
    ]
    return {
        "running": [one for one in told if one["runs"]],
        "refusing": [one for one in told if not one["runs"]],
    }


def devices_by_kind(devices: Iterable[Device]) -> list[tuple[str, list[Device]]]:
    """Devices for a list to choose from."""
    kinds = groupby(devices, key=lambda device: device.kind)
    return [(DeviceKind(kind).label, list(rows)) for kind, rows in kinds]
