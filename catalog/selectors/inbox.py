"""Findings as curators work through them: of contents that a version holds which the caller sees.

A page costs the same whatever the number of findings and versions: a walk along one index, then
one query for the files, and one for what the engines said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import (
    BooleanField,
    Case,
    Exists,
    OuterRef,
    Q,
    QuerySet,
    SmallIntegerField,
    Value,
    When,
)
from django.db.models.expressions import RawSQL
from django.http import QueryDict
from django.utils import timezone

from catalog.selectors.listing import conditions_of
from catalog.selectors.versions import check_limit
from core.errors import InvalidInputError
from core.pages import Order, Page, page_of, read_number
from registry.callers import Caller
from registry.enums import Admission
from registry.models import WANTED, ModelFile
from registry.selectors.access import visible_models
from scanning.models import ContentFinding, FindingWaiver, Scan
from scanning.scanners import Severity, scanners
from scanning.selectors import covering, newest_answers, waivers_in_force

MAX_FINDINGS = 100
MOST_PLACES = 100  # a content may be in a million versions; nobody reads on
MOST_COUNTED = 10_000
WEIGHTS = {severity.value: weight for weight, severity in enumerate(Severity)}
SEVERITIES = [severity.value for severity in reversed(Severity)]
WORST = Order(column="weight", descending=True, read=read_number)
CHOICES = {
    "severity": tuple(SEVERITIES),
    "verdict": ("unsafe", "suspicious", "incomplete", "clean"),
    "state": ("open", "waived", "all"),
}
_PLACES = """
SELECT wanted.sha256, place.* FROM unnest(%s::text[]) AS wanted(sha256), LATERAL (
  SELECT file.path, file.size, version.id, version.number, version.admission,
    registry_model.slug, registry_model.repo_id, file.held_back <> '' AS is_held_back
  FROM registry_modelfile file
  JOIN registry_modelversion version ON version.id = file.version_id
  JOIN registry_model ON registry_model.id = version.model_id
  WHERE file.content_id = wanted.sha256 AND (file.left_out = '' OR file.is_coming)
    AND version.admission <> 'withdrawn' AND {conditions}
  LIMIT {most}) place
"""

_HELD = """
EXISTS (SELECT 1 FROM registry_modelfile file
  JOIN registry_modelversion version ON version.id = file.version_id
  JOIN registry_model ON registry_model.id = version.model_id
  WHERE file.content_id = scanning_contentfinding.sha256
    AND (file.left_out = '' OR file.is_coming)
    AND version.admission <> 'withdrawn' AND {conditions} OFFSET 0)
