"""Keep the counts beside the filters in step with the models."""

from __future__ import annotations

from typing import Final

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from catalog.models import FacetFold

_LOCK = 0x66616365  # any constant of our own: one process folds at a time
BATCH = 20_000

_NARROW: Final = ("source", "model_type", "license_class", "admission", "scan_verdict")
_SINGLE: Final = ("family", "params_class", "context_class", "quantization", "memory_class")
_SETS: Final = ("categories", "runtimes", "formats", "languages")

# One statement, so one snapshot: what is deleted is exactly what is added.
_FOLD: Final = f"""
WITH gone AS (
  DELETE FROM catalog_facetdelta WHERE id IN (
    SELECT id FROM catalog_facetdelta ORDER BY id LIMIT %s)
  RETURNING tier, "values", n
), summed AS (
  SELECT tier, "values", sum(n) AS n FROM gone GROUP BY 1, 2 HAVING sum(n) <> 0
), entries AS MATERIALIZED (
  SELECT row_number() OVER () AS id, tier, "values", n FROM summed
), one AS MATERIALIZED (
  SELECT id, tier, n, key, value, key IN {_NARROW!r} AS is_narrow
  FROM entries, yard_facet_entries("values")
), added AS (
  INSERT INTO catalog_facetcount AS counts (tier, facet, value, other_facet, other_value, n)
  SELECT tier, key, value, '', '', sum(n) FROM one GROUP BY 1, 2, 3
  UNION ALL
  SELECT one.tier, one.key, one.value, other.key, other.value, sum(one.n)
  FROM one JOIN one AS other ON other.id = one.id AND other.key <> one.key
    AND (one.is_narrow OR other.is_narrow)
  GROUP BY 1, 2, 3, 4, 5
  ON CONFLICT (tier, other_facet, other_value, facet, value)
    DO UPDATE SET n = counts.n + excluded.n
), combined AS (
  INSERT INTO catalog_facetcombination AS counts
    (tier, source, model_type, license_class, admission, scan_verdict, n)
  SELECT tier, "values"->>'source', "values"->>'model_type', "values"->>'license_class',
    "values"->>'admission', "values"->>'scan_verdict', sum(n)
  FROM summed GROUP BY 1, 2, 3, 4, 5, 6
  ON CONFLICT (tier, source, model_type, license_class, admission, scan_verdict)
    DO UPDATE SET n = counts.n + excluded.n
)
SELECT count(*) FROM gone
"""  # noqa: S608 our own names


def _wide_pairs() -> str:
    """Count each value of the facets that are in no combination, alone and with each narrow one."""
    tables = {name: (name, "registry_model") for name in _SINGLE}
    tables |= {name: ("one", f"registry_model, unnest({name}) AS one") for name in _SETS}
    which = " ".join(f"WHEN grouping({name}) = 0 THEN '{name}'" for name in _NARROW)
    other = f"coalesce(CASE {which} END, ''), coalesce({', '.join(_NARROW)}, '')"
    return " UNION ALL ".join(
        f"SELECT tier, '{facet}', {value}, {other}, count(*) FROM {table} WHERE NOT is_private"  # noqa: S608 our own names
        f" GROUP BY tier, {value}, GROUPING SETS ((), {', '.join(_NARROW)})"
        for facet, (value, table) in tables.items()
    )


# Also one snapshot: a delta is dropped only when its model's row was counted as it is now.
_REBUILD: Final = f"""
WITH gone AS (DELETE FROM catalog_facetdelta),
combined AS (
  SELECT tier, source, model_type, license_class, admission, scan_verdict, count(*) AS n
  FROM registry_model WHERE NOT is_private GROUP BY 1, 2, 3, 4, 5, 6
), kept AS (
  INSERT INTO catalog_facetcombination
    (tier, source, model_type, license_class, admission, scan_verdict, n)
  SELECT tier, source, model_type, license_class, admission, scan_verdict, n FROM combined
  ON CONFLICT (tier, source, model_type, license_class, admission, scan_verdict)
    DO UPDATE SET n = excluded.n
), spread AS (
  SELECT tier, n, jsonb_build_object('source', source, 'model_type', model_type,
    'license_class', license_class, 'admission', admission, 'scan_verdict', scan_verdict) AS facets
  FROM combined
), wide (tier, facet, value, other_facet, other_value, n) AS ({_wide_pairs()}
), pairs (tier, facet, value, other_facet, other_value, n) AS (
  SELECT tier, key, value, '', '', n FROM spread, jsonb_each_text(facets)
  UNION ALL
  SELECT tier, one.key, one.value, other.key, other.value, n
  FROM spread, jsonb_each_text(facets) AS one, jsonb_each_text(facets) AS other
  WHERE one.key <> other.key
  UNION ALL SELECT * FROM wide
  UNION ALL SELECT tier, other_facet, other_value, facet, value, n
    FROM wide WHERE other_facet <> ''
)
INSERT INTO catalog_facetcount (tier, facet, value, other_facet, other_value, n)
SELECT tier, facet, value, other_facet, other_value, sum(n) FROM pairs GROUP BY 1, 2, 3, 4, 5
ON CONFLICT (tier, other_facet, other_value, facet, value) DO UPDATE SET n = excluded.n
"""  # noqa: S608 as above


@transaction.atomic
def fold_facets() -> int:
    """Add up to BATCH changes since the last fold to the counts; say how many they were."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(_FOLD, [BATCH])
        folded = int(cursor.fetchone()[0])
        _drop_empty(cursor)
    _note_time()
    return folded


@transaction.atomic
def rebuild_facets() -> None:
    """Count all models anew, while others go on writing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        cursor.execute("UPDATE catalog_facetcount SET n = 0")
        cursor.execute("UPDATE catalog_facetcombination SET n = 0")
        cursor.execute(_REBUILD)
        _drop_empty(cursor)
    _note_time()


def _drop_empty(cursor: CursorWrapper) -> None:
    cursor.execute("DELETE FROM catalog_facetcount WHERE n = 0")
    cursor.execute("DELETE FROM catalog_facetcombination WHERE n = 0")


def _note_time() -> None:
    FacetFold.objects.update_or_create(id=1, defaults={"folded_at": timezone.now()})
