"""What pages show of waivers: beside findings, and the dialog that grants one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from catalog.forms import WaiveForm
from core.wording import listed
from registry.callers import Caller
from registry.enums import Scope
from scanning.models import Scan
from scanning.policy import counts
from scanning.scanners import Severity, scanners
from scanning.selectors import FoundByRule, covering, versions_with, waivers_in_force
from scanning.services.waivers import may_accept

_SHOWN = 5  # versions and messages that the dialog names
_ORDER = tuple(Severity)


class Waivers:
    """The waivers beside the findings of some reports, and what this person may do about them."""

    def __init__(self, caller: Caller, scans: Sequence[Scan]) -> None:
        self._caller = caller
        self._in_force = waivers_in_force(scan.sha256 for scan in scans)
        self._worst = _worst_by_rule(scans)
        self._partial = {cls.slug: cls.title for cls in scanners if not cls.tells_all}

    def beside(self, scan: Scan, finding: Mapping[str, str]) -> dict[str, Any]:
        """What a finding's row shows: its waiver, else where one is granted or why none can be."""
        rule, severity = finding["rule"], Severity(finding["severity"])
        waiver = covering(self._in_force.get(scan.sha256, ()), finding)
        may = self._caller.may(Scope.CURATE) and counts(severity)
        if waiver is not None or not may:
            return {"waiver": waiver, "may_end": may, "waive_url": "", "waive_note": ""}
        why_not = self._why_not(scan, rule)
        url = "" if why_not else reverse("catalog:waive_finding", args=[scan.sha256, rule])
        return {"waiver": None, "may_end": False, "waive_url": url, "waive_note": why_not}

    def _why_not(self, scan: Scan, rule: str) -> str:
        if scan.scanner in self._partial:
            return (
                f"{self._partial[scan.scanner]} stops at its first finding, so a waiver of it "
                "cannot make the file clean."
            )
        if not may_accept(self._caller, self._worst[scan.sha256, rule]):
            return "It is critical: only an admin may waive it."
        return ""


def _worst_by_rule(scans: Iterable[Scan]) -> dict[tuple[str, str], Severity]:
    found: dict[tuple[str, str], Severity] = {}
    for scan in scans:
        for finding in scan.findings:
            key, severity = (scan.sha256, finding["rule"]), Severity(finding["severity"])
            found[key] = max(found.get(key, severity), severity, key=_ORDER.index)
    return found


def waive_context(
    caller: Caller, found: FoundByRule, form: WaiveForm, query: QueryDict
) -> dict[str, Any]:
    """What the dialog shows: the finding, and how far a waiver of it reaches."""
    versions = versions_with(caller, found.sha256)
    total = versions.count()
    return {
        "found": found,
        "engines": listed(list(found.titles)),
        "messages_shown": found.messages[:_SHOWN],
        "more_messages": max(0, len(found.messages) - _SHOWN),
        "total": total,
        "versions": list(versions[:_SHOWN]),
        "more": max(0, total - _SHOWN),
        "form": form,
        "next": back_to(caller, found.sha256, query.get("next", "")),
    }


def granted_line(caller: Caller, found: FoundByRule, until: datetime) -> str:
    total = versions_with(caller, found.sha256).count()
    what = "1 version with this content is" if total == 1 else f"{total} versions with it are"
    return f"Waived until {until:%-d %b %Y}. {what} decided again in a moment."


def back_to(caller: Caller, sha256: str, asked: str) -> str:
    """Where a dialog leads back to: the page it was opened on, else a Scan tab with the content."""
    if asked.startswith("/") and url_has_allowed_host_and_scheme(asked, allowed_hosts=None):
        return asked
    version = versions_with(caller, sha256).first()
    if version is None:
        return reverse("catalog:overview")
    query = f"?version={version.number}"
    return reverse("catalog:model-scan", args=[version.model.slug]) + query
