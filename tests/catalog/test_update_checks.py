"""How often the source is looked at, by which worker, and who may change that."""

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
from registry.models import AuditEvent, Model
from tests.catalog.looks import REPO, brought, due, look, push, rule, told, watched
from tests.factories.registry import ModelFactory

__all__ = ["watched"]
pytestmark = pytest.mark.django_db


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
