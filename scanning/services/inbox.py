"""Findings by content and rule, made from the newest reports: what the inbox lists.

One statement reads and writes all of it, so that no report can be kept without its findings.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from registry.enums import ScanVerdict
from registry.models import Content
from scanning.models import ContentFinding
from scanning.policy import WORST_FIRST
from scanning.scanners import Severity

NOT_COVERED = "not_covered"  # an engine could not look at all of the content
NOT_UNDERSTOOD = "not_understood"  # no engine knows its format
WEIGHTS = [severity.value for severity in Severity]  # the weight is the place
_GAP = WEIGHTS.index(Severity.MEDIUM)
# Every engine and variant counts once, with its newest report.
_FOLD = """
WITH newest AS (
  SELECT DISTINCT ON (sha256, scanner, variant)
    sha256, scanner, verdict, findings, detail, scanned_at
  FROM scanning_scan WHERE sha256 = ANY(%(digests)s::text[])
  ORDER BY sha256, scanner, variant, scanned_at DESC, id DESC),
answers AS (
  SELECT sha256, verdict::text FROM newest
  UNION ALL SELECT sha256, 'incomplete' FROM scanning_contentfinding
  WHERE rule = %(not_understood)s AND sha256 = ANY(%(digests)s::text[])),
verdicts AS (
  SELECT sha256, (%(worst)s::text[])[min(array_position(%(worst)s::text[], verdict))] AS verdict
  FROM answers GROUP BY sha256),
said AS (
  SELECT sha256, scanner, scanned_at, left(one->>'rule', 200) AS rule,
    array_position(%(weights)s::text[], one->>'severity') - 1 AS weight,
    left(one->>'message', 400) AS message
  FROM newest, jsonb_array_elements(findings) AS one
  UNION ALL
  SELECT sha256, scanner, scanned_at, %(not_covered)s, %(gap)s, left(detail, 400)
  FROM newest WHERE verdict = 'incomplete')
INSERT INTO scanning_contentfinding AS known
  (sha256, rule, weight, engines, message, verdict, found_at)
SELECT sha256, rule, max(weight), array_agg(DISTINCT scanner),
  (array_agg(message ORDER BY weight DESC, scanner))[1],
  CASE WHEN rule = %(not_covered)s THEN 'incomplete' ELSE verdicts.verdict END, min(scanned_at)
FROM said JOIN verdicts USING (sha256)
GROUP BY sha256, rule, verdicts.verdict
ON CONFLICT (sha256, rule) DO UPDATE SET weight = excluded.weight, engines = excluded.engines,
  message = excluded.message, verdict = excluded.verdict
RETURNING known.id
"""


@transaction.atomic
def refresh_findings(digests: Iterable[str]) -> None:
    """Make the findings of contents anew. One that was known keeps its place and its date."""
    asked = sorted(set(digests))
    # Two engines that end at once wait for each other, so that neither overlooks the other.
    locked = Content.objects.select_for_update(no_key=True).filter(pk__in=asked).order_by("pk")
    list(locked.values_list("pk"))
    values: dict[str, Any] = {
        "digests": asked,
        "weights": WEIGHTS,
        "worst": [verdict.value for verdict in WORST_FIRST],
        "not_covered": NOT_COVERED,
        "not_understood": NOT_UNDERSTOOD,
        "gap": _GAP,
    }
    with connection.cursor() as cursor:
        cursor.execute(_FOLD, values)
        kept = [row[0] for row in cursor.fetchall()]
    old = ContentFinding.objects.filter(sha256__in=asked).exclude(rule=NOT_UNDERSTOOD)
    old.exclude(pk__in=kept).delete()


@transaction.atomic
def note_formats(*, unknown: Collection[str], known: Collection[str]) -> None:
    """Keep which contents are of a format that no engine knows, so that nobody calls them clean."""
    rows = ContentFinding.objects.filter(rule=NOT_UNDERSTOOD)
    noted = set(rows.filter(sha256__in={*unknown, *known}).values_list("sha256", flat=True))
    now_known, now_unknown = noted - set(unknown), set(unknown) - noted
    rows.filter(sha256__in=now_known).delete()
    new = [
        ContentFinding(
            sha256=sha256,
            rule=NOT_UNDERSTOOD,
            weight=_GAP,
            message="no engine covers this kind of file",
            verdict=ScanVerdict.INCOMPLETE,
            found_at=timezone.now(),
        )
        for sha256 in sorted(now_unknown)
    ]
    ContentFinding.objects.bulk_create(new, ignore_conflicts=True)
    if now_known or now_unknown:
        refresh_findings(now_known | now_unknown)
