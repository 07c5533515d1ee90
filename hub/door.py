"""What the one door looks up: a model, the versions that names of it mean, and a file of them.

Every request of every client asks this, so it is one statement, whose plan is kept. What a caller
may know of is the condition of the access selector, as the ORM compiles it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache, lru_cache
from typing import Final

from catalog.selectors.listing import API_COLUMNS, Conditions, conditions_of
from core.answers import facts
from core.answers.facts import Fact
from core.plans import fetch
from hub import selectors
from hub.columns import Columns
from hub.looking_up import LookUp, all_files, one_file
from hub.revisions import path_after
from registry.callers import Caller
from registry.models import Model, ModelFile, ModelVersion
from registry.names import MAIN, is_commit, kept_name, number_of
from registry.selectors.access import knowable_models

# What each answer takes. Moments are for descriptions: the driver takes long to read one.
_OF_MODEL: Final = (
    *("id", "slug", "source", "repo_id", "name", "author", "tier", "tier_by_curator"),
    *("is_private", "head_id", "admission", "scan_verdict"),
)
_OF_VERSION: Final = (
    *("id", "model_id", "commit", "number", "size_bytes", "admission"),
    *("scan_verdict", "lowest_tier", "decision", "failure", "withdrawn_reason"),
)
_MODEL: Final = Columns(Model, *_OF_MODEL)
_VERSION: Final = Columns(ModelVersion, *_OF_VERSION)
_DESCRIBED_MODEL: Final = Columns(Model, *_OF_MODEL, "created_at", "updated_at", "downloads_month")
_DESCRIBED: Final = Columns(
    ModelVersion, *_OF_VERSION, "pinned_at", "created_at", "config", "facts"
)
_FILE: Final = Columns(
    ModelFile,
    *("id", "version_id", "path", "size", "git_oid", "sha256", "is_lfs", "content_id"),
    *("left_out", "held_back"),
)
_CALLED: Final = """
SELECT DISTINCT ON (has.name) {told} FROM registry_versionname has
JOIN registry_modelversion ON registry_modelversion.id = has.version_id
WHERE has.model_id = %s AND has.name = ANY(%s::text[])
ORDER BY has.name, registry_modelversion.admission = 'admitted' DESC, has.asked_at DESC, has.id DESC
"""
_CALLED_STATE: Final = (
    "ROW(has.id, has.xmin, has.ctid, registry_modelversion.id, registry_modelversion.xmin,"
    " registry_modelversion.ctid)::text AS state"
)
_FILE_STATE: Final = (
    "ROW(registry_modelfile.id, registry_modelfile.xmin, registry_modelfile.ctid)::text AS state"
)
_DESCRIPTION: Final = (_DESCRIBED.sql, _DESCRIBED_MODEL.sql, API_COLUMNS["tag_names"])
MOST_FILES: Final = 50_001
# Kept on the version and on the model, as the caller is on the request.
_LOOKED_UP: Final = "_yard_files"
_ALL_LOOKED_UP: Final = "_yard_all_files"
_TAG_NAMES: Final = "_yard_tag_names"


class Files(Enum):
    """Which files are looked up with a version."""

    NONE = "none"
    ONE = "one"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Found:
    """A model that the caller may know of, and the version behind each name that is one."""

    model: Model
    versions: dict[str, ModelVersion]


def look(
    caller: Caller,
    repo_id: str,
    names: Sequence[str],
    *,
    address: str = "",
    files: Files = Files.NONE,
) -> Found | None:
    """Find the model that this exact name means, unless it is not for this caller to know of.

    It is the one of `meanings.meant_by`, so it may have another name by now. Where one file
    is wanted, the names begin its `address`: it is read with them, for `file_at`, and what only
    descriptions tell of a version is not. Where all are, those of the head are, for `files_of`.
    """
    knowable = _knowable(Caller(user_id=caller.user_id, tier=caller.tier, scopes=caller.scopes))
    if knowable is None:
        return None
    commits = [name for name in names if is_commit(name)]
    numbers = [str(number) for name in names if (number := number_of(name)) is not None]
    asked = LookUp(repo_id, knowable, commits, numbers)
    if files is Files.ONE:
        found = _with_file(asked, names, address)
    elif files is Files.ALL and MAIN.issuperset(names):
        found = _with_files(asked, names)
    else:
        found = _described(asked, names)
    if found is not None and MAIN.isdisjoint(names) and not commits:
        # Behind `main` and a commit comes a path: git has no branch `main/x` beside `main`.
        found.versions.update(_called(found.model, names) | found.versions)
    return found


def tag_names_of(model: Model) -> list[str]:
    """The tags that were put on the model here; without a query where it was described."""
    looked_up: list[str] | None = getattr(model, _TAG_NAMES, None)
    return [tag.name for tag in model.tags.all()] if looked_up is None else looked_up


def file_at(version: ModelVersion, path: str) -> ModelFile | None:
    """The served file of this path; without a query where it was looked up with the version."""
    looked_up: dict[str, ModelFile | None] = getattr(version, _LOOKED_UP, {})
    if path in looked_up:
        return looked_up[path]
    return selectors.served_files(version).filter(path=path).first()


def files_of(version: ModelVersion) -> list[ModelFile]:
    """The first MOST_FILES served files in the order of their paths, which the answer rests on."""
    looked_up: list[ModelFile] | None = getattr(version, _ALL_LOOKED_UP, None)
    if looked_up is not None:
        return looked_up
    served, values = _served()
    where = f" FROM registry_modelfile WHERE {served} AND version_id = %s ORDER BY path LIMIT %s"
    params = (*values, version.pk, MOST_FILES)
    rows = fetch(f"SELECT {_FILE.sql}, {_FILE_STATE}{where}", params)
    states = tuple(row[-1] for row in rows)
    facts.rests_on(lambda: Fact(f"SELECT {_FILE_STATE}{where}", params, states, plan_kept=True))
    return [file for row in rows if (file := _FILE.read(iter(row))) is not None]


@lru_cache(maxsize=1024)
def _knowable(caller: Caller) -> Conditions | None:
    """It follows from who asks, never from stored rows; None where nothing is for them."""
    return conditions_of(knowable_models(caller))


@cache
def _served() -> Conditions:
    conditions = conditions_of(selectors.files_served())
    if conditions is None:
        raise AssertionError("some files are served")
    return conditions


def _described(asked: LookUp, names: Sequence[str]) -> Found | None:
    """Look for what the answer describes; it rests on the rows of model and versions."""
    each = [iter(row) for row in asked.rows(*_DESCRIPTION)]
    found = _found([(_DESCRIBED.read(row), _DESCRIBED_MODEL.read(row)) for row in each], names)
    if found is not None:
        setattr(found.model, _TAG_NAMES, next(each[0]))
    return found


def _with_files(asked: LookUp, names: Sequence[str]) -> Found | None:
    """The same with all files, of a name that only the head can have."""
    files = all_files(_served(), _FILE.sql, limit=MOST_FILES)
    rows = [iter(row) for row in replace(asked, files=files).rows(*_DESCRIPTION, "files.told")]
    found = _found([(_DESCRIBED.read(row), _DESCRIBED_MODEL.read(row)) for row in rows], names)
    if found is not None:
        setattr(found.model, _TAG_NAMES, next(rows[0]))
    if found is not None and found.model.head is not None:
        told = [_FILE.read(iter(values)) for values in next(rows[0]) or ()]
        setattr(found.model.head, _ALL_LOOKED_UP, told)
    return found


def _called(model: Model, names: Sequence[str]) -> dict[str, ModelVersion]:
    """By names of the source: the newest admitted version that was imported under it, or any."""
    kept = {name: short for name in names if (short := kept_name(name))}
    if not kept:
        return {}
    params = (model.pk, [*{*kept.values()}])
    rows = fetch(_CALLED.format(told=f"has.name, {_DESCRIBED.sql}, {_CALLED_STATE}"), params)
    states, by_name = tuple(row[-1] for row in rows), {}
    asked = _CALLED.format(told=_CALLED_STATE)
    facts.rests_on(lambda: Fact(asked, params, states, plan_kept=True))
    for row in map(iter, rows):
        name, version = next(row), _DESCRIBED.read(row)
        if version is not None:
            version.model, by_name[name] = model, version
    return {name: by_name[short] for name, short in kept.items() if short in by_name}


def _with_file(asked: LookUp, names: Sequence[str], address: str) -> Found | None:
    """Look for what one file is told of; it rests on the rows of model, versions and file."""
    paths = list(dict.fromkeys(path_after(name, address) for name in names))
    asked = replace(asked, files=one_file(_served(), paths))
    rows = asked.rows(_VERSION.sql, _MODEL.sql, _FILE.sql)
    found: list[tuple[ModelVersion | None, Model | None]] = []
    files: dict[int, dict[str, ModelFile | None]] = {}
    for row in map(iter, rows):
        version, model, file = _VERSION.read(row), _MODEL.read(row), _FILE.read(row)
        if version is not None:
            of_version = files.setdefault(version.pk, dict.fromkeys(paths))
            if file is not None:
                of_version[file.path] = file
            setattr(version, _LOOKED_UP, of_version)
        found.append((version, model))
    return _found(found, names)


def _found(
    rows: Sequence[tuple[ModelVersion | None, Model | None]], names: Sequence[str]
) -> Found | None:
    """Join the rows of one model."""
    model = rows[0][1] if rows else None
    if model is None:
        return None
    known: dict[str | int, ModelVersion] = {}
    for version, _ in rows:
        if version is None:
            continue
        version.model = model
        known[version.commit] = known[version.number] = version
        if version.pk == model.head_id:
            model.head = version
            known |= dict.fromkeys(MAIN, version)
    keys = {name: number_of(name) or name for name in names}
    return Found(model, {name: known[key] for name, key in keys.items() if key in known})
