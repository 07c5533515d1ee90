"""Which files of a repository the yard has already. Reads rows alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from django.db.models import Q, QuerySet

from registry.models import Model, ModelFile


class Published(Protocol):
    """A file as its source publishes it."""

    @property
    def path(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def git_oid(self) -> str | None: ...
    @property
    def sha256(self) -> str | None: ...


def stored_paths(
    files: Iterable[Published], *, model: Model | None, among: QuerySet[Model]
) -> frozenset[str]:
    """Give the paths whose bytes are stored: by SHA-256, small ones by git id within their model.

    Only contents of the models `among` count: that others are here is not for everybody to know.
    """
    files = list(files)
    kept = ModelFile.objects.filter(content__isnull=False, content__quarantined_at__isnull=True)
    hashes = {file.sha256 for file in files if file.sha256}
    by_hash = kept.filter(sha256__in=hashes, version__model__in=among)
    known = set(by_hash.values_list("sha256", "size"))
    oids = {file.git_oid for file in files if file.git_oid and not file.sha256}
    same = kept.filter(Q(git_oid__in=oids), version__model=model, is_lfs=False)
    unchanged = set(same.values_list("git_oid", "size")) if model is not None else set()
    return frozenset(
        file.path
        for file in files
        if (
            (file.sha256, file.size) in known
            if file.sha256
            else (file.git_oid, file.size) in unchanged
        )
    )
