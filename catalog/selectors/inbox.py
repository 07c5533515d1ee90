"""Findings as curators work through them: of contents that a version holds which the caller sees.

A page costs the same whatever the number of findings and versions: a walk along one index, then
one query for the files, and one for what the engines said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from catalog.selectors.listing import conditions_of
from catalog.selectors.versions import check_limit
from core.pages import Order, Page, page_of, read_number
from registry.callers import Caller
from registry.enums import Admission
from registry.models import WANTED, ModelFile
from registry.selectors.access import visible_models
from scanning.models import ContentFinding, Scan
from scanning.scanners import Severity
from scanning.selectors import newest_answers

MAX_FINDINGS = 100
MOST_PLACES = 100  # a content may be in a million versions; nobody reads on
MOST_COUNTED = 10_000
WEIGHTS = {severity.value: weight for weight, severity in enumerate(Severity)}
SEVERITIES = [severity.value for severity in reversed(Severity)]
WORST = Order(column="weight", descending=True, read=read_number)
_PLACES = """
SELECT wanted.sha256, place.* FROM unnest(%s::text[]) AS wanted(sha256), LATERAL (
  SELECT file.path, file.size, version.id, version.number, version.admission,
    registry_model.slug, registry_model.repo_id
  FROM registry_modelfile file
  JOIN registry_modelversion version ON version.id = file.version_id
  JOIN registry_model ON registry_model.id = version.model_id
  WHERE file.content_id = wanted.sha256 AND (file.left_out = '' OR file.is_coming)
    AND version.admission <> 'withdrawn' AND {conditions}
  LIMIT {most}) place
"""


@dataclass(frozen=True, slots=True)
class FindingFilter:
    """What the inbox is narrowed to; an empty choice is no filter."""

    severity: tuple[str, ...] = ()
    engine: tuple[str, ...] = ()
    verdict: tuple[str, ...] = ()
    model: str = ""

    def conditions(self, *, besides: str = "") -> Q:
        """The conditions of all filters but one, for the counts beside that one's choices."""
        chosen = Q()
        if self.severity and besides != "severity":
            chosen &= Q(weight__in=[WEIGHTS[word] for word in self.severity])
        if self.engine and besides != "engine":
            chosen &= Q(engines__overlap=list(self.engine))
        if self.verdict and besides != "verdict":
            chosen &= Q(verdict__in=self.verdict)
        return chosen


@dataclass(frozen=True, slots=True)
class Place:
    """A file of a version that has the content."""

    path: str
    size: int
    version_id: int
    number: int
    admission: str
    slug: str
    repo_id: str


@dataclass(frozen=True, slots=True)
class Concern:
    """A finding with the files that it concerns and what every engine said of the content."""

    finding: ContentFinding
    places: Sequence[Place] = ()
    answers: Mapping[str, list[Scan]] = field(default_factory=dict)

    @property
    def versions(self) -> int:
        return len({place.version_id for place in self.places})

    @property
    def is_more(self) -> bool:
        """Whether there are more files than were counted."""
        return len(self.places) == MOST_PLACES

    @property
    def size(self) -> int:
        return self.places[0].size if self.places else 0

    @property
    def severity(self) -> str:
        return list(WEIGHTS)[self.finding.weight]


def findings_for(caller: Caller, chosen: FindingFilter | None = None) -> QuerySet[ContentFinding]:
    """Findings in contents that a version holds which the caller sees, unsorted."""
    chosen = chosen or FindingFilter()
    held = _held(caller).filter(content=OuterRef("sha256"))
    rows = ContentFinding.objects.filter(Exists(held), chosen.conditions()).order_by()
    return rows.filter(_of_model(caller, chosen.model)) if chosen.model else rows


def _held(caller: Caller) -> QuerySet[ModelFile]:
    files = ModelFile.objects.filter(WANTED, version__model__in=visible_models(caller))
    return files.exclude(version__admission=Admission.WITHDRAWN).order_by()


def _of_model(caller: Caller, name: str) -> Q:
    """By slug or by name; the contents of one model are few, so the walk begins with them."""
    named = visible_models(caller).filter(Q(slug=name.lower()) | Q(repo_id__iexact=name))
    files = _held(caller).filter(version__model__in=named, content__isnull=False)
    return Q(sha256__in=files.values("content_id"))


def page_of_findings(caller: Caller, chosen: FindingFilter, *, cursor: str, limit: int) -> Page:
    """One page of `Concern`, worst first and then newest first."""
    check_limit(limit, MAX_FINDINGS)
    page = page_of(findings_for(caller, chosen), order=WORST, cursor=cursor, limit=limit)
    return Page(concerns(caller, page.rows), page.next, page.previous)


def concerns(caller: Caller, findings: Sequence[ContentFinding]) -> list[Concern]:
    digests = sorted({finding.sha256 for finding in findings})
    places, answers = places_of(caller, digests), newest_answers(digests)
    return [
        Concern(finding, places.get(finding.sha256, []), answers.get(finding.sha256, {}))
        for finding in findings
    ]


def places_of(caller: Caller, digests: Sequence[str]) -> dict[str, list[Place]]:
    """The files that have these contents, the first version's first, and not all of very many."""
    seen = conditions_of(visible_models(caller))
    found: dict[str, list[Place]] = defaultdict(list)
    if seen is None or not digests:
        return found
    where, values = seen
    with connection.cursor() as cursor:
        sql = _PLACES.format(conditions=where, most=MOST_PLACES)
        cursor.execute(sql, (list(digests), *values))
        for sha256, path, size, pk, number, *rest in cursor.fetchall():
            found[sha256].append(Place(path, size, pk, number, *rest))
    for places in found.values():
        places.sort(key=lambda place: (place.version_id, place.path))
    return found


def combinations(caller: Caller, chosen: FindingFilter) -> list[dict[str, Any]]:
    """How many findings there are of each weight, verdict and set of engines, the worst first.

    Of very many only the worst MOST_COUNTED are counted. No filter but the model is in force.
    """
    rows = findings_for(caller, FindingFilter(model=chosen.model))
    worst = rows.order_by("-weight", "-id").values("weight", "verdict", "engines")[:MOST_COUNTED]
    sql, values = worst.query.sql_with_params()
    names = ("weight", "verdict", "engines", "n")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT weight, verdict, engines, count(*) FROM ({sql}) found GROUP BY 1, 2, 3",
            values,
        )
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def worst_of(scans: Iterable[Scan]) -> Scan | None:
    """Of one engine's answers about a content under several names, the one that says most."""
    order = ["unsafe", "suspicious", "incomplete", "clean"]
    return min(scans, key=lambda scan: order.index(scan.verdict), default=None)
