"""Note what is served: a row before the first byte, and what left where it was counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from core.ranges import Span
from registry.callers import Caller
from registry.models import ModelVersion
from registry.served import ServedId

_NOTE = """
INSERT INTO registry_served (
  at, actor, user_id, team_id, key_prefix, address, source, repo_id, model_id, version_id,
  commit, path, sha256, size, start, length, client, protocol)
VALUES (%s, %s, %s, (SELECT team_id FROM registry_user WHERE id = %s), %s, %s::inet, %s, %s,
  %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
RETURNING id
"""
# In the order of the rows, as sealing takes them: two that wait for each other would never end.
_SENT = """
WITH told AS (
  SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], %s::bigint[]) AS told (id, at, sent)
), found AS (
  SELECT served.id, served.at, told.sent FROM registry_served served
  JOIN told ON served.id = told.id AND served.at = told.at
  WHERE served.sent IS NULL AND told.sent BETWEEN 0 AND served.length
  ORDER BY served.id FOR UPDATE OF served
)
UPDATE registry_served served SET sent = found.sent FROM found
WHERE served.id = found.id AND served.at = found.at
"""


@dataclass(frozen=True, slots=True)
class ServedPlace:
    """A file of a version; its model comes with the version."""

    version: ModelVersion
    path: str
    sha256: str


def note_served(
    *, caller: Caller, place: ServedPlace, span: Span, of: int, client: str, protocol: str
) -> ServedId:
    """Note that this part of a file of `of` bytes is promised: one statement that waits for none.

    Without the row no byte may leave.
    """
    at, version, model = timezone.now(), place.version, place.version.model
    values = (
        *(at, caller.name, caller.user_id, caller.user_id, caller.key_prefix, caller.address),
        *(model.source, model.repo_id, model.pk, version.pk, version.commit),
        *(place.path, place.sha256, of, span.start, span.length, client[:200], protocol),
    )
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, values)
        return ServedId(at, cursor.fetchone()[0])


def note_sent(rows: Iterable[tuple[ServedId, int]]) -> None:
    """Note how many bytes of each left. Told twice, the first word counts.

    A number beyond what was promised is not believed, and its row stays without one.
    """
    told = dict(reversed(list(rows)))  # the first word counts
    if not told:
        return
    ids, ats = [served.id for served in told], [served.at for served in told]
    with connection.cursor() as cursor:
        cursor.execute(_SENT, (ids, ats, list(told.values())))
