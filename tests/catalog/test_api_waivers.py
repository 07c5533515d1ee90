from __future__ import annotations

from datetime import timedelta

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.selectors.scans import scan_issues
from catalog.services.bundle_papers import collect
from registry.models import AuditEvent
from scanning.models import FindingWaiver, Scan
from scanning.sarif import sarif_of
from scanning.services.reviewing import review_waivers
from tests.catalog.bundles.test_papers import sarif_faults
from tests.catalog.test_api_models import problem
from tests.factories.registry import ModelFactory, UserFactory, VersionFactory
from tests.registry.conftest import caller, person
from tests.scanning.reports import (
    RISKY,
    WHY,
    accept,
    finding,
    fresh,
    in_days,
    make_held,
    scanned,
    sha_of,
)

__all__ = ["caller", "person"]
LIST = "/api/v1/waivers"


def asked(**words):
    until = in_days(30).isoformat()
    return {
        "sha256": sha_of(RISKY), "rule": "odd_call", "reason": WHY, "expires_at": until, **words,
    }  # fmt: skip


@pytest.fixture
def version(make_yard):
    return scanned(make_held({"a.pkl": RISKY, "b.pkl": RISKY}))


@pytest.fixture
def curator(make_key):
    return make_key(role="curator", user=UserFactory(username="ada"))


def test_a_curator_grants_looks_and_takes_back(ask, curator, version):
    granted = ask(LIST, key=curator, method="POST", body=asked())
    told = granted.json()
    assert granted.status_code == 201, told
    assert (told["state"], told["granted_by"], told["severity"]) == ("active", "ada", "high")
    assert (told["versions"], told["settled"]) == (1, False)
    review_waivers()
    place = f"{LIST}/{told['id']}"
    assert ask(place, key=curator).json()["settled"] is True
    assert fresh(version).admission == "admitted"
    ended = ask(f"{place}?reason=Not+so+sure", key=curator, method="DELETE").json()
    assert (ended["state"], ended["ended_by"]) == ("taken_back", "ada")
    assert AuditEvent.objects.get(action="finding.take_back").reason == "Not so sure"
    review_waivers()
    assert fresh(version).admission == "held"
    problem(ask(place, key=curator, method="DELETE"), 409, "conflict")


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_others_read_and_change_nothing(ask, make_key, curator, version, role):
    pk = ask(LIST, key=curator, method="POST", body=asked()).json()["id"]
    key = make_key(role=role)
    refused = ask(LIST, key=key, method="POST", body=asked())
    assert "needs the scope curate" in problem(refused, 403, "not_permitted")["detail"]
    problem(ask(f"{LIST}/{pk}", key=key, method="DELETE"), 403, "not_permitted")
    assert [one["id"] for one in ask(LIST, key=key).json()["results"]] == [pk]
    problem(ask(LIST), 401, "not_authenticated")


def test_a_key_needs_the_scope_whatever_its_person_may(ask, make_key, version):
    key = make_key(role="curator", scopes=["read"])
    problem(ask(LIST, key=key, method="POST", body=asked()), 403, "not_permitted")


def test_a_critical_finding_is_for_admins(ask, make_key, curator, make_yard):
    scanned(make_held(), {sha_of(RISKY): [finding(severity="critical")]})
    refused = problem(ask(LIST, key=curator, method="POST", body=asked()), 403, "not_permitted")
    assert "needs an admin" in refused["detail"]
    granted = ask(LIST, key=make_key(role="admin"), method="POST", body=asked())
    assert (granted.status_code, granted.json()["severity"]) == (201, "critical")


@pytest.mark.parametrize(
    ("words", "status", "code", "said"),
    [
        ({"sha256": "ab"}, 400, "invalid_input", "sha256"),
        ({"sha256": "0" * 64}, 404, "not_found", "Name the sha256"),
        ({"rule": "not_covered"}, 404, "not_found", "no engine could read is no finding"),
        ({"reason": "ok"}, 400, "invalid_input", "3 or more"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, 400, "invalid_input", "within 90 days"),
        ({"expires_at": "2999-01-01T00:00:00Z"}, 400, "invalid_input", "within 90 days"),
        ({"expires_at": "soon"}, 400, "invalid_input", "expires_at"),
        ({"until": "x"}, 400, "invalid_input", "Known: sha256, rule"),
    ],
)
def test_a_refusal_says_what_to_do(ask, curator, version, words, status, code, said):
    refused = ask(LIST, key=curator, method="POST", body=asked(**words))
    assert said in str(problem(refused, status, code))


def test_a_second_grant_names_the_first(ask, curator, version):
    first = ask(LIST, key=curator, method="POST", body=asked()).json()
    again = problem(ask(LIST, key=curator, method="POST", body=asked()), 409, "conflict")
    assert again["waiver"] == first["id"]
    assert "Take that back first" in again["detail"]


