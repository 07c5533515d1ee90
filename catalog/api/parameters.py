"""The parameters of a list of models, as OpenAPI describes them."""

from __future__ import annotations

from collections.abc import Iterable

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from catalog.selectors.filters import BOUNDS, CHOICES, DEFAULT_ORDERING, parameters
from registry.fit.listed import CONTEXTS, SHORTEST


def filter_parameters() -> list[OpenApiParameter]:
    """Describe every parameter of `ModelFilter`, so that the document cannot forget one."""
    made = []
    for name in parameters():
        allowed = list(_ALLOWED[name]) if name in _ALLOWED else None
        many = name not in BOUNDS and name not in _SINGLE
        made.append(
            OpenApiParameter(
                name,
                OpenApiTypes.INT if name in (*BOUNDS, "fits_context") else OpenApiTypes.STR,
                many=many,
                explode=many,
                enum=allowed,
                default=_DEFAULTS.get(name),
                description=_SAYS.get(name, ""),
            )
        )
    return made


_SINGLE = ("q", "ordering", "fits", "fits_context")
_ALLOWED: dict[str, Iterable[str | int]] = {**CHOICES, "fits_context": CONTEXTS}
_DEFAULTS: dict[str, str | int] = {"ordering": DEFAULT_ORDERING, "fits_context": SHORTEST}
_SAYS = {
    "fits": "A device by its slug, such as rtx-4090: models that one of it holds, for one request"
    " with a cache of 16 bits. What a model needs is an estimate; where it is not known, it fits"
    " nowhere.",
    "fits_context": "At how many tokens it has to fit; at all that a model reads where it is less.",
    "runtime": "What can run it, by its files, architecture and quantization.",
    "q": "Words of the name; all must match, one with at least three characters.",
    "tier": "Narrows what you see; asking above your own tier is refused.",
    "status": "Admission.",
    "license_type": "Class of the license.",
    "license": "SPDX id.",
    "ordering": "updated_at, name, num_params, size_bytes; `-` turns it round.",
}
