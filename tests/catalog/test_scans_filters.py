"""What narrows the Scans page: filters, their counts, and waivers while they hold."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from scanning.models import ContentFinding, FindingWaiver
from tests.catalog.test_scans_page import browser, file, listed, page, version_of
from tests.factories.registry import UserFactory
from tests.scanning.reporting import finding, report

__all__ = ["browser"]


def waive(known, severity="critical", **values):
    now = timezone.now()
    fields = {"granted_at": now, "expires_at": now + timedelta(days=9), "reason": "Seen.", **values}
    return FindingWaiver.objects.create(
        sha256=known.sha256,
        rule=known.rule,
        severity=severity,
        granted_by=UserFactory(username="walt"),
        **fields,
    )


@pytest.mark.parametrize(
    ("severity", "days", "holds"),
    [("critical", 9, True), ("high", 9, False), ("critical", -1, False)],
)
def test_what_was_accepted_is_waived_while_that_holds(browser, severity, days, holds):
    version = version_of()
    report(file(version), "pickle_ops", finding())
    known, now = ContentFinding.objects.get(), timezone.now()
    waive(
        known, severity, granted_at=now - timedelta(days=2), expires_at=now + timedelta(days=days)
    )
    assert (len(listed(browser())), len(listed(browser(), "?state=waived"))) == (
        (0, 1) if holds else (1, 0)
    )
    text = page(browser(), f"?state=all&open={known.pk}")
    assert ("waived until" in text, "Accepted by walt" in text) == (holds, holds)


@pytest.mark.parametrize(
    ("query", "rules"),
    [
        ("?severity=critical", ["Bad"]),
        ("?severity=critical&severity=low", ["Bad", "Odd"]),
        ("?engine=picklescan", ["Odd"]),
        ("?verdict=incomplete", ["Not looked at completely"]),
        ("?verdict=unsafe&severity=low", ["Odd"]),
        ("?verdict=incomplete&verdict=unsafe", ["Bad", "Not looked at completely", "Odd"]),
        ("?model=ACME/two", ["Not looked at completely"]),
        ("?model=acme--two", ["Not looked at completely"]),
        ("?model=nobody/here", []),
        ("?state=waived", []),
    ],
)
def test_filters_narrow_and_are_named(browser, query, rules):
    version = version_of()
    report(file(version), "pickle_ops", finding("bad", "critical"))
    report(file(version), "picklescan", finding("odd", "low"))
    other = version_of("acme/two", files={"c.bin": b"large"})
    report(file(other, "c.bin"), "clamav", verdict="incomplete")
    assert listed(browser(), query) == rules
    assert "Remove filter" in page(browser(), query)


def test_a_filter_that_nobody_can_mean_is_refused(browser, ask, make_key):
    assert browser().get("/scans/?severity=terrible").status_code == 400
    for query in ("severity=x", "verdict=x", "engine=x", "state=x", "limit=0", "q=1", "cursor=x"):
        path = f"/api/v1/scans/findings?{query}"
        assert ask(path, key=make_key()).status_code == 400


def test_counts_beside_the_filters_are_what_the_others_leave(browser):
    version = version_of()
    report(file(version), "pickle_ops", finding("bad", "critical"), finding("odd", "low"))
    report(file(version), "picklescan", finding("odd", "low"))
    text = page(browser(), "?engine=picklescan")
    counts = re.findall(
        r'value="(critical|low|pickle_ops|picklescan)".*?<span class="n">(\d+)', text, re.DOTALL
    )
    assert dict(counts) == {"critical": "0", "low": "1", "pickle_ops": "2", "picklescan": "1"}