def many(count, *, tier="lite"):
    user = UserFactory()
    model = ModelFactory(tier=tier)
    for number in range(count):
        content = f"{model.slug} {number}".encode()
        VersionFactory(model=model, files={"x.bin": content})
        FindingWaiver.objects.create(
            sha256=sha_of(content), rule="odd", severity="high", reason="it is fine",
            granted_by=user, granted_at=timezone.now(), expires_at=in_days(1),
        )  # fmt: skip


def test_the_list_is_paged_narrowed_and_shows_what_one_sees(ask, make_key):
    many(5)
    many(2, tier="professional")
    now = timezone.now()
    first, second = FindingWaiver.objects.order_by("pk")[:2]
    FindingWaiver.objects.filter(pk=first.pk).update(ended_at=now)
    FindingWaiver.objects.filter(pk=second.pk).update(ended_at=now, ended_by=second.granted_by)
    key = make_key(tier="lite")
    found, query = [], "?limit=2"
    while query:
        page = ask(f"{LIST}{query}", key=key).json()
        found += [one["id"] for one in page["results"]]
        query = page["next"] and page["next"].removeprefix(LIST)
    mine = FindingWaiver.objects.order_by("-granted_at").values_list("pk", flat=True)
    assert found == [pk for pk in mine if pk < first.pk + 5]
    for state, count in (("active", 3), ("expired", 1), ("taken_back", 1)):
        shown = ask(f"{LIST}?state={state}", key=key).json()["results"]
        assert [one["state"] for one in shown] == [state] * count
    assert len(ask(f"{LIST}?sha256={first.sha256}", key=key).json()["results"]) == 1
    problem(ask(f"{LIST}?state=x", key=key), 400, "invalid_input")
    hidden = FindingWaiver.objects.order_by("-pk").first()
    problem(ask(f"{LIST}/{hidden.pk}", key=key), 404, "not_found")
    assert len(ask(LIST, key=make_key()).json()["results"]) == 7


def test_an_expired_waiver_says_so_before_the_review_has_come(ask, make_key):
    many(1)
    early = timezone.now() - timedelta(days=3)
    old = FindingWaiver.objects.get()
    FindingWaiver.objects.create(
        sha256=old.sha256, rule="other", severity="high", reason="was fine",
        granted_by=old.granted_by, granted_at=early, expires_at=early + timedelta(days=1),
    )  # fmt: skip
    states = [one["state"] for one in ask(LIST, key=make_key()).json()["results"]]
    assert states == ["active", "expired"]


def test_a_longer_list_takes_no_more_queries(ask, make_key):
    key = make_key()
    many(1)

    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert ask(LIST, key=key).status_code == 200
        return len(captured)

    queries()  # notes that the key was used
    few = queries()
    many(10)
    assert queries() == few


def test_an_issue_is_told_with_its_waiver_never_without(version, caller):
    assert {one["waiver"] for one in scan_issues(version)} == {None}
    waiver = accept(caller(roles=("curator",), username="zebra"))
    issues = scan_issues(version)
    assert [one["title"] for one in issues] == ["odd_call", "odd_call"]
    assert issues[0]["sha256"] == sha_of(RISKY)
    assert issues[0]["waiver"] == {
        "id": waiver.pk, "reason": WHY, "granted_by": "zebra", "expires_at": waiver.expires_at,
    }  # fmt: skip
    with CaptureQueriesContext(connection) as one_waiver:
        scan_issues(version)
    extra = [finding(f"rule{n}") for n in range(10)]
    Scan.objects.filter(findings__isnull=False, verdict="unsafe").update(findings=extra)
    for one in extra:
        accept(caller(roles=("curator",)), rule=one["rule"])
    with CaptureQueriesContext(connection) as many_waivers:
        assert all(one["waiver"] for one in scan_issues(version))
    assert len(one_waiver) == len(many_waivers)


def test_sarif_says_what_is_suppressed_and_why_and_names_nobody(version, caller):
    accept(caller(roles=("curator",), username="zebra"))
    Scan.objects.filter(verdict="unsafe").update(
        findings=[finding(), finding("other"), finding("note", "low")]
    )
    report = sarif_of(fresh(version))
    assert sarif_faults(report) == []
    results = [one for run in report["runs"] for one in run["results"]]
    assert all("suppressions" in one for one in results)
    told = {one["ruleId"]: one["suppressions"] for one in results}
    assert (told["other"], told["note"]) == ([], [])
    [said] = told["odd_call"]
    assert (said["kind"], said["status"], said["justification"]) == ("external", "accepted", WHY)
    assert "zebra" not in str(report)


def test_a_bundle_names_the_waivers_and_no_person(version, caller):
    accept(caller(roles=("curator",), username="zebra"))
    review_waivers()
    collected = collect([fresh(version)], made_at=timezone.now())
    decision = orjson.loads(collected.documents["versions/0001/decision.json"])
    [gate] = [one for one in decision["gates"] if one["gate"] == "malware"]
    [named] = gate["evidence"]["waivers"]
    assert (named["rule"], named["reason"]) == ("odd_call", WHY)
    assert not any(b"zebra" in document for document in collected.documents.values())
    assert b'"suppressions"' in collected.documents["versions/0001/scan.sarif"]
