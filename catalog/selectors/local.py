"""What is on this machine, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, IntegerField, Q, Value, When

from catalog.models import Intake, LocalLook, LocalModel, Wish
from catalog.openness import check_may_look
from core.models import ACTIVE
from core.pages import Order, Page, page_of, read_text
from registry.callers import Caller
from registry.models import Model
from registry.selectors.access import knowable_models, knowable_versions

ORDER = Order(column="name", descending=False, read=read_text)
SOURCE = "disk"


@dataclass(frozen=True, slots=True)
class Found:
    """A model of this machine with what the yard has of it."""

    name: str
    kind: str
    size_bytes: int
    file_count: int
    commit: str
    problem: str
    state: str
    slug: str = ""
    run: str = ""

    @property
    def uri(self) -> str:
        return f"{SOURCE}:{self.name}"


def found_models(caller: Caller, *, cursor: str = "", limit: int = 50) -> Page:
    """One page of what lies on this machine, by name; four queries whatever their number."""
    check_may_look(caller)
    page = page_of(LocalModel.objects.order_by(), order=ORDER, cursor=cursor, limit=limit)
    return Page(_described(caller, page.rows), page.next, page.previous)


def fresh_models(caller: Caller, *, limit: int) -> list[Found]:
    """The models found last that are not in the yard, those with a problem first."""
    check_may_look(caller)
    known = Model.objects.filter(source=SOURCE).values("repo_id")
    trouble = Case(When(~Q(problem=""), then=0), default=Value(1), output_field=IntegerField())
    rows = LocalModel.objects.filter(~Q(name__in=known) | ~Q(problem=""))
    return _described(caller, list(rows.order_by(trouble, "-found_at", "name")[:limit]))


def last_look() -> LocalLook | None:
    return LocalLook.objects.first()


def wishes() -> list[Wish]:
    """What lists ask for, in their order."""
    rows: Any = Wish.objects.order_by("-origin", "line")
    return list(rows[:1000])


def _described(caller: Caller, rows: Sequence[LocalModel]) -> list[Found]:
    names = [row.name for row in rows]
    slugs = dict(
        knowable_models(caller)
        .filter(source=SOURCE, repo_id__in=names)
        .values_list("repo_id", "slug")
    )
    versions = set(
        knowable_versions(caller)
        .filter(
            model__source=SOURCE,
            model__repo_id__in=names,
            commit__in=[row.commit for row in rows],
            decided_at__isnull=False,
        )
        .values_list("model__repo_id", "commit")
    )
    active = Intake.objects.filter(source=SOURCE, repo_id__in=names, run__state__in=ACTIVE)
    runs = {name: str(run) for name, run in active.values_list("repo_id", "run_id")}
    return [
        Found(
            name=row.name,
            kind=row.kind,
            size_bytes=row.size_bytes,
            file_count=row.file_count,
            commit=row.commit,
            problem=row.problem,
            state=_state(row, slugs, versions, runs),
            slug=slugs.get(row.name, ""),
            run=runs.get(row.name, ""),
        )
        for row in rows
    ]


def _state(
    row: LocalModel, slugs: dict[str, str], versions: set[tuple[str, str]], runs: dict[str, str]
) -> str:
    states = {
        "problem": bool(row.problem),
        "importing": row.name in runs,
        "reading": not row.commit,
        "imported": (row.name, row.commit) in versions,
        "changed": row.name in slugs,
    }
    return next((state for state, holds in states.items() if holds), "new")
