"""Note who was given files of a version."""

from __future__ import annotations

from django.db import connection
from django.utils import timezone

from registry.callers import Caller
from registry.models import ModelVersion

_NOTE = """
INSERT INTO registry_download AS known (version_id, model_id, user_id, files, last_at)
VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (version_id, user_id)
DO UPDATE SET files = known.files + excluded.files, last_at = excluded.last_at
"""
# Parts of one file are fetched side by side: they must not wait for each other's row.
_NOTE_PART = """
INSERT INTO registry_download (version_id, model_id, user_id, files, last_at)
VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (version_id, user_id) DO NOTHING
"""


def note_download(*, caller: Caller, version: ModelVersion, begins: bool) -> None:
    """Add a file to what this person has of the version; one statement, on every download.

    `begins` is false for a part that continues a file: it changes nothing that is known.
    """
    values = (version.pk, version.model_id, caller.user_id, int(begins), timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(_NOTE if begins else _NOTE_PART, values)
