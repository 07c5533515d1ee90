"""Discussions: there are none, and saying so must not send a model's name away.

To an empty list `transformers` reacts, where it took `.bin` weights that have no safetensors beside
them, by naming the model (and a token given to it) to a conversion service on the Internet.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

from hub.decision import Place
from hub.errors import NotServedError
from registry.enums import Admission
from registry.models import SERVED, Model, ModelFile

# What the client looks for beside what it took.
_BESIDE: Final = {
    "pytorch_model.bin": "model.safetensors",
    "pytorch_model.bin.index.json": "model.safetensors.index.json",
}


def discussions_of(place: Place) -> dict[str, Any]:
    """Give the empty list, or refuse it where it would make clients ask for a conversion."""
    if _would_be_converted(place.model):
        raise NotServedError(
            f"A version of {place.model.repo_id} has .bin weights and no safetensors: to a list of "
            "discussions, clients would send its name to a conversion service."
        )
    return {"discussions": [], "count": 0, "start": 0}


def _would_be_converted(model: Model) -> bool:
    """Whether any version has such weights: who asks does not say which one they loaded."""
    served = ModelFile.objects.filter(
        SERVED,
        version__model=model,
        version__admission=Admission.ADMITTED,
        content__isnull=False,
        path__in=[*_BESIDE, *_BESIDE.values()],
    )
    paths: defaultdict[int, set[str]] = defaultdict(set)
    for version, path in served.values_list("version_id", "path"):
        paths[version].add(path)
    return any(
        weights in found and safe not in found
        for found in paths.values()
        for weights, safe in _BESIDE.items()
    )
