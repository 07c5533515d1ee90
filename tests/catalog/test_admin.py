"""Updates in the admin: staff see what their tier sees, and change what their role changes."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.contrib.auth.models import Group, Permission

from catalog.models import ModelEvent, Watch
from registry.models import AuditEvent, Model
from tests.catalog.test_api_watching import happened, waiting, watched
from tests.factories.registry import UserFactory, VersionFactory

__all__ = ["waiting", "watched"]
import_module("config.urls")  # the admin is discovered there, not at start-up
VERSIONS = "/admin/registry/modelversion/"


@pytest.fixture
def staff(client, db):
    def make(*roles, tier="professional"):
        user = UserFactory(tier=tier, is_staff=True)
        user.groups.set([Group.objects.get(name=role) for role in roles])
        if "curator" not in roles:
            user.user_permissions.add(Permission.objects.get(codename="view_modelversion"))
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return make


def act(client, action, version, reason=""):
    words = {"action": action, "_selected_action": version.pk, "reason": reason}
    return client.post(VERSIONS, words, follow=True).content.decode()


def test_the_rule_is_set_by_the_service_and_nothing_else_can_be(staff, watched):
    client, watch = staff("curator"), Watch.objects.get()
    path = f"/admin/catalog/watch/{watch.pk}/change/"
    assert client.post(path, {"rule": "import", "last_commit": "x"}).status_code == 302
    watch.refresh_from_db()
    assert (watch.rule, watch.last_commit) == ("import", "a" * 40)
    assert AuditEvent.objects.get(action="model.update_rule").reason == "Changed in the admin."
    assert staff("viewer").post(path, {"rule": "off"}).status_code == 403


def test_staff_see_watches_and_events_of_their_tier_alone(staff, watched):
    happened(watched)
    Model.objects.update(tier="professional")
    for page in ("watch", "modelevent"):
        assert watched.repo_id in staff("curator").get(f"/admin/catalog/{page}/").content.decode()
        hidden = staff("curator", tier="lite").get(f"/admin/catalog/{page}/").content.decode()
        assert watched.repo_id not in hidden


def test_events_are_noted(staff, watched):
    happened(watched)
    event = ModelEvent.objects.get()
    words = {"action": "note", "_selected_action": event.pk}
    staff("operator").post("/admin/catalog/modelevent/", words)
    event.refresh_from_db()
    assert event.seen_at is not None


def test_main_is_rolled_back_and_released_with_a_reason(staff, watched):
    VersionFactory(model=watched, files={"x": b"2"})
    first = watched.versions.get(number=1)
    client = staff("curator")
    assert "Say why" in act(client, "roll_back", first)
    assert Model.objects.get().head_number == 2
    act(client, "roll_back", first, "v2 is broken")
    model = Model.objects.get()
    assert (model.head_number, model.kept_reason) == (1, "v2 is broken")
    act(client, "release", first, "fixed")
    assert Model.objects.get().head_number == 2


def test_a_waiting_version_is_admitted_by_a_curator_alone(staff, waiting):
    act(staff("operator"), "admit", waiting, "please")
    waiting.refresh_from_db()
    assert waiting.admission == "held"
    act(staff("curator"), "admit", waiting, "read it")
    waiting.refresh_from_db()
    assert waiting.admission == "admitted"
