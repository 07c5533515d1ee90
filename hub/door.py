"""What the one door looks up: a model, the versions that names of it mean, and a file of them.

Every request of every client asks this, so it is one statement, whose plan is kept. What a caller
may know of is the condition of the access selector, as the ORM compiles it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final

from django.db import connection

from catalog.selectors.listing import API_COLUMNS, Conditions, conditions_of
from core.answers import facts
from core.answers.facts import Fact
from core.plans import planned
from hub import selectors
from hub.columns import Columns
from hub.meanings import SOURCES
from hub.revisions import path_after
from registry.callers import Caller
from registry.models import Model, ModelFile, ModelVersion, Tag
from registry.names import MAIN, is_commit, kept_name, number_of
from registry.selectors.access import knowable_models

_MODEL: Final = Columns(
    Model,
    *("id", "slug", "source", "repo_id", "name", "author", "tier", "tier_by_curator"),
    *("is_private", "head_id", "admission", "scan_verdict", "created_at", "updated_at"),
    "downloads_month",
)
_ALWAYS: Final = (
    *("id", "model_id", "commit", "number", "pinned_at", "size_bytes", "admission"),
    *("scan_verdict", "lowest_tier", "decision", "failure", "withdrawn_reason", "created_at"),
)
_VERSION: Final = Columns(ModelVersion, *_ALWAYS)
_DESCRIBED: Final = Columns(ModelVersion, *_ALWAYS, "config", "facts")
_FILE: Final = Columns(
    ModelFile,
    *("id", "version_id", "path", "size", "git_oid", "sha256", "is_lfs", "content_id"),
    *("left_out", "held_back"),
)
_STATE: Final = (
    "ROW(registry_model.id, registry_model.xmin, registry_model.ctid, registry_modelversion.id,"
    " registry_modelversion.xmin, registry_modelversion.ctid)::text AS state"
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
_HELD: Final = (
    "ROW(registry_model.id, registry_model.xmin, registry_model.ctid, registry_modelversion.id,"
    " registry_modelversion.xmin, registry_modelversion.ctid, registry_modelfile.id,"
    " registry_modelfile.xmin, registry_modelfile.ctid)::text AS state"
)
_FILE_STATE: Final = (
    "ROW(registry_modelfile.id, registry_modelfile.xmin, registry_modelfile.ctid)::text AS state"
)
_VERSIONS: Final = """
FROM registry_model
LEFT JOIN registry_modelversion
  ON registry_modelversion.model_id = registry_model.id
  AND (registry_modelversion.id = registry_model.head_id
    OR registry_modelversion.commit = ANY(%s::text[])
    OR registry_modelversion.number = ANY(%s::int[]))
"""
_FILES: Final = """
LEFT JOIN registry_modelfile ON registry_modelfile.version_id = registry_modelversion.id
  AND registry_modelfile.path = ANY(%s::text[]) AND {served}
"""
_NAMED: Final = f"""
WHERE registry_model.id = (
    SELECT named.id FROM (
      SELECT own.id, own.source, false AS is_former FROM registry_model own
      WHERE own.repo_id = %s AND own.source = ANY({SOURCES})
      UNION ALL
      SELECT former.model_id, former.source, true FROM registry_modelalias former
      WHERE former.repo_id = %s AND former.source = ANY({SOURCES})
    ) named ORDER BY array_position({SOURCES}, named.source::text), named.is_former LIMIT 1)
  AND {{knowable}}
