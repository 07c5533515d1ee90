"""The Scans page: findings worst first, how engines are, and one finding opened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from catalog.pages.answers import (
    FLAGGED,
    NOTED,
    cells,
    columns,
    covered,
    engine_rows,
    rule_of,
    title_of,
)
from catalog.pages.engines import strip_context
from catalog.pages.findings import Waivers
from catalog.pages.inbox_numbers import STATES, by_engine, chips_of, facets, figures, is_left
from catalog.selectors.inbox import (
    MOST_COUNTED,
    WEIGHTS,
    Concern,
    FindingFilter,
    combinations,
    concerns,
    findings_for,
    page_of_findings,
)
from core.pages import links, read_number
from registry.callers import Caller
from scanning.models import ContentFinding, Scan
from scanning.scanners import scanners
from scanning.selectors import newest_reports
from scanning.services.engines import is_set_up

ROWS = 50
MOST_SHOWN = 10  # files and findings named in an opened row; more are counted
GAPS = ("not_covered", "not_understood")
_WAY_ON = {
    "critical": "Do not load it. Look for the same weights as safetensors or GGUF.",
    "high": "Do not load it. Look for the same weights as safetensors or GGUF.",
    "medium": "A curator should look at what it calls before anybody loads it.",
}
_GAP_WAY_ON = {
    "not_covered": "It is never counted as clean. Scan it again once the reason is gone.",
    "not_understood": "It is never counted as clean. Ask for the same weights as safetensors.",
}


def inbox_context(request: HttpRequest, caller: Caller) -> dict[str, Any]:
    """Everything of the page, in a number of queries that does not grow with the findings."""
    chosen = FindingFilter.from_query(request.GET)
    page = page_of_findings(caller, chosen, cursor=request.GET.get("cursor", ""), limit=ROWS)
    found = combinations(caller, chosen)
    total = sum(one.n for one in found if is_left(one, chosen))
    opened = _opened(request, caller)
    return {
        "rows": [row_of(concern) for concern in page.rows],
        "columns": columns(),
        "opened": opened,
        "is_on_page": opened and opened["pk"] in {one.finding.pk for one in page.rows},
        "states": STATES,
        "facets": facets(chosen, found),
        "chips": chips_of(chosen),
        "narrowed": chosen,
        "total": total,
        "is_more": sum(one.n for one in found) == MOST_COUNTED,
        "figures": figures(found),
        "by_engine": by_engine(found),
        "strip": strip_context(),
        "may_scan": caller.is_steward,
        "next": request.get_full_path(),
        **links(request, page),
    }


def row_of(concern: Concern) -> dict[str, Any]:
    finding = concern.finding
    first = concern.places[0] if concern.places else None
    return {
        "pk": finding.pk,
        "sha256": finding.sha256,
        "rule": finding.rule,
        "title": rule_of(finding.rule, finding.engines).title,
        "is_gap": finding.rule in GAPS,
        "severity": concern.severity,
        "message": finding.message,
        "first": first,
        "versions": concern.versions,
        "is_more": concern.is_more,
        "cells": cells(concern.answers, _flagging(finding)),
        "covered": covered(concern.answers, concern.size),
        "found_at": finding.found_at,
        "waiver": concern.waiver,
    }


def _flagging(finding: ContentFinding) -> Mapping[str, str]:
    """What the finding itself makes of the engines that name it; low and info are remarks."""
    if finding.rule in GAPS:
        return {}
    return dict.fromkeys(finding.engines, FLAGGED if finding.weight >= WEIGHTS["medium"] else NOTED)


def _opened(request: HttpRequest, caller: Caller) -> dict[str, Any] | None:
    """The finding that the address opens, where it is there and the caller may see it."""
    text = request.GET.get("open", "")
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(2**63)):
        return None
    finding = findings_for(caller, FindingFilter(state="all")).filter(pk=read_number(int(text)))
    return next((_detail(caller, one) for one in concerns(caller, list(finding))), None)


def _detail(caller: Caller, concern: Concern) -> dict[str, Any]:
    """One finding with its evidence, the answer of every engine and the files that have it."""
    finding = concern.finding
    rule = rule_of(finding.rule, finding.engines)
    said = _said(finding)
    gap = finding.rule in GAPS
    return {
        **row_of(concern),
        **_waiving(caller, said),
        "ref": f"finding-{finding.pk}",
        "reference": rule.reference,
        "reference_name": _name_of(rule.reference),
        "evidence": _evidence(said),
        "engines": engine_rows(concern.answers, concern.size, _missing(concern)),
        "places": concern.places[:MOST_SHOWN],
        "more_places": max(0, len(concern.places) - MOST_SHOWN),
        "way_on": _GAP_WAY_ON[finding.rule] if gap else _WAY_ON.get(concern.severity, ""),
    }


def _said(finding: ContentFinding) -> list[tuple[Scan, dict[str, str]]]:
    """What the newest reports have by this rule, worst first."""
    reports = newest_reports([finding.sha256]).get(finding.sha256, ())
    found = [
        (scan, one)
        for scan in reports
        for one in scan.findings
        if str(one["rule"])[:200] == finding.rule
    ]
    return sorted(found, key=lambda pair: -WEIGHTS[pair[1]["severity"]])


def _waiving(caller: Caller, said: list[tuple[Scan, dict[str, str]]]) -> dict[str, Any]:
    """The waiver of the worst that was said, or where one is granted; none of what is missing."""
    if not said:
        return {}
    return Waivers(caller, [scan for scan, _ in said]).beside(*said[0])


def _evidence(said: list[tuple[Scan, dict[str, str]]]) -> list[dict[str, str]]:
    """What engines quote of the content; the same words are shown once."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for scan, one in said:
        key = (one["message"], one["evidence"], one["location"])
        found.setdefault(key, []).append(title_of(scan.scanner))
    return [
        {
            "message": message,
            "evidence": evidence,
            "location": location,
            "engines": ", ".join(dict.fromkeys(engines)),
        }
        for (message, evidence, location), engines in list(found.items())[:MOST_SHOWN]
    ]


def _missing(concern: Concern) -> dict[str, str]:
    """Engines of others that said nothing of the content; ours are each for some formats only."""
    return {
        cls.slug: "has not looked at it" if is_set_up(cls.slug) else "not set up here"
        for cls in scanners
        if cls.is_foreign and cls.slug not in concern.answers
    }


def _name_of(reference: str) -> str:
    """`CWE-502` for an address of that, else where the address leads."""
    if "cwe.mitre.org" in reference:
        return f"CWE-{reference.rpartition('/')[2].removesuffix('.html')}"
    return reference.rstrip("/").rpartition("/")[2] or reference
