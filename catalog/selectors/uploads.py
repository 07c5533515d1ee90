"""Uploads of a person; those of others do not exist."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db.models import QuerySet

from catalog.models import Upload, UploadSet
from core.errors import ConflictError, NotFoundError
from core.receiving import bytes_in
from registry.callers import Caller

State = UploadSet.State


@dataclass(frozen=True, slots=True)
class Sent:
    """One file of a set with how much of it is here."""

    upload: Upload
    offset: int

    @property
    def is_whole(self) -> bool:
        return self.offset == self.upload.length


def sets_of(caller: Caller) -> QuerySet[UploadSet]:
    """Everything this person sends or has sent."""
    return UploadSet.objects.filter(user_id=caller.person)


def set_for(caller: Caller, pk: uuid.UUID) -> UploadSet:
    found = sets_of(caller).select_related("run").filter(pk=pk).first()
    if found is None or found.state == State.EXPIRED:
        raise NotFoundError("There is no such upload of yours. It may have expired: begin it anew.")
    return found


def open_set(
    caller: Caller, pk: uuid.UUID, *, lock: bool = False, closed: bool = False
) -> UploadSet:
    """Give a set that takes files, locked for a change; with `closed` one that is closed too."""
    found = set_for(caller, pk)
    if lock:
        found = UploadSet.objects.select_for_update().get(pk=found.pk)
    if found.state != State.OPEN and not closed:
        raise ConflictError("This upload is closed: its version is being imported.")
    return found


def upload_of(caller: Caller, set_pk: uuid.UUID, pk: uuid.UUID) -> Upload:
    """Give one file of a set of this person."""
    upload_set = set_for(caller, set_pk)
    found = Upload.objects.filter(upload_set=upload_set, pk=pk).first()
    if found is None:
        raise NotFoundError("There is no such file in this upload: begin it anew.")
    found.upload_set = upload_set
    return found


def sent_files(upload_set: UploadSet) -> list[Sent]:
    """Give the files of a set; what has arrived is asked of the files themselves."""
    is_here = upload_set.state in (State.OPEN, State.SEALED)
    return [Sent(one, _offset(one) if is_here else one.length) for one in upload_set.uploads.all()]


def _offset(upload: Upload) -> int:
    try:
        return bytes_in(upload.file)
    except NotFoundError:
        return 0
