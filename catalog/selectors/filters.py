"""What a list of models can be narrowed by: query parameters in, conditions out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from functools import cache, reduce
from operator import and_
from typing import Any, Self

from django.db.models import Q, QuerySet
from django.db.models.functions import Upper
from django.http import QueryDict

from core.errors import InvalidInputError, TierNotPermittedError
from downloads.planning.quantizations import recipe_of
from registry.buckets import CONTEXTS as CONTEXT_LENGTHS
from registry.buckets import PARAMS
from registry.callers import Caller
from registry.configs.base import CATEGORIES
from registry.enums import Admission, LicenseClass, ModelType, ScanVerdict, Tier
from registry.fit.listed import CONTEXTS, SHORTEST
from registry.models import BaseLink
from registry.runtimes import runtimes

MAX_NUMBER = 2**63 - 1
MAX_VALUES = 50
MAX_WORDS = 8
MAX_TEXT = 200
MIN_WORD = 3  # the trigram index can find nothing shorter
NOT_SCANNED = "none"  # how the empty scan verdict is written in a query

CHOICES: dict[str, tuple[str, ...]] = {
    "tier": tuple(Tier.values),
    "model_type": tuple(ModelType.values),
    "license_type": tuple(LicenseClass.values),
    "status": tuple(Admission.values),
    "scan": (*ScanVerdict.values, NOT_SCANNED),
    "category": CATEGORIES,
    "params": PARAMS.names(),
    "context": CONTEXT_LENGTHS.names(),
    "runtime": tuple(cls.slug for cls in runtimes),  # loaded when the registry's app is ready
}
COLUMNS = {
    "tier": "tier",
    "model_type": "model_type",
    "license_type": "license_class",
    "status": "admission",
    "scan": "scan_verdict",
    "source": "source",
    "family": "family",
    "license": "license_spdx",
    "quantization": "quantization",
}
ARRAYS = {
    "category": "categories",
    "format": "formats",
    "language": "languages",
    "runtime": "runtimes",
}
BUCKETS = {"params": PARAMS, "context": CONTEXT_LENGTHS}
BOUNDS = {
    "min_params": "num_params__gte",
    "max_params": "num_params__lte",
    "min_context": "context_length__gte",
    "max_context": "context_length__lte",
    "min_size": "size_bytes__gte",
    "max_size": "size_bytes__lte",
}
ORDERINGS = ("updated_at", "name", "num_params", "size_bytes")
DEFAULT_ORDERING = "-updated_at"
PAGING = frozenset({"cursor", "limit"})
# Not asked for by itself: what the device that `fits` names has, see catalog/selectors/devices.py.
INNER = frozenset({"fits_bytes"})
_CONTEXTS = {str(context): context for context in CONTEXTS}
_CONTEXTS |= {f"{context // 1024}k": context for context in CONTEXTS}


@dataclass(frozen=True, slots=True)
class ModelFilter:
    """A list of models as it was asked for: several values of one name mean any of them."""

    q: str = ""
    tier: tuple[str, ...] = ()
    model_type: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    family: tuple[str, ...] = ()
    license_type: tuple[str, ...] = ()
    license: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    scan: tuple[str, ...] = ()
    format: tuple[str, ...] = ()
    quantization: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    base: tuple[str, ...] = ()
    runtime: tuple[str, ...] = ()
    params: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    fits: str = ""
    fits_context: int = SHORTEST
    fits_bytes: int | None = None
    min_params: int | None = None
    max_params: int | None = None
    min_context: int | None = None
    max_context: int | None = None
    min_size: int | None = None
    max_size: int | None = None
    ordering: str = DEFAULT_ORDERING

    @classmethod
    def parse(cls, query: QueryDict) -> Self:
        """Read query parameters; an unknown name or a bad value is an error that says why."""
        known = parameters()
        given: dict[str, Any] = {}
        for name in query:
            if name in PAGING:
                continue
            if name not in known:
                words = ", ".join(sorted({*known, *PAGING}))
                raise _invalid(name, f"There is no filter {name!r}. Known: {words}.")
            given[name] = _read(name, query.getlist(name))
        if not given.get("fits"):
            given.pop("fits_context", None)  # a context alone narrows nothing
        return cls(**given)

    def without(self, *names: str) -> Self:
        """Give the same filter with these parameters back at their defaults."""
        more = ("fits_context", "fits_bytes") if "fits" in names else ()
        return replace(self, **{name: _defaults()[name] for name in (*names, *more)})

    @property
    def used(self) -> dict[str, Any]:
        """The parameters that narrow the list: those not at their default, but the ordering."""
        return {
            name: value
            for name, default in _defaults().items()
            if name not in _QUIET and (value := getattr(self, name)) != default
        }

    @property
    def is_slow(self) -> bool:
        """Whether words or bounds have many rows passed by until a page of them is found."""
        return bool(self.q) or any(getattr(self, name) is not None for name in BOUNDS)

    def tiers(self, caller: Caller) -> list[str]:
        """Give the tiers to look in: the caller's, or fewer. Asking for more is refused."""
        for tier in self.tier:
            if not caller.sees(tier):
                raise TierNotPermittedError(
                    f"You may not list tier {tier}.", field="tier", needs_tier=tier
                )
        return [tier.value for tier in caller.tiers if not self.tier or tier.value in self.tier]

    def conditions(self) -> Q:
        """Give everything but the tiers as one condition on `registry.Model`."""
        parts = [Q(repo_id__icontains=word) for word in self.q.split()]
        used = self.used
        parts += [
            _any_of(column, _stored(name, used[name]))
            for name, column in COLUMNS.items()
            if name in used and name != "tier"
        ]
        parts += [
            Q(**{f"{column}__overlap": list(used[name])})
            for name, column in ARRAYS.items()
            if name in used
        ]
        parts += [one.condition(used[name]) for name, one in BUCKETS.items() if name in used]
        parts += [Q(**{lookup: used[name]}) for name, lookup in BOUNDS.items() if name in used]
        if self.base:
            parts.append(Q(pk__in=models_made_from(self.base)))
        if self.fits:
            # What fits at a longer context fits at the shortest, whose column has the index.
            columns = dict.fromkeys((CONTEXTS[SHORTEST], CONTEXTS[self.fits_context]))
            parts += [Q(**{f"{column}__lte": self.fits_bytes}) for column in columns]
        return reduce(and_, parts, Q())


