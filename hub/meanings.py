"""Which model a name means. Who asks has no part in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.db import connection
from django.db.models import Q

from catalog.models.endpoint import FURTHER

FIRST: Final = "huggingface"
_LAST: Final = ("civitai", "disk", "upload")
# A name is looked up in the Hub of the settings, then in the further ones in the order of their
# rows, turned off or not, then in the rest. PostgreSQL reads the few rows with the statement.
_FURTHER: Final = f"""SELECT '{FURTHER}' || slug FROM catalog_hubendpoint ORDER BY "order", slug"""  # noqa: S608 constants of ours
SOURCES: Final = f"(ARRAY['{FIRST}'] || ARRAY({_FURTHER}) || ARRAY{[*_LAST]})"
_MEANT: Final = f"""
SELECT DISTINCT ON (repo_id) repo_id, id FROM (
  SELECT repo_id, source, false AS is_former, id FROM registry_model
  WHERE repo_id = ANY(%(names)s::text[]) AND source = ANY({SOURCES})
  UNION ALL
  SELECT repo_id, source, true, model_id FROM registry_modelalias
  WHERE repo_id = ANY(%(names)s::text[]) AND source = ANY({SOURCES})
) named ORDER BY repo_id, array_position({SOURCES}, source::text), is_former, id
"""  # noqa: S608 constants of ours


# Models that a name can mean, as far as their source goes.
NAMED: Final = Q(source__in=[FIRST, *_LAST]) | Q(source__startswith=FURTHER)


def meant_by(names: Iterable[str]) -> dict[str, int]:
    """The id of the model that each name means: of the first source that has one of the name.

    Its own name goes before the former name of another.
    """
    with connection.cursor() as cursor:
        cursor.execute(_MEANT, {"names": [*names]})
        return dict(cursor.fetchall())
