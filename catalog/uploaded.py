"""Where complete uploads are, for the source that reads them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from typing import Final

from django.db.models import QuerySet

from catalog.models import Upload, UploadSet
from catalog.sources.folder.sent import Uploaded

_SET: Final = re.compile(r"[0-9a-f]{32}")


class UploadedSets:
    """Closed sets by their id, and, once a run has read them, by the commit they are."""

    def find(self, name: str, revision: str) -> Sequence[Uploaded]:
        sets = UploadSet.objects.filter(name=name, state=UploadSet.State.SEALED)
        sets = _named(sets, revision)
        found = Upload.objects.filter(upload_set__in=sets.order_by("-created_at")[:1])
        return [Uploaded(one.path, one.place, one.sha256) for one in found]

    def became(self, name: str, revision: str, commit: str) -> None:
        sets = UploadSet.objects.filter(name=name, state=UploadSet.State.SEALED)
        _named(sets, revision).update(commit=commit)


def _named(sets: QuerySet[UploadSet], revision: str) -> QuerySet[UploadSet]:
    if _SET.fullmatch(revision):
        return sets.filter(pk=uuid.UUID(revision))
    return sets.filter(commit=revision or "-")