ORDER BY registry_modelversion.id
"""  # noqa: S608 constants of ours
_LOOKED_UP: Final = "_yard_files"  # kept on the version, as the caller is on the request


@dataclass(frozen=True, slots=True)
class Found:
    """A model that the caller may know of, and the version behind each name that is one."""

    model: Model
    versions: dict[str, ModelVersion]


def look(caller: Caller, repo_id: str, names: Sequence[str], *, address: str = "") -> Found | None:
    """Find the model that this exact name means, unless it is not for this caller to know of.

    It is the one of `meanings.meant_by`, so it may have another name by now. Where the names begin
    the `address` of a file, that file is read with them, for `file_at`, and what only descriptions
    tell of a version is not.
    """
    knowable = _knowable(Caller(user_id=caller.user_id, tier=caller.tier, scopes=caller.scopes))
    if knowable is None:
        return None
    where, values = knowable
    of_versions = (
        [name for name in names if is_commit(name)],
        [str(number) for name in names if (number := number_of(name)) is not None],
    )
    named = (repo_id, repo_id, *values)
    if not address:
        found = _described(where, (*of_versions, *named), names)
    else:
        paths = list(dict.fromkeys(path_after(name, address) for name in names))
        served, of_files = _served()
        params = (*of_versions, paths, *of_files, *named)
        found = _with_file(_FILES.format(served=served), where, params, names, paths)
    if found is not None and MAIN.isdisjoint(names) and not of_versions[0]:
        # Behind `main` and a commit comes a path: git has no branch `main/x` beside `main`.
        found.versions.update(_called(found.model, names) | found.versions)
    return found


def file_at(version: ModelVersion, path: str) -> ModelFile | None:
    """The served file of this path; without a query where it was looked up with the version."""
    looked_up: dict[str, ModelFile | None] = getattr(version, _LOOKED_UP, {})
    if path in looked_up:
        return looked_up[path]
    return selectors.served_files(version).filter(path=path).first()


def files_of(version: ModelVersion, *, limit: int) -> list[ModelFile]:
    """The first served files in the order of their paths; the answer rests on these rows."""
    served, values = _served()
    where = f" FROM registry_modelfile WHERE {served} AND version_id = %s ORDER BY path LIMIT %s"
    params = (*values, version.pk, limit)
    rows = _rows(f"SELECT {_FILE.sql}, {_FILE_STATE}{where}", params)
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


@lru_cache(maxsize=16)
def _sql(told: tuple[str, ...], files: str, knowable: str) -> str:
    return f"SELECT {', '.join(told)}{_VERSIONS}{files}{_NAMED.format(knowable=knowable)}"


def _rows(sql: str, params: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    with planned(kept=True), connection.cursor() as cursor:
        cursor.execute(sql, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _described(where: str, params: tuple[Any, ...], names: Sequence[str]) -> Found | None:
    """Look for what the answer describes; it rests on the rows of model and versions."""
    told = (_DESCRIBED.sql, _MODEL.sql, API_COLUMNS["tag_names"], _STATE)
    rows = _rows(_sql(told, "", where), params)
    states = tuple(row[-1] for row in rows)
    facts.rests_on(lambda: Fact(_sql((_STATE,), "", where), params, states, plan_kept=True))
    each = [iter(row) for row in rows]
    found = _found([(_DESCRIBED.read(row), _MODEL.read(row)) for row in each], names)
    if found is not None:
        _know_tags(found.model, next(each[0]))
    return found


def _called(model: Model, names: Sequence[str]) -> dict[str, ModelVersion]:
    """By names of the source: the newest admitted version that was imported under it, or any."""
    kept = {name: short for name in names if (short := kept_name(name))}
    if not kept:
        return {}
    params = (model.pk, [*{*kept.values()}])
    rows = _rows(_CALLED.format(told=f"has.name, {_DESCRIBED.sql}, {_CALLED_STATE}"), params)
    states, by_name = tuple(row[-1] for row in rows), {}
    asked = _CALLED.format(told=_CALLED_STATE)
    facts.rests_on(lambda: Fact(asked, params, states, plan_kept=True))
    for row in map(iter, rows):
        name, version = next(row), _DESCRIBED.read(row)
        if version is not None:
            version.model, by_name[name] = model, version
    return {name: by_name[short] for name, short in kept.items() if short in by_name}


def _know_tags(model: Model, names: Iterable[str]) -> None:
    """Let `model.tags` be known, as if they were prefetched."""
    tags = Tag.objects.none()
    tags._result_cache = [Tag(name=name) for name in names]  # noqa: SLF001 as Django's own
    model._prefetched_objects_cache = {"tags": tags}  # type: ignore[attr-defined]  # noqa: SLF001


def _with_file(
    files_sql: str,
    where: str,
    params: tuple[Any, ...],
    names: Sequence[str],
    paths: Sequence[str],
) -> Found | None:
    """Look for what one file is told of; it rests on the rows of model, versions and file."""
    rows = _rows(_sql((_VERSION.sql, _MODEL.sql, _FILE.sql, _HELD), files_sql, where), params)
    states = tuple(row[-1] for row in rows)
    facts.rests_on(lambda: Fact(_sql((_HELD,), files_sql, where), params, states, plan_kept=True))
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
