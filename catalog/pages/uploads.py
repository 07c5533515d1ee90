"""The page that sends a model: what is unfinished, and how much of it is here."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from catalog.forms import UploadForm
from catalog.models import UploadSet
from catalog.selectors.uploads import sent_files, sets_of
from catalog.upload_policy import most_bytes
from registry.callers import Caller
from registry.services.gates import active_rules

SHOWN = 20
MISSING_SHOWN = 5


def upload_context(caller: Caller) -> dict[str, Any]:
    rows = sets_of(caller).filter(state=UploadSet.State.OPEN).prefetch_related("uploads")[:SHOWN]
    return {
        "form": UploadForm(),
        "sets": [_set(row) for row in rows],
        "address": settings.PUBLIC_URL,
        "most": most_bytes(settings.UPLOAD_MAX_BYTES, active_rules()),
        "hours": max(1, round(settings.UPLOAD_EXPIRES.total_seconds() / 3600)),
    }


def _set(row: UploadSet) -> dict[str, Any]:
    files = sent_files(row)
    return {
        "row": row,
        "files": len(files),
        "sent": sum(one.offset for one in files),
        "total": sum(one.upload.length for one in files),
        "missing": [one.upload.path for one in files if not one.is_whole][:MISSING_SHOWN],
    }
