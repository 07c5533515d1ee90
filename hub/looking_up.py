"""The statement behind the one door: a model by its name, versions of it, and a file of those."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from catalog.selectors.listing import Conditions
from core.answers import facts
from core.answers.facts import Fact, Source
from core.plans import Row
from hub.meanings import SOURCES

_ROWS: Final = (
    "registry_model.id, registry_model.xmin, registry_model.ctid, registry_modelversion.id,"
    " registry_modelversion.xmin, registry_modelversion.ctid"
)
_VERSIONS: Final = """registry_model
LEFT JOIN registry_modelversion
  ON registry_modelversion.model_id = registry_model.id
  AND (registry_modelversion.id = registry_model.head_id
    OR registry_modelversion.commit = ANY(%s::text[])
    OR registry_modelversion.number = ANY(%s::int[]))
"""
_ONE_FILE: Final = """
LEFT JOIN registry_modelfile ON registry_modelfile.version_id = registry_modelversion.id
  AND registry_modelfile.path = ANY(%s::text[]) AND {served}
"""
_ALL_FILES: Final = """
LEFT JOIN LATERAL (
    SELECT json_agg(json_build_array({columns}) ORDER BY path) AS told,
      string_agg(ROW(id, xmin, ctid)::text, ',' ORDER BY path) AS state
    FROM (
      SELECT *, xmin, ctid FROM registry_modelfile
      WHERE version_id = registry_modelversion.id AND {served} ORDER BY path LIMIT %s
    ) registry_modelfile
  ) files ON true
"""
_NAMED: Final = f"""registry_model.id = (
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


@dataclass(frozen=True, slots=True)
class Join:
    """What is looked up with each version: how, what of it tells its state, and the values."""

    sql: str = ""
    state: str = ""
    params: tuple[Any, ...] = ()


def one_file(served: Conditions, paths: list[str]) -> Join:
    """Join the served file of one of these paths, as `registry_modelfile`."""
    where, values = served
    state = ", registry_modelfile.id, registry_modelfile.xmin, registry_modelfile.ctid"
    return Join(_ONE_FILE.format(served=where), state, (paths, *values))


def all_files(served: Conditions, columns: str, *, limit: int) -> Join:
    """Join as `files.told` the first served files by path, with an array of columns for each."""
    where, values = served
    return Join(_ALL_FILES.format(columns=columns, served=where), ", files.state", (*values, limit))


@dataclass(frozen=True, slots=True)
class LookUp:
    """A model of this name, where `knowable`, and its head and these commits and numbers of it."""

    repo_id: str
    knowable: Conditions
    commits: list[str]
    numbers: list[str]
    files: Join = Join()

    def rows(self, *columns: str) -> list[Row]:
        """Fetch these columns, and after them the state of each row, which the answer rests on."""
        state = f"ROW({_ROWS}{self.files.state})::text AS state"
        where, values = self.knowable
        source = Source(
            _VERSIONS + self.files.sql,
            (self.commits, self.numbers, *self.files.params),
            _NAMED.format(knowable=where),
            (self.repo_id, self.repo_id, *values),
        )
        rows = facts.fetch_proving(", ".join((*columns, state)), source, plan_kept=True)
        states = tuple(row[-1] for row in rows)
        facts.rests_on(lambda: Fact(*source.select(state), states, plan_kept=True))
        return rows
