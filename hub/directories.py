"""Directories of a version with the ids that git gives them, which take every file to make."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from django.contrib.postgres.aggregates import StringAgg
from django.db.models import Func, TextField
from django.db.models.functions import Cast

from core.kept import Kept
from hub import blobs, selectors
from registry.models import ModelFile, ModelVersion

_NEEDED: Final = ("version", "path", "size", "sha256", "git_oid", "is_lfs")
# By version and by which of its files are served; what a file of a pinned version is stays.
_kept: Final[Kept[tuple[int, str, str], Mapping[str, str]]] = Kept(64)


def directories_of(version: ModelVersion) -> Mapping[str, str]:
    """Give the id of each directory by its path, in order; the files are loaded once for all."""
    state = _state(version)
    if not state:
        return {}
    found = _kept.get((version.pk, version.commit, state))
    if found is None:
        files = list(selectors.served_files(version).only(*_NEEDED))
        found = ids_of(files)
        _kept.put((version.pk, version.commit, _state_of(files)), found)
    return found


def _state_of(files: Iterable[ModelFile]) -> str:
    """The word of files as they were loaded: what is served may change while they are."""
    ids = ",".join(str(pk) for pk in sorted(file.pk for file in files))
    return hashlib.sha256(ids.encode()).hexdigest()


def _state(version: ModelVersion) -> str:
    """One word for the set of files that are served now; '' where there are none."""
    served = selectors.served_files(version).order_by()
    ids = StringAgg(Cast("pk", TextField()), delimiter=",", order_by="pk")
    template = "encode(sha256(convert_to(%(expressions)s, 'UTF8')), 'hex')"
    word = Func(ids, template=template, output_field=TextField())
    return served.aggregate(state=word)["state"] or ""


def ids_of(files: Iterable[ModelFile]) -> dict[str, str]:
    """Give every directory the id that git would give it, the deepest first."""
    children: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for file in files:
        parent, _, name = file.path.rpartition("/")
        children[parent][name] = blobs.blob_id_of(file)
        while parent:
            parent, _, name = parent.rpartition("/")
            children[parent][name] = ""
    ids: dict[str, str] = {}
    for path in sorted(filter(None, children), key=lambda path: -path.count("/")):
        ids[path] = blobs.tree_id(
            (name, oid or ids[f"{path}/{name}"], not oid) for name, oid in children[path].items()
        )
    return dict(sorted(ids.items()))
