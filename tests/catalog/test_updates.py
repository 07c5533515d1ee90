"""Looks at the source for news: what is told, what is brought, how often, and by whom."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.utils import timezone

from catalog.models import Intake, ModelEvent, SourcePause, Watch
from catalog.services import updates
from catalog.services.watches import check_soon, mark_seen, set_rule
from core.errors import ConflictError, InvalidInputError, NotPermittedError
from core.models import Run
from registry.models import AuditEvent, Model, ModelVersion
from registry.services.mains import admit_waiting
from tests.factories.registry import ModelFactory
from tests.standins.repos import GATED, PRIVATE, RENAMED_TO, TOKEN

pytestmark = pytest.mark.django_db
REPO = RENAMED_TO
CARD = "---\nlicense: apache-2.0\npipeline_tag: text-generation\n---\n\n{}\n"


@pytest.fixture
def watched(yard):
    """A yard with one admitted model that is due to be looked at."""
    version = yard.admit(REPO)
    due(version.model)
    yard.upstream.reset()
    return yard


def due(model):
    """Let the time until the next look be over, and the minute of the last one."""
    past = timezone.now() - timedelta(hours=1)
    Watch.objects.filter(model=model).update(next_check_at=past, last_tried_at=None)
    SourcePause.objects.all().delete()


def look(model=None):
    model = model or Model.objects.get(repo_id=REPO)
    due(model)
    assert updates.check_due() == 1
    return Watch.objects.get(model=model)


def told(model=None):
    model = model or Model.objects.get(repo_id=REPO)
    return list(model.events.order_by("id").values_list("kind", flat=True))


def rule(value):
    Watch.objects.update(rule=value)


def push(yard, text="More.", **words):
    return yard.upstream.push(REPO, {"README.md": CARD.format(text)}, **words)


def brought(yard):
    """Do the work that the last look started; None where it started none."""
    run = Run.objects.filter(state__in=["queued", "running"]).first()
    return yard.version(yard.drive(run)) if run else None


def head(repo=REPO):
    model = Model.objects.get(repo_id=repo)
    return model.head_number, model.admission


def test_a_model_is_looked_after_from_its_first_decision_on(yard):
    version = yard.admit(REPO)
    watch = Watch.objects.get()
    assert (watch.model, watch.rule, watch.last_commit) == (version.model, "notify", version.commit)
    assert (watch.reach, watch.gated, watch.license) == ("open", "", "apache-2.0")
    assert timezone.now() < watch.next_check_at <= timezone.now() + timedelta(days=1)
    assert updates.check_due() == 0


def test_a_look_without_news_is_one_empty_answer_and_is_written_down(watched):
    first = look()
    assert (first.last_result, first.failures, first.last_error) == ("unchanged", 0, "")
    assert first.next_check_at > timezone.now() + timedelta(hours=23)
    watched.upstream.reset()
    second = look()
    assert second.last_checked_at > first.last_checked_at
    assert [(e["status"], e["sent"]) for e in watched.upstream.log()] == [(304, 0)]
    assert told() == []
    assert second.claim is second.lease_until is None


def test_under_notify_a_new_commit_is_told_once_and_not_brought(watched):
    commit = push(watched)
    for _ in range(3):
        look()
    assert told() == ["new_version"]
    assert ModelEvent.objects.get().commit == commit
    assert Intake.objects.count() == ModelVersion.objects.count() == 1
    assert brought(watched) is None


def test_what_a_person_brought_is_no_news(watched):
    push(watched)
    look()
    version = watched.admit(REPO)
    event = ModelEvent.objects.get()
    assert (event.commit, event.seen_by) == (version.commit, "yard")
    push(watched, "Again.")
    watched.admit(REPO)
    look()
    assert told() == ["new_version"]


def test_under_import_a_new_version_waits_for_a_curator_and_the_head_stays(watched):
    rule("import")
    push(watched)
    assert look().last_result == "importing"
    version = brought(watched)
    assert (version.number, version.admission, version.needs_curator) == (2, "held", True)
    assert head() == (1, "admitted")
    assert watched.hub_status(REPO, "README.md") == 200
    admit_waiting(caller=watched.person(role="curator"), version=version, reason="looks good")
    assert head() == (2, "admitted")
    event = AuditEvent.objects.filter(action="intake.request").latest("id")
    assert (event.actor, event.details) == ("updates", {"rule": "import", "needs_curator": True})


def test_under_import_and_admit_policy_decides_and_the_head_follows(watched):
    rule("import_and_admit")
    push(watched)
    look()
    assert brought(watched).admission == "admitted"
    assert head() == (2, "admitted")
    assert look().last_result == "unchanged"
    assert Intake.objects.count() == 2


def test_a_new_version_that_no_policy_admits_is_not_admitted_by_any_rule(watched):
    rule("import_and_admit")
    watched.upstream.push(REPO, {"evil.pkl": b"\x80\x02cos\nsystem\n(X\x04\x00\x00\x00truetR."})
    look()
    assert brought(watched).admission == "held"
    assert head() == (1, "admitted")


def test_a_force_push_is_told_and_waits_for_a_curator_under_every_rule(watched):
    rule("import_and_admit")
    push(watched, onto=None)
    look()
    assert told() == ["history_rewritten", "new_version"]
    assert brought(watched).needs_curator
    assert head() == (1, "admitted")
    later = push(watched, "On top of it.")
    look()
    version = brought(watched)
    assert (version.commit, version.needs_curator) == (later, True)
    assert told() == ["history_rewritten", "new_version", "new_version"]


def test_a_commit_that_is_gone_is_told_once_and_stays_servable_here(watched):
    old = watched.upstream.commit(REPO)
    push(watched, onto=None)
    watched.upstream.forget(REPO, old)
    look()
    look()
    assert told() == ["history_rewritten", "new_version", "commit_vanished"]
    assert watched.hub_status(REPO, "config.json") == 200


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"private": True}, "repository_vanished"),
        ({"disabled": True}, "repository_closed"),
        ({"gated": "manual"}, "gating_changed"),
    ],
)
def test_what_happens_to_a_repository_is_told_once_and_brings_nothing(watched, change, kind):
    rule("import_and_admit")
    watched.upstream.change(REPO, **change)
    for _ in range(3):
        look()
    assert told() == [kind]
    assert Intake.objects.count() == 1
    assert head() == (1, "admitted")
    assert watched.hub_status(REPO, "config.json") == 200


def test_a_renamed_repository_is_told_once_and_brought_by_a_person_alone(watched):
    rule("import_and_admit")
    watched.upstream.rename(REPO, "acme/newest-name")
    watched.upstream.push("acme/newest-name", {"README.md": CARD.format("Renamed.")})
    for _ in range(2):
        assert look().last_result == "not_imported"
    assert told() == ["renamed", "new_version"]
    assert (Watch.objects.get().repo_id, Intake.objects.count()) == ("acme/newest-name", 1)


def test_a_deleted_repository_is_told_and_so_is_its_return(watched):
    watched.upstream.change(REPO, private=True)
    look()
    watched.upstream.change(REPO, private=False)
    assert look().reach == "open"
    assert told() == ["repository_vanished", "repository_back"]


def test_a_license_that_changes_is_told_and_the_new_version_decided_by_it(watched):
    rule("import_and_admit")
    text = CARD.format("x").replace("apache-2.0", "cc-by-nc-4.0")
    watched.upstream.push(REPO, {"README.md": text})
    look()
    assert told() == ["license_changed", "new_version"]
    assert ModelEvent.objects.get(kind="license_changed").details == {
        "before": "apache-2.0",
        "after": "cc-by-nc-4.0",
    }
    version = brought(watched)
    assert version.license_class == "non-commercial"


def test_without_automatic_downloads_looks_go_on_and_imports_come_later(watched, settings):
    settings.SKIP_MODEL_DOWNLOADS = True
    rule("import")
    push(watched)
    assert look().last_result == "not_imported"
    assert look().last_result == "not_imported"
    assert (told(), Intake.objects.count()) == (["new_version"], 1)
    settings.SKIP_MODEL_DOWNLOADS = False
    assert look().last_result == "importing"
    assert brought(watched).number == 2


def test_a_private_model_brought_with_a_persons_token_does_not_seem_to_vanish(yard):
    yard.bring(PRIVATE, token=TOKEN)
    model = Model.objects.get(repo_id=PRIVATE)
    assert look(model).reach == "hidden"
    assert told(model) == []


def test_a_gated_model_is_looked_at_without_its_files(yard):
    yard.bring(GATED, token=TOKEN)
    model = Model.objects.get(repo_id=GATED)
    assert (look(model).gated, told(model)) == ("manual", [])


def test_a_source_that_is_down_is_no_event_and_tried_again_later_and_later(watched):
    watched.upstream.config(inject=[{"match": "/api/models/", "status": 503}])
    first = look()
    assert (first.last_result, first.failures) == ("upstream_unavailable", 1)
    assert first.next_check_at < timezone.now() + timedelta(minutes=16)
    second = look()
    assert second.failures == 2
    assert second.next_check_at > timezone.now() + timedelta(minutes=29)
    assert (told(), second.last_checked_at) == ([], None)
    assert len(watched.upstream.log()) == 2  # one try each
    watched.upstream.config(inject=[])
    assert (look().failures, told()) == (0, [])


def test_a_source_that_limits_requests_is_left_alone_as_long_as_it_asked(watched):
    other = ModelFactory(repo_id="acme/moving")
    Watch.objects.create(model=other, next_check_at=timezone.now())
    watched.upstream.reset()
    limited = {"after": 0, "window": 300, "reset": 240, "style": "retry-after"}
    watched.upstream.config(rate_limit=limited)
    model = Model.objects.get(repo_id=REPO)
    due(model)
    due(other)
    assert updates.check_due() == 1
    assert len(watched.upstream.log()) == 1
    pause = SourcePause.objects.get()
    assert timedelta(seconds=200) < pause.until - timezone.now() <= timedelta(seconds=240)
    assert updates.check_due() == 0
    assert Watch.objects.exclude(last_result="").get().last_result == "upstream_rate_limited"
    assert Watch.objects.filter(failures__gt=0).count() == 0


def test_a_minute_has_its_share_of_looks_and_a_tick_a_part_of_it(watched, settings):
    now = timezone.now()
    for number in range(9):
        Watch.objects.create(model=ModelFactory(repo_id=f"acme/n{number}"), next_check_at=now)
    Watch.objects.update(next_check_at=now - timedelta(hours=1))
    settings.UPDATE_CHECKS_PER_MINUTE = 12
    assert updates.check_due() == 2
    assert updates.check_due() == 0
    counts = []
    for _ in range(6):  # ten seconds go by, each time
        for watch in Watch.objects.exclude(last_tried_at=None):
            watch.last_tried_at -= timedelta(seconds=10)
            watch.save(update_fields=["last_tried_at"])
        counts.append(updates.check_due())
    assert counts == [2, 2, 2, 2, 0, 0]
    settings.UPDATE_CHECKS_PER_MINUTE = 1
    Watch.objects.update(next_check_at=now - timedelta(hours=1), last_tried_at=None)
    assert updates.check_due() == 1
    Watch.objects.exclude(last_tried_at=None).update(last_tried_at=now - timedelta(seconds=30))
    assert updates.check_due() == 0


def test_a_worker_that_died_is_succeeded_and_one_that_is_late_writes_nothing(watched):
    late = updates.claim_due()
    assert late is not None
    assert updates.claim_due() is None
    Watch.objects.update(lease_until=timezone.now() - timedelta(seconds=1), last_tried_at=None)
    push(watched)
    assert updates.check_due() == 1
    after = Watch.objects.values().get()
    updates.check(late)
    assert Watch.objects.values().get() == after
    assert told() == ["new_version"]


def test_a_worker_that_dies_between_look_and_writing_leaves_nothing_half_done(watched, monkeypatch):
    rule("import")
    push(watched)

    def die(*_, **__):
        raise KeyboardInterrupt

    due(Model.objects.get(repo_id=REPO))
    with monkeypatch.context() as patch:
        patch.setattr(updates, "begin", die)
        with pytest.raises(KeyboardInterrupt):
            updates.check_due()
    assert (told(), Intake.objects.count()) == ([], 1)
    assert Watch.objects.get().last_commit != watched.upstream.commit(REPO)
    Watch.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    look()
    assert (told(), brought(watched).number) == (["new_version"], 2)


def test_a_model_whose_rule_is_off_is_not_looked_at(watched):
    rule("off")
    assert updates.check_due() == 0
    assert watched.upstream.log() == []


def test_rules_are_set_by_curators_and_operators_and_recorded(watched):
    model = Model.objects.get(repo_id=REPO)
    for role in ("curator", "operator"):
        set_rule(caller=watched.person(role=role), model=model, rule="import", reason="wanted")
    events = AuditEvent.objects.filter(action="model.update_rule").order_by("id")
    assert events[0].details == {"before": "notify", "after": "import"}
    assert events[0].reason == "wanted"
    operator = watched.person(role="operator")
    with pytest.raises(InvalidInputError, match="no rule 'x'"):
        set_rule(caller=operator, model=model, rule="x")
    with pytest.raises(NotPermittedError):
        set_rule(caller=watched.person(), model=model, rule="off")
    with pytest.raises(ConflictError, match="not looked after"):
        set_rule(caller=operator, model=ModelFactory(), rule="off")


def test_a_model_can_be_looked_at_soon(watched):
    look()
    model = Model.objects.get(repo_id=REPO)
    Watch.objects.update(last_tried_at=None)
    assert updates.check_due() == 0
    check_soon(caller=watched.person(role="operator"), model=model)
    assert updates.check_due() == 1
    with pytest.raises(NotPermittedError):
        check_soon(caller=watched.person(), model=model)


def test_an_event_is_read_once_for_all(watched):
    push(watched)
    look()
    event = ModelEvent.objects.get()
    first, second = watched.person(role="curator"), watched.person(role="operator")
    assert mark_seen(caller=first, event=event).seen_by == first.name
    assert mark_seen(caller=second, event=event).seen_by == first.name
    with pytest.raises(NotPermittedError):
        mark_seen(caller=watched.person(), event=event)


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_look_at_one_model_at_once(settings):
    settings.UPDATE_CHECKS_PER_MINUTE = 600
    past = timezone.now() - timedelta(hours=1)
    for number in range(3):
        Watch.objects.create(model=ModelFactory(repo_id=f"acme/c{number}"), next_check_at=past)
    claimed, start = [], Barrier(6)

    def work():
        try:
            start.wait()
            claimed.append(updates.claim_due())
        finally:
            connection.close()

    threads = [Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    names = [watch.model_id for watch in claimed if watch]
    assert len(names) == len(set(names)) == 3


def test_models_that_were_here_before_are_looked_after_too(yard):
    version = yard.admit(REPO)
    Watch.objects.all().delete()
    ModelFactory(repo_id="acme/listed")
    migration = import_module("catalog.migrations.0012_watch_what_is_here")
    with connection.cursor() as cursor:
        cursor.execute(migration.WATCH)
    watch = Watch.objects.get()
    assert (watch.model, watch.last_commit, watch.rule) == (version.model, version.commit, "notify")
    assert (watch.gated, watch.license, watch.claim) == (None, None, None)
    assert look().last_result == "unchanged"
    assert (told(), Watch.objects.get().license) == ([], "apache-2.0")
