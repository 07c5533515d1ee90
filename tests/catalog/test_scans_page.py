"""The Scans page and its REST: who sees which finding, what of it, and at what cost."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from registry.models import ModelVersion
from registry.seeds import seed
from scanning.models import ContentFinding, EngineState, FindingWaiver
from scanning.services.inbox import note_formats
from tests.catalog.test_api_models import problem
from tests.factories.registry import ModelFactory, UserFactory, VersionFactory
from tests.scanning.reporting import GAP, finding, report

EVIL, PLAIN = b"cos\nsystem\n(S'true'\ntR.", b"{}"


@pytest.fixture
def browser(make_key, db):
    """A browser in which a person of that role is signed in."""
    seed()

    def make(role="curator", tier="professional"):
        user = UserFactory(tier=tier)
        make_key(user=user, role=role)
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return make


def version_of(repo_id="acme/one", tier="lite", files=None, **values):
    model = ModelFactory(repo_id=repo_id, tier=tier)
    return VersionFactory(model=model, files=files or {"a.pkl": EVIL, "b.json": PLAIN}, **values)


def file(version, path="a.pkl"):
    return version.files.get(path=path)


def page(client, query=""):
    response = client.get(f"/scans/{query}")
    assert response.status_code == 200
    return response.content.decode()


def listed(client, query=""):
    """Titles of the rows in their order."""
    return re.findall(
        r'<tr role="row"\s+id="finding-\d+".*?<b>(.*?)</b>', page(client, query), re.DOTALL
    )


def test_findings_come_worst_first_and_once_for_each_content_and_rule(browser):
    version = version_of()
    report(file(version), "modelscan", finding("modelscan_unsafe_operator", "high"))
    report(file(version), "pickle_ops", finding(), finding("odd", "low"))
    report(file(version), "picklescan", finding())
    report(file(version, "b.json"), "templates", verdict="incomplete")
    assert listed(browser()) == [
        "A pickle names what runs code",
        "Reaches an unsafe operator",
        "Not looked at completely",
        "Odd",
    ]


def test_a_row_tells_the_file_the_versions_and_every_opinion(browser):
    version = version_of()
    other = version_of("acme/two", files={"renamed.bin": EVIL})
    report(file(version), "pickle_ops", finding(), covered_bytes=len(EVIL))
    report(file(version), "picklescan", verdict="clean", coverage="full")
    report(file(version), "modelscan", verdict="incomplete", detail="broken: it calls all clean")
    text = page(browser())
    assert "<code>a.pkl</code> in acme/one v1, 1 more version" in text
    row = re.search(r'<tr role="row"\s+id="finding-\d+".*?</tr>', text, re.DOTALL)[0]
    said = re.findall(
        r'class="opt2[^"]*" title="(.*?)">.*?<span(?: class="sr-only")?>(.*?)</span>',
        row,
        re.DOTALL,
    )
    assert dict(zip(("yard", "clamav", "modelscan", "picklescan"), said, strict=True)) == {
        "yard": ("Pickle opcodes: flagged", "flagged"),
        "clamav": ("ClamAV did not look at it", "not run"),
        "modelscan": ("modelscan: broken", "broken"),
        "picklescan": ("picklescan: clean", "clean"),
    }
    assert "100&nbsp;%" in row
    assert other.model.repo_id not in row


def test_an_opened_row_shows_evidence_reference_and_what_each_engine_covered(browser):
    version = version_of()
    report(
        file(version),
        "modelscan",
        finding("modelscan_unsafe_operator", "high", location="archive/data.pkl"),
        covered_bytes=5,
    )
    known = ContentFinding.objects.get()
    text = page(browser(), f"?open={known.pk}")
    for words in (
        "GLOBAL &#x27;posix system&#x27;",
        "archive/data.pkl",
        "https://cwe.mitre.org/data/definitions/502.html",
        "CWE-502",
        "Do not load it.",
        "5\xa0B",
        "ClamAV",
        "not set up here",
        f"/models/{version.model.slug}/scan/?version=1",
    ):
        assert words in text
    assert text.count(f'id="finding-{known.pk}"') == 1
    assert 'aria-expanded="true"' in text
    assert "Scan again" not in text  # nothing is missing
    assert "GLOBAL" not in page(browser(), f"?open={known.pk + 1}")


def test_an_opened_finding_is_shown_though_it_is_on_another_page(browser):
    version = version_of()
    report(file(version), "pickle_ops", finding("odd", "low"))
    known = ContentFinding.objects.get()
    assert listed(browser(), f"?severity=critical&open={known.pk}") == ["Odd"]


def test_only_what_the_caller_may_see_is_listed_counted_or_opened(browser, ask, make_key):
    low, high = version_of("acme/low", "lite"), version_of("acme/high", "professional", {"x": b"x"})
    report(file(low), "pickle_ops", finding("first", "critical"))
    report(file(high, "x"), "pickle_ops", finding("second", "critical"))
    secret = ContentFinding.objects.get(rule="second")
    viewer = browser("viewer", "lite")
    assert listed(viewer) == ["First"]
    assert "acme/high" not in page(viewer, f"?open={secret.pk}")
    assert "second" not in page(viewer, f"?open={secret.pk}&state=all")
    assert "1 open finding," in " ".join(page(viewer).split())
    assert listed(viewer, "?model=acme/high") == []
    assert viewer.post(f"/scans/{secret.pk}/again/").status_code == 403
    curator = browser("curator", "lite")
    assert curator.post(f"/scans/{secret.pk}/again/").status_code == 404
    assert sorted(listed(browser())) == ["First", "Second"]
    rows = ask("/api/v1/scans/findings", key=make_key(tier="lite")).json()["results"]
    assert [row["rule"] for row in rows] == ["first"]


def test_what_a_source_hides_is_for_curators(browser):
    version = version_of()
    report(file(version), "pickle_ops", finding())
    type(version.model).objects.update(is_private=True)
    assert listed(browser("viewer")) == listed(browser("operator")) == []
    assert len(listed(browser("curator"))) == 1


def test_nobody_sees_anything_without_signing_in(client, ask, db):
    assert client.get("/scans/").status_code == 302
    problem(ask("/api/v1/scans/findings"), 401, "not_authenticated")
    problem(ask("/api/v1/scans/engines"), 401, "not_authenticated")


def test_contents_that_no_shown_version_holds_are_left_out(browser):
    version, other = version_of(), version_of("acme/two", files={"a.pkl": EVIL})
    report(file(version), "pickle_ops", finding())
    assert len(listed(browser())) == 1
    ModelVersion.objects.filter(pk=version.pk).update(
        admission="withdrawn", withdrawn_at=timezone.now()
    )
    assert "acme/two v1" in page(browser())
    other.files.update(content=None)
    assert listed(browser()) == []


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
    assert ("waived until" in text, "by walt until" in text) == (holds, holds)


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


def test_what_could_not_be_read_can_be_scanned_again_by_stewards(browser, monkeypatch):
    version = version_of(files={"c.bin": b"large", "d.bin": b"odd"})
    report(file(version, "c.bin"), "clamav", verdict="incomplete")
    note_formats(unknown=[file(version, "d.bin").sha256], known=[])
    known = ContentFinding.objects.get(rule="not_covered")
    text = page(browser(), f"?open={known.pk}")
    assert (GAP.capitalize() in text, "Scan again" in text) == (True, True)
    assert "A format that no engine knows" in text
    assert "Scan again" not in page(browser("viewer"), f"?open={known.pk}")
    asked = browser("operator").post(f"/scans/{known.pk}/again/")
    assert asked.status_code == 302
    assert asked["Location"].startswith("/jobs/")


def test_pages_are_walked_by_keyset_without_loss(browser):
    files = {f"{n}.pkl": f"content {n}".encode() for n in range(60)}
    version = version_of(files=files)
    for n, one in enumerate(version.files.all()):
        report(one, "pickle_ops", finding(f"rule_{n}", "high" if n % 2 else "low"))
    client = browser()
    first = listed(client)
    older = re.search(r'href="(\?cursor=[^"]+)" rel="next"', page(client))[1]
    second = listed(client, older)
    assert (len(first), len(second)) == (50, 10)
    assert len({*first, *second}) == 60


def queries_of(client, query=""):
    page(client, query)  # what is kept in memory is there
    with CaptureQueriesContext(
        connection,
    ) as captured:
        page(client, query)
    return len(captured)


def test_a_page_of_ten_costs_as_many_queries_as_a_page_of_one(browser):
    version = version_of(files={f"{n}.pkl": f"content {n}".encode() for n in range(10)})
    client, files = browser(), list(version.files.all())
    report(files[0], "pickle_ops", finding())
    opened = f"?open={ContentFinding.objects.get().pk}"
    one, one_open = queries_of(client), queries_of(client, opened)
    for each in files[1:]:
        report(each, "pickle_ops", finding(), finding("odd", "low"))
        report(each, "modelscan", finding())
    assert (queries_of(client), queries_of(client, opened)) == (one, one_open)
    assert one <= 20


def test_no_finding_is_said_in_words(browser):
    assert "Nothing to look at" in page(browser())
    assert "No finding fits" in page(browser(), "?severity=low")


def test_htmx_gets_the_listing_alone(browser):
    text = browser().get("/scans/", headers={"HX-Request": "true"}).content.decode()
    assert text.lstrip().startswith('<div id="listing"')


def test_engines_show_their_state_and_the_age_of_their_signatures(browser, ask, make_key):
    now = timezone.now()
    for slug, state, words, made_at in [
        ("clamav", "working", "", now - timedelta(days=11)),
        ("pickle_ops", "broken", "calls its canary clean", None),
    ]:
        EngineState.objects.create(
            slug=slug,
            host="scan-1",
            engine="ClamAV/1.4.2/27831" if slug == "clamav" else "yard/1",
            signatures="27831" if slug == "clamav" else "",
            signatures_at=made_at,
            state=state,
            words=words,
            checked_at=now,
        )
    text = " ".join(page(browser()).split())
    assert "ClamAV signatures 27831, 11 d old: too old" in text
    assert "is broken.</b> Calls its canary clean. Nothing that it says counts as clean." in text
    assert "not proved yet" in text
    engines = ask("/api/v1/scans/engines", key=make_key()).json()["results"]
    assert engines[0] | {"checked_at": None} == {
        "engine": "pickle_ops",
        "title": "Pickle opcodes",
        "state": "broken",
        "version": "yard/1",
        "signatures": None,
        "signatures_at": None,
        "signatures_days": None,
        "detail": "calls its canary clean",
        "host": "scan-1",
        "checked_at": None,
    }
    states = {row["engine"]: row["state"] for row in engines}
    assert (states["clamav"], states["gguf"]) == ("working", "unknown")


def test_a_broken_engine_makes_health_degraded_and_a_metric(ask, make_key, db):
    EngineState.objects.create(
        slug="gguf",
        host="h",
        state="broken",
        words="calls its canary clean",
        checked_at=timezone.now(),
    )
    document = ask("/api/health/detailed", key=make_key()).json()
    assert document["status"] != "healthy"
    assert document["engines"]["gguf"]["status"] == "unavailable"
    assert document["engines"]["gguf"]["error"] == "calls its canary clean"
    assert document["engines"]["keras"]["status"] == "degraded"
    metrics = ask("/metrics").content.decode()
    assert 'modelyard_engine_state{engine="gguf",state="broken"} 1.0' in metrics
    assert 'modelyard_engine_state{engine="gguf",state="working"} 0.0' in metrics
    assert 'modelyard_engine_state{engine="keras",state="unknown"} 1.0' in metrics


def test_rest_tells_a_finding_with_files_answers_and_bytes_covered(ask, make_key, db):
    version = version_of()
    report(
        file(version),
        "modelscan",
        finding("modelscan_unsafe_operator", "high"),
        covered_bytes=5,
    )
    report(file(version), "picklescan", verdict="clean")
    key = make_key(role="curator")
    document = ask("/api/v1/scans/findings?limit=1", key=key).json()
    assert (document["next"], document["previous"]) == (None, None)
    (row,) = document["results"]
    assert (row["severity"], row["verdict"], row["rule"]) == (
        "high",
        "unsafe",
        "modelscan_unsafe_operator",
    )
    assert row["reference"] == "https://cwe.mitre.org/data/definitions/502.html"
    assert row["sha256"] == file(version).sha256
    assert row["engines"] == ["modelscan"]
    assert row["waived_until"] is None
    assert row["files"] == [
        {"model": version.model.slug, "version": 1, "path": "a.pkl", "size_bytes": len(EVIL)}
    ]
    answers = {one["engine"]: one for one in row["answers"]}
    assert answers["modelscan"]["covered_bytes"] == 5
    assert answers["modelscan"]["answer"] == "flagged"
    assert answers["picklescan"] == answers["picklescan"] | {
        "answer": "clean",
        "covered_bytes": None,
        "version": "yard/1",
    }


def test_rest_is_walked_by_cursor(ask, make_key, db):
    version = version_of(files={f"{n}.pkl": f"content {n}".encode() for n in range(5)})
    for n, one in enumerate(version.files.all()):
        report(one, "pickle_ops", finding(f"rule_{n}", "high" if n % 2 else "low"))
    key, path, seen = make_key(), "/api/v1/scans/findings?limit=2", []
    while path:
        document = ask(path, key=key).json()
        seen += [row["rule"] for row in document["results"]]
        path = document["next"]
    assert (len(seen), len(set(seen))) == (5, 5)
    assert [rule in ("rule_1", "rule_3") for rule in seen] == [True, True, False, False, False]


def test_the_scan_tab_shows_every_file_with_every_opinion_and_what_was_covered(browser):
    version = version_of(files={"a.pkl": EVIL, "b.json": PLAIN, "c.bin": b"large"})
    report(file(version), "pickle_ops", finding(), covered_bytes=len(EVIL))
    report(file(version), "modelscan", verdict="incomplete", detail="broken: it calls all clean")
    report(file(version, "b.json"), "plain_files", covered_bytes=len(PLAIN))
    report(file(version, "c.bin"), "clamav", verdict="incomplete", covered_bytes=2)
    text = browser().get(f"/models/{version.model.slug}/scan/").content.decode()
    table = text[text.index('aria-label="Files and engines"') :]
    rows = re.findall(r'<tr role="row">\s*<th role="rowheader".*?</tr>', table, re.DOTALL)
    told = [
        (
            re.search(r"<code.*?>(.*?)</code>", row)[1],
            re.findall(r'title="([^"]*: [^"]*)">', row)[:-1],
            re.findall(r"\d+&nbsp;%|not told", row),
        )
        for row in rows[:3]
    ]
    assert told == [
        ("a.pkl", ["Pickle opcodes: flagged", "modelscan: broken"], ["100&nbsp;%"]),
        ("c.bin", ["ClamAV: not covered"], ["0&nbsp;%"]),
        ("b.json", ["Text, configuration and images: clean"], ["100&nbsp;%"]),
    ]
