"""New engines and signatures look at what is published; what they find is taken out of service."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core import jobs, pipelines
from core.models import Run, RunState
from registry.models import AuditEvent, Model, Notice, Receipt
from scanning.models import EngineSet, Rescan, Scan, VersionScan
from scanning.sandbox import scan_proven
from scanning.services import published, rounds
from tests.factories.registry import ApiKeyFactory, UserFactory, VersionFactory
from tests.scanning.clamd import publish_signatures, running_clamd
from tests.scanning.published import (
    GOOD,
    bring,
    downloaded,
    drive,
    fresh,
    needs_clamd,
    publish,
    rescan,
    turn,
    unread,
    upgrade,
)

__all__ = ["bring", "publish", "unread", "upgrade"]
NOTES = GOOD["notes.txt"]


@pytest.fixture
def asked(monkeypatch):
    """Which engine was given which file, in order."""
    found = []

    def spying(looks, *rest):
        found.extend((one.slug, one.target.name) for one in looks)
        return scan_proven(looks, *rest)

    monkeypatch.setattr(rounds, "scan_proven", spying)
    return found


def test_nothing_is_started_while_no_engine_changed(publish):
    publish()
    assert rescan() is None
    assert rescan() is None
    assert EngineSet.objects.count() == 1
    assert not Rescan.objects.exists()


def test_a_new_engine_alone_looks_again_and_nothing_else_moves(publish, upgrade, asked):
    version = publish()
    before = dict(Model.objects.values_list("pk", "updated_at"))
    trail = AuditEvent.objects.count()
    rescan()
    asked.clear()
    upgrade("plain_files")
    run = rescan()
    assert (run.state, run.result) == (
        "done",
        {"queued": 1, "versions": 1, "held": 0, "put_off": 0},
    )
    assert {slug for slug, _ in asked} == {"plain_files"}
    after = fresh(version)
    assert (after.admission, after.scan_verdict) == ("admitted", "clean")
    assert "plain_files 99" in after.gates.get(gate="malware").evidence["engines"]
    assert dict(Model.objects.values_list("pk", "updated_at")) == before
    assert AuditEvent.objects.count() == trail
    assert not Notice.objects.exists()
    assert rescan() is None


def test_while_it_waits_the_old_answer_holds_and_a_new_intake_needs_the_new_engine(
    publish, bring, upgrade, unread
):
    old = publish()
    rescan()
    upgrade("plain_files")
    unread.append("plain_files")
    published.notice_engines()
    assert (fresh(old).admission, fresh(old).scan_verdict) == ("admitted", "clean")
    new = bring({"new.txt": b"new words\n"})
    assert (new.admission, new.scan_verdict) == ("held", "incomplete")
    assert fresh(old).admission == "admitted"


def test_most_downloaded_first_and_what_older_engines_left_before(publish, upgrade, asked):
    seldom, often = publish({"a.txt": b"a\n"}), publish({"b.txt": b"b\n"})
    twice = publish({"c.txt": b"c\n", "d.txt": b"d\n"})
    person = UserFactory()
    downloaded(often, person, 5)
    downloaded(twice, person, 6)  # three times each file
    rescan()
    asked.clear()
    upgrade("plain_files")
    rescan()
    names = list(dict.fromkeys(name[0] for _, name in asked))
    assert names[0] == "b"
    assert set(names[1:3]) == {"c", "d"}
    assert names[3] == "a"
    asked.clear()
    upgrade("plain_files", "100")
    run = turn(published.notice_engines())  # queued, not scanned
    Rescan.objects.exclude(version=seldom).delete()
    upgrade("plain_files", "101")
    published.notice_engines()
    assert published.queue_published(report=lambda *_: None) == 3
    drive(run)
    assert asked[0][1] == "a.txt"


def test_a_content_of_many_versions_is_read_once(publish, upgrade, asked):
    for _ in range(3):
        publish()
    rescan()
    asked.clear()
    upgrade("plain_files")
    run = rescan()
    assert run.result["versions"] == 3
    assert len(asked) == len(set(asked)) == sum(1 for slug, _ in asked if slug == "plain_files")


@needs_clamd
def test_a_new_signature_takes_a_published_version_out_of_service(publish, settings):
    with running_clamd() as (address, _):
        settings.CLAMD_SOCKET = address.socket
        publish_signatures(address, 27501, b"something else")
        version, twin = publish(tier="lite"), publish({"old.txt": NOTES})
        reader, asker, stranger = UserFactory(tier="lite"), UserFactory(), UserFactory()
        downloaded(version, reader)
        version.model.requests.create(user=asker, tier="lite")
        assert rescan() is None
        publish_signatures(address, 27502, NOTES)
        run = rescan()
        assert rescan() is None
    assert run.state == RunState.DONE
    for one, path in ((version, "notes.txt"), (twin, "old.txt")):
        after = fresh(one)
        assert (after.admission, after.scan_verdict) == ("held", "unsafe")
        assert (after.model.admission, after.model.scan_verdict) == ("held", "unsafe")
        reason = after.gates.get(gate="malware").reason
        assert "Yard.Test.Daily0" in reason
        assert path in reason
    told = AuditEvent.objects.get(action="version.rescan")
    assert told.details["before"] == {"admission": "admitted", "verdict": "clean"}
    assert told.details["after"] == {"admission": "held", "verdict": "unsafe"}
    assert AuditEvent.objects.get(action="version.finding").subject == str(twin)
    assert Notice.objects.count() == 2
    heard = Receipt.objects.filter(notice__version=version).values_list("user", flat=True)
    assert set(heard) == {reader.pk, asker.pk}
    assert stranger.pk not in heard
    assert "Yard.Test.Daily0" in Notice.objects.get(version=version).reason
    _refused_everywhere(version, reader)


def _refused_everywhere(version, person):
    """Who downloaded it is told why, by page, REST and the Hub protocol."""
    key = ApiKeyFactory(user=person)
    bearer = {"Authorization": f"Bearer {key.token}"}
    path = f"/hf/{version.model.repo_id}/resolve/{version.commit}/notes.txt"
    answer = Client().get(path, headers=bearer)
    assert answer.status_code == 403
    assert "Yard.Test.Daily0" in answer.headers["X-Error-Message"]
    answer = Client().get(f"/api/v1/models/{version.model.slug}", headers=bearer)
    assert answer.status_code == 403
    assert "Yard.Test.Daily0" in answer.json()["detail"]
    browser = Client()
    browser.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    page = browser.get(f"/models/{version.model.slug}/").content.decode()
    assert "Yard.Test.Daily0" in page


def test_an_import_that_waits_to_be_scanned_goes_first(publish, upgrade, monkeypatch):
    publish()
    rescan()
    upgrade("plain_files")
    run = turn(published.notice_engines())
    step = pipelines.Step("only", "Only", "scanning", lambda context: None)
    monkeypatch.setitem(pipelines._pipelines, "test", pipelines.Pipeline("test", "Test", (step,)))
    waiting, _ = jobs.start_run(kind="test", key="an import")
    turn(run)
    assert (run.state, run.waiting_for) == ("running", "rescan_waits")
    assert Rescan.objects.get().tries == 0
    turn(waiting)
    assert drive(run).result["versions"] == 1


@needs_clamd
def test_signatures_may_be_left_for_a_while_and_rules_never(publish, upgrade, settings):
    settings.RESCAN_SIGNATURES_AFTER = timedelta(hours=6)
    with running_clamd() as (address, _):
        settings.CLAMD_SOCKET = address.socket
        publish_signatures(address, 1, b"one")
        publish()
        publish_signatures(address, 2, b"two")
        assert rescan() is None
        VersionScan.objects.update(at=timezone.now() - timedelta(hours=7))
        assert rescan().result["versions"] == 1
        upgrade("plain_files")
        assert rescan().result["versions"] == 1


def test_the_job_is_shown_to_staff_and_names_no_model(publish, upgrade):
    version = publish({"secret-name.txt": b"words\n"}, repo_id="acme/hidden-quokka")
    rescan()
    upgrade("plain_files")
    run = rescan()
    curator = UserFactory(tier="lite")
    curator.groups.add(Group.objects.get(name="curator"))
    browser = Client()
    browser.force_login(curator, backend="django.contrib.auth.backends.ModelBackend")
    for path in ("/jobs/", f"/jobs/{run.pk}/"):
        shown = browser.get(path).content.decode()
        assert "Scan again what is published" in shown
        assert "quokka" not in shown
        assert "secret-name" not in shown
    told = {run.key, run.error, *run.steps.values_list("message", flat=True)}
    assert not any(version.model.repo_id in words for words in told)


def test_reports_of_engines_before_the_last_ones_go(publish, upgrade):
    publish()
    for version in ("97", "98", "99"):
        rescan()
        upgrade("plain_files", version)
    rescan()
    kept = Scan.objects.filter(scanner="plain_files").values_list("engine", flat=True)
    assert set(kept) == {"98", "99"}


def test_zero_never_scans_again(publish, upgrade, settings):
    publish()
    settings.RESCAN_INTERVAL = 0
    upgrade("plain_files")
    assert rescan() is None


def test_what_is_asked_of_the_database_does_not_grow_with_the_yard(make_yard):
    published.notice_engines()
    asked = []
    for count in (1, 40):
        Rescan.objects.all().delete()
        VersionFactory.create_batch(count)
        with CaptureQueriesContext(connection) as queries:
            run = turn(published.notice_engines())
        asked.append(len(queries))
        Run.objects.filter(pk=run.pk).delete()
    assert Rescan.objects.count() == 41
    assert asked[0] == asked[1] <= 40
