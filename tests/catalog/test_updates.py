"""Looks at the source for news: what is told, what is brought and who decides."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.models import Intake, ModelEvent, Watch
from catalog.services import updates
from registry.models import AuditEvent, Model, ModelAlias, ModelVersion
from registry.services.mains import admit_waiting
from tests.catalog.looks import CARD, REPO, brought, head, look, push, rule, told, watched
from tests.standins.repos import GATED, PRIVATE, TOKEN

__all__ = ["watched"]
pytestmark = pytest.mark.django_db


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
    alias = ModelAlias.objects.get()
    assert (alias.repo_id, alias.model.repo_id) == ("acme/newest-name", REPO)


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
