"""The model tree: what a model was made from, and what was made from it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection
from django.db.models import Count, F, QuerySet, Window
from django.db.models.functions import RowNumber, Upper

from catalog.selectors.listing import conditions_of
from registry.callers import Caller
from registry.models import BaseLink, Model
from registry.models.lineage import HUB
from registry.selectors.access import visible_models

DEEPEST = 8  # generations
MOST = 60  # bases of all generations together
SHOWN = 8  # derived models of each relation

# Upwards through the bases that are here and may be seen. A model that was met on the way up is
# named once more, where the circle closes, and not followed.
_BASES = """
WITH RECURSIVE up AS (
  SELECT link.repo_id, link.relation, base.id, base.slug, 1 AS depth,
    ARRAY[link.model_id] AS seen, ARRAY[link.position::int] AS place
  FROM registry_baselink link LEFT JOIN seen_models base
    ON upper(base.repo_id) = upper(link.repo_id) AND base.source = link.source
  WHERE link.model_id = %s
  UNION ALL
  SELECT link.repo_id, link.relation, base.id, base.slug, up.depth + 1,
    up.seen || up.id, up.place || link.position::int
  FROM up JOIN registry_baselink link ON link.model_id = up.id
  LEFT JOIN seen_models base
    ON upper(base.repo_id) = upper(link.repo_id) AND base.source = link.source
  WHERE up.depth < %s AND NOT up.id = ANY(up.seen)
)
SELECT repo_id, relation, slug, depth, id IS NOT NULL AND id = ANY(seen) FROM up
ORDER BY place LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Base:
    """A model that this one was made from, directly (depth 1) or not.

    `slug` is empty where it is not here, or not for this caller; `is_circle` where it was made from
    itself, by what its cards say.
    """

    repo_id: str
    relation: str
    slug: str
    depth: int
    is_circle: bool


@dataclass(frozen=True, slots=True)
class Derived:
    """Models made from this one in one way: how many, and the newest of them."""

    relation: str
    count: int
    newest: tuple[Model, ...]


def bases_of_model(caller: Caller, model: Model) -> list[Base]:
    """Give the bases over all generations, each followed by its own, in one query."""
    conditions = conditions_of(visible_models(caller))
    if conditions is None:
        return []
    where, params = conditions
    seen = f"(SELECT * FROM registry_model WHERE {where})"  # noqa: S608 the one access selector's
    with connection.cursor() as cursor:
        cursor.execute(
            _BASES.replace("seen_models", seen), (*params, model.pk, *params, DEEPEST, MOST)
        )
        return [Base(repo, how, slug or "", *rest) for repo, how, slug, *rest in cursor.fetchall()]


def derived_models(caller: Caller, model: Model) -> list[Derived]:
    """Give what was made from the model, by relation, the most frequent first; two queries."""
    links = _links_to(model).filter(model__in=visible_models(caller))
    counts = links.order_by().values("relation").annotate(n=Count("pk")).order_by("-n", "relation")
    if model.source != HUB or not (found := list(counts)):  # cards name models of the Hub alone
        return []
    place = Window(
        RowNumber(), partition_by="relation", order_by=[F("model__updated_at").desc(), "-model_id"]
    )
    newest: dict[str, list[Model]] = {}
    for link in links.select_related("model").annotate(place=place).filter(place__lte=SHOWN):
        newest.setdefault(link.relation, []).append(link.model)
    return [Derived(row["relation"], row["n"], tuple(newest[row["relation"]])) for row in found]


def _links_to(model: Model) -> QuerySet[BaseLink]:
    same = BaseLink.objects.annotate(name=Upper("repo_id"))
    return same.filter(name=model.repo_id.upper(), source=model.source)
