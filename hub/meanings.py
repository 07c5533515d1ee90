"""Which model a name means. Who asks has no part in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from django.db.models import Q

from registry.models import Model, ModelAlias

SOURCES: Final = ("huggingface", "civitai", "disk", "upload")


def meant_by(names: Iterable[str]) -> dict[str, int]:
    """The id of the model that each name means: of the first source that has one of the name.

    Its own name goes before the former name of another.
    """
    found: dict[str, list[tuple[int, bool, int]]] = defaultdict(list)
    of_names = Q(repo_id__in=list(names), source__in=SOURCES)
    for repo_id, source, pk in Model.objects.filter(of_names).values_list(
        "repo_id", "source", "pk"
    ):
        found[repo_id].append((SOURCES.index(source), False, pk))
    for repo_id, source, pk in ModelAlias.objects.filter(of_names).values_list(
        "repo_id", "source", "model_id"
    ):
        found[repo_id].append((SOURCES.index(source), True, pk))
    return {repo_id: min(meant)[2] for repo_id, meant in found.items()}
