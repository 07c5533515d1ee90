"""What the store holds: by model, in all, in quarantine, and what was last done to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Count, QuerySet, Sum

from core.models import ACTIVE, Run, RunState
from downloads.services import checking, collecting
from registry.callers import Caller
from registry.models import Content, Model, ModelFile, ModelVersion
from registry.selectors.access import knowable_versions, visible_models

SHOWN = 50
_USE = """
WITH held AS (
  SELECT v.model_id, f.content_id, max(f.size) AS size, sum(f.size) AS asked
  FROM registry_modelfile f JOIN registry_modelversion v ON v.id = f.version_id
  WHERE v.model_id = ANY(%s) AND f.content_id IS NOT NULL
  GROUP BY v.model_id, f.content_id)
SELECT model_id, sum(asked)::bigint, sum(size)::bigint,
  coalesce(sum(size) FILTER (WHERE EXISTS (
    SELECT 1 FROM registry_modelfile o JOIN registry_modelversion w ON w.id = o.version_id
    WHERE o.content_id = held.content_id AND w.model_id <> held.model_id)), 0)::bigint
FROM held GROUP BY model_id
"""


@dataclass(frozen=True, slots=True)
class Use:
    """What the files of one model take: `asked` with each file counted, `stored` each content once.

    `shared` of what is stored is in other models as well.
    """

    asked: int = 0
    stored: int = 0
    shared: int = 0

    @property
    def alone(self) -> int:
        return self.stored - self.shared


@dataclass(frozen=True, slots=True)
class Totals:
    """The store as a whole."""

    contents: int
    stored: int
    files: int
    asked: int
    quarantined: int

    @property
    def saved(self) -> int:
        return max(0, self.asked - self.stored)


def totals() -> Totals:
    """Count contents and the files that have them; what is saved is the difference."""
    sound = Content.objects.filter(quarantined_at__isnull=True)
    kept = sound.aggregate(n=Count("pk"), size=Sum("size"))
    asked = ModelFile.objects.filter(content__isnull=False).aggregate(
        n=Count("pk"), size=Sum("size")
    )
    return Totals(
        contents=kept["n"],
        stored=kept["size"] or 0,
        files=asked["n"],
        asked=asked["size"] or 0,
        quarantined=Content.objects.filter(quarantined_at__isnull=False).count(),
    )


def stored_models(caller: Caller) -> QuerySet[Model, Any]:
    """Models that this caller sees and that were imported; pages of it are cut by size."""
    found = visible_models(caller).filter(head__isnull=False)
    return found.values("id", "slug", "repo_id", "name", "size_bytes", "admission")


def use_of(models: Sequence[int]) -> dict[int, Use]:
    """What these models take, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(_USE, [list(models)])
        return {row[0]: Use(*row[1:]) for row in cursor.fetchall()}


def quarantined(caller: Caller) -> list[tuple[Content, list[ModelVersion]]]:
    """What is in quarantine, the latest first, with those of its versions that the caller knows.

    A content of models alone that the caller may not know of is not named.
    """
    rows = list(
        Content.objects.filter(quarantined_at__isnull=False).order_by("-quarantined_at", "sha256")[
            :SHOWN
        ]
    )
    ids = {pk for row in rows for pk in row.quarantined_from}
    known = knowable_versions(caller).filter(pk__in=ids).select_related("model")
    versions = {version.pk: version for version in known}
    found = [(row, [versions[pk] for pk in row.quarantined_from if pk in versions]) for row in rows]
    return [
        (row, known_of_it) for row, known_of_it in found if known_of_it or not row.quarantined_from
    ]


KINDS = (collecting.KIND, checking.KIND)


def store_runs() -> list[Run]:
    """The runs on the store as a whole: those under way, then the latest that ended."""
    runs = Run.objects.filter(kind__in=KINDS).prefetch_related("steps")
    active = list(runs.filter(state__in=ACTIVE).order_by("created_at"))
    ended = runs.exclude(state__in=ACTIVE).order_by("-created_at", "-id")
    return active + list(ended[:6])


def last_look() -> Run | None:
    """The last collection or look that was done: what is collectable rests on it."""
    done = Run.objects.filter(kind=collecting.KIND, state=RunState.DONE)
    return done.order_by("-finished_at").first()