"""


@dataclass(frozen=True, slots=True)
class FindingFilter:
    """What the inbox is narrowed to; an empty choice is no filter."""

    severity: tuple[str, ...] = ()
    engine: tuple[str, ...] = ()
    verdict: tuple[str, ...] = ()
    state: str = "open"
    model: str = ""

    @classmethod
    def from_query(cls, query: QueryDict) -> Self:
        """Read query parameters; a value that nobody can mean is refused."""
        engines = tuple(scanner.slug for scanner in scanners)
        state = _words(query, "state", CHOICES["state"]) or ("open",)
        return cls(
            severity=_words(query, "severity", CHOICES["severity"]),
            engine=_words(query, "engine", engines),
            verdict=_words(query, "verdict", CHOICES["verdict"]),
            state=state[-1],
            model=query.get("model", "").strip()[:220].replace("\x00", ""),
        )

    def conditions(self) -> Q:
        chosen = Q()
        if self.severity:
            chosen &= Q(weight__in=[WEIGHTS[word] for word in self.severity])
        if self.engine:
            chosen &= Q(engines__overlap=list(self.engine))
        if self.verdict:
            chosen &= Q(verdict__in=self.verdict)
        if self.state != "all":
            chosen &= Q(_is_waived()) if self.state == "waived" else ~Q(_is_waived())
        return chosen


def _words(query: QueryDict, name: str, known: Sequence[str]) -> tuple[str, ...]:
    words = tuple(dict.fromkeys(word for word in query.getlist(name) if word))
    for word in words:
        if word not in known:
            text = f"There is no {name} {word[:40]!r}. Known: {', '.join(known)}."
            raise InvalidInputError(text, field=name)
    return words


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
    is_held_back: bool


@dataclass(frozen=True, slots=True)
class Concern:
    """A finding with the files that it concerns and what every engine said of the content."""

    finding: ContentFinding
    places: Sequence[Place] = ()
    answers: Mapping[str, list[Scan]] = field(default_factory=dict)
    waiver: FindingWaiver | None = None

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


@dataclass(frozen=True, slots=True)
class Combination:
    """How many findings have one severity, verdict of their content and set of engines."""

    weight: int
    verdict: str
    engines: tuple[str, ...]
    n: int

    @property
    def severity(self) -> str:
        return list(WEIGHTS)[self.weight]


def findings_for(caller: Caller, chosen: FindingFilter | None = None) -> QuerySet[ContentFinding]:
    """Findings in contents that a version holds which the caller sees, unsorted."""
    held = Exists(_held(caller).filter(content=OuterRef("sha256")))
    return _chosen(caller, chosen or FindingFilter()).filter(held)


def _walked(caller: Caller, chosen: FindingFilter) -> QuerySet[ContentFinding]:
    """The same, asked of one finding after the other in their order.

    `OFFSET 0` keeps PostgreSQL from making a join of it, which may read every file for one page.
    """
    seen = conditions_of(visible_models(caller))
    if seen is None:
        return ContentFinding.objects.none()
    where, values = seen
    held = RawSQL(_HELD.format(conditions=where), values, output_field=BooleanField())  # noqa: S611 the ORM's own
    return _chosen(caller, chosen).filter(held)


def _chosen(caller: Caller, chosen: FindingFilter) -> QuerySet[ContentFinding]:
    rows = ContentFinding.objects.filter(chosen.conditions()).order_by()
    return rows.filter(_of_model(caller, chosen.model)) if chosen.model else rows


def _is_waived() -> Exists:
    """Whether somebody accepted the finding, as bad as it is, and that holds now."""
    cases = [When(severity=word, then=Value(weight)) for word, weight in WEIGHTS.items()]
    waivers = FindingWaiver.objects.filter(
        sha256=OuterRef("sha256"),
        rule=OuterRef("rule"),
        ended_at__isnull=True,
        expires_at__gt=timezone.now(),
    )
    accepted = waivers.annotate(accepted=Case(*cases, output_field=SmallIntegerField()))
    return Exists(accepted.filter(accepted__gte=OuterRef("weight")).order_by())


def _held(caller: Caller) -> QuerySet[ModelFile]:
    files = ModelFile.objects.filter(WANTED, version__model__in=visible_models(caller))
    return files.exclude(version__admission=Admission.WITHDRAWN).order_by()


def _of_model(caller: Caller, name: str) -> Q:
    """By slug or by name; the contents of one model are few, so the walk begins with them."""
    named = visible_models(caller).filter(Q(slug=name.lower()) | Q(repo_id__iexact=name))
    models = list(named.order_by().values_list("pk", flat=True)[:MOST_PLACES])
    files = ModelFile.objects.filter(version__model__in=models, content__isnull=False)
    return Q(sha256__in=files.order_by().values("content_id"))


def page_of_findings(caller: Caller, chosen: FindingFilter, *, cursor: str, limit: int) -> Page:
    """One page of `Concern`, worst first and then newest first."""
    check_limit(limit, MAX_FINDINGS)
    few = chosen.state == "waived"  # the walk would pass all that is open
    rows = findings_for(caller, chosen) if few else _walked(caller, chosen)
    page = page_of(rows, order=WORST, cursor=cursor, limit=limit)
    return Page(concerns(caller, page.rows), page.next, page.previous)


def concerns(caller: Caller, findings: Sequence[ContentFinding]) -> list[Concern]:
    digests = sorted({finding.sha256 for finding in findings})
    places, answers = places_of(caller, digests), newest_answers(digests)
    waivers = waivers_in_force(digests)
    return [
        Concern(
            finding,
            places.get(finding.sha256, []),
            answers.get(finding.sha256, {}),
            _waiver_of(finding, waivers.get(finding.sha256, [])),
        )
        for finding in findings
    ]


def _waiver_of(finding: ContentFinding, waivers: Sequence[FindingWaiver]) -> FindingWaiver | None:
    severity = list(WEIGHTS)[finding.weight]
    return covering(waivers, {"rule": finding.rule, "severity": severity})


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


def combinations(caller: Caller, chosen: FindingFilter) -> list[Combination]:
    """How many findings there are of each weight, verdict and set of engines, the worst first.

    Of very many only the worst MOST_COUNTED are counted. Of the filters only model and state are
    in force: what the others leave follows from the combinations.
    """
    found = findings_for(caller, FindingFilter(model=chosen.model, state=chosen.state))
    worst = found.order_by("-weight", "-id").values("weight", "verdict", "engines")[:MOST_COUNTED]
    try:
        sql, values = worst.query.sql_with_params()
    except EmptyResultSet:  # no model of that name, or a caller who sees none
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT weight, verdict, engines, count(*) FROM ({sql}) found GROUP BY 1, 2, 3",  # noqa: S608 the ORM's own
            values,
        )
        rows = cursor.fetchall()
    return [Combination(weight, verdict, tuple(engines), n) for weight, verdict, engines, n in rows]
