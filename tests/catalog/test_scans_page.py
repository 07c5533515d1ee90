"""The Scans page and its REST: who sees which finding, what of it, and at what cost."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from registry.models import ModelVersion
from registry.seeds import seed
from scanning.models import ContentFinding
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
        r'class="opt2[^"]*"\s+title="(.*?)">.*?<span(?: class="sr-only")?>(.*?)</span>',
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


def test_an_opened_finding_leads_curators_to_the_dialog_that_waives_it(browser):
    version = version_of()
    report(file(version), "pickle_ops", finding("odd", "high"))
    known = ContentFinding.objects.get()
    way = f"/findings/{known.sha256}/odd/waive/?next=%2Fscans%2F%3Fopen%3D{known.pk}"
    assert way in page(browser("curator"), f"?open={known.pk}")
    assert way not in page(browser("operator"), f"?open={known.pk}")


def test_htmx_gets_the_listing_alone(browser):
    text = browser().get("/scans/", headers={"HX-Request": "true"}).content.decode()
    assert text.lstrip().startswith('<div id="listing"')


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