def models_made_from(names: Iterable[str]) -> QuerySet[BaseLink, int]:
    """Give the ids of models whose head names one of these as a base, in any case."""
    links = BaseLink.objects.annotate(name=Upper("repo_id"))
    found = links.filter(name__in=[name.upper() for name in names])
    return found.order_by().values_list("model_id", flat=True)


def parameters() -> list[str]:
    """Name the query parameters, in the order of their fields."""
    return [name for name in _defaults() if name not in INNER]


@cache
def _defaults() -> dict[str, Any]:
    return {field.name: field.default for field in fields(ModelFilter)}


def _any_of(column: str, values: list[str]) -> Q:
    # `= x` plans as `IN (x)` does and reads better in a slow-query log.
    return Q(**{column: values[0]}) if len(values) == 1 else Q(**{f"{column}__in": values})


def _stored(name: str, values: Iterable[str]) -> list[str]:
    return ["" if name == "scan" and value == NOT_SCANNED else value for value in values]


def _read(name: str, raw: list[str]) -> Any:  # noqa: ANN401 the type of the field it fills
    if name == "q":
        return _text(raw[-1])
    if name == "ordering":
        return _ordering(raw[-1])
    if name in _ONE:
        return _ONE[name](name, raw[-1])
    return _values(name, raw)


def _values(name: str, raw: list[str]) -> tuple[str, ...]:
    """Join `a=x&a=y` and `a=x,y`; empty ones (an untouched form field) do not count."""
    words = [word.strip() for text in raw for word in text.split(",")]
    words = [recipe_of(word) for word in words] if name == "quantization" else words
    values = tuple(dict.fromkeys(word for word in words if word))
    if len(values) > MAX_VALUES:
        raise _invalid(name, f"At most {MAX_VALUES} values of {name}.")
    allowed = CHOICES.get(name)
    for value in values:
        if "\x00" in value:
            raise _invalid(name, f"{name} holds a character that no value has.")
        if allowed and value not in allowed:
            raise _invalid(name, f"{name} cannot be {value!r}. Allowed: {', '.join(allowed)}.")
    return values


_AMOUNT = re.compile(r"([0-9]{1,19})(?:\.([0-9]{1,6}))?\s?([kmgtb]?)(b?)", re.IGNORECASE)
_POWERS = {"": 0, "k": 3, "m": 6, "g": 9, "b": 9, "t": 12}


def _number(name: str, raw: str) -> int | None:
    """Read `7000000000`, `7B`, `1.5b` (parameters) or `80 GB` (sizes) exactly, without floats."""
    text = raw.strip()
    if not text:
        return None
    found = _AMOUNT.fullmatch(text)
    if found is None:
        raise _invalid(name, f"{name} must be a number such as 7000000000, 7B or 80GB.")
    whole, part, unit, trailing = found[1], found[2] or "", found[3].lower(), found[4]
    if name.endswith("_size") and unit == "b" and not trailing:
        unit = ""  # bytes
    power = _POWERS[unit]
    value = int(int(whole + part) * 10**power // 10 ** len(part))
    if value > MAX_NUMBER:
        raise _invalid(name, f"{name} can be at most {MAX_NUMBER}.")
    return value


def _ordering(raw: str) -> str:
    if not raw:
        return DEFAULT_ORDERING
    if raw.removeprefix("-") not in ORDERINGS:
        allowed = ", ".join(f"{name}, -{name}" for name in ORDERINGS)
        raise _invalid("ordering", f"ordering cannot be {raw!r}. Allowed: {allowed}.")
    return raw


def _device(name: str, raw: str) -> str:
    if not _SLUG.fullmatch(raw.strip()):
        raise _invalid(name, f"{name} names a device by its slug, such as rtx-4090.")
    return raw.strip()


def _context(name: str, raw: str) -> int:
    if raw.strip().lower() not in _CONTEXTS:
        allowed = ", ".join(map(str, CONTEXTS))
        raise _invalid(name, f"{name} cannot be {raw!r}. Allowed: {allowed}.")
    return _CONTEXTS[raw.strip().lower()]


def _text(raw: str) -> str:
    words = raw.split()
    text = " ".join(words)
    if "\x00" in text:
        raise _invalid("q", "q holds a character that no name has.")
    if len(text) > MAX_TEXT or len(words) > MAX_WORDS:
        raise _invalid("q", f"q takes at most {MAX_WORDS} words and {MAX_TEXT} characters.")
    if words and max(map(len, words)) < MIN_WORD:
        raise _invalid("q", f"One word of q must have at least {MIN_WORD} characters.")
    return text


def _invalid(name: str, message: str) -> InvalidInputError:
    return InvalidInputError(message, field=name)


_SLUG = re.compile(r"(?:[a-z0-9][a-z0-9_-]{0,63})?")
_QUIET = frozenset({"ordering", "fits_bytes"})
# Parameters of one value, and how it is read.
_ONE: dict[str, Callable[[str, str], str | int | None]] = {
    **dict.fromkeys(BOUNDS, _number),
    "fits": _device,
    "fits_context": _context,
}
