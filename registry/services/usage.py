"""Sums of what was served: by day, version, person, team and family of clients."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import connection
from django.utils import timezone

from registry.client_families import family_of
from registry.models import Served
from registry.served import MADE

MONTH = timedelta(days=30)
# What a row names may be gone by now: then there is nothing to count for.
_ADD = """
INSERT INTO registry_usageday AS known
  (day, model_id, version_id, user_id, team_id, client_family, files, bytes)
SELECT told.day, versions.model_id, versions.id, people.id, teams.id, told.family,
  sum(told.files), sum(told.bytes)
FROM unnest(%s::date[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::bigint[],
  %s::bigint[]) AS told (day, version_id, user_id, team_id, family, files, bytes)
JOIN registry_modelversion versions ON versions.id = told.version_id
LEFT JOIN registry_user people ON people.id = told.user_id
LEFT JOIN registry_team teams ON teams.id = told.team_id
GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 3, 4, 5, 6
ON CONFLICT (day, version_id, user_id, team_id, client_family)
DO UPDATE SET files = known.files + excluded.files, bytes = known.bytes + excluded.bytes
"""
_COUNT = """
UPDATE registry_model AS models SET downloads_month = counted.files
FROM (
  SELECT models.id, coalesce(sum(days.files), 0) AS files FROM registry_model models
  LEFT JOIN registry_usageday days ON days.model_id = models.id AND days.day > %s
  WHERE models.downloads_month <> 0 OR days.id IS NOT NULL GROUP BY models.id
) counted
WHERE counted.id = models.id AND counted.files <> models.downloads_month
"""


@dataclass(frozen=True, slots=True)
class _Key:
    day: date
    version_id: int
    user_id: int | None
    team_id: int | None
    family: str


def count_promised(rows: Iterable[Served]) -> None:
    """Add rows that were not counted yet, by what was promised."""
    _add((row, int(_begins_file(row)), row.length) for row in rows)


def count_sent(rows: Iterable[Served]) -> None:
    """Correct the sums by what left of rows that were counted as promised."""
    _add((row, 0, (row.sent or 0) - row.length) for row in rows)


def _begins_file(row: Served) -> bool:
    return row.start == 0 and row.protocol != MADE


def _add(counted: Iterable[tuple[Served, int, int]]) -> None:
    sums: dict[_Key, list[int]] = defaultdict(lambda: [0, 0])
    for row, files, count in counted:
        family = family_of(row.client)
        key = _Key(row.at.date(), row.version_id, row.user_id, row.team_id, family)
        sums[key][0] += files
        sums[key][1] += count
    if not sums:
        return
    columns = (
        [key.day for key in sums],
        [key.version_id for key in sums],
        [key.user_id for key in sums],
        [key.team_id for key in sums],
        [key.family for key in sums],
        [files for files, _ in sums.values()],
        [count for _, count in sums.values()],
    )
    with connection.cursor() as cursor:
        cursor.execute(_ADD, columns)


def count_downloads() -> int:
    """Tell each model how many files of it were begun in 30 days; say how many models changed.

    Only rows that change are written: whoever keeps answers of a model has to ask anew then.
    """
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [timezone.now().date() - MONTH])
        return int(cursor.rowcount)
