"""What is changed in the admin: audited, within one's tier, and nothing that others rest on."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group

from registry.enums import Role
from registry.models import AuditEvent, Model, Tag, User
from registry.selectors.keys import usable_key
from tests.factories.registry import ApiKeyFactory, VersionFactory
from tests.registry.admin_rows import curator, rows, superuser

__all__ = ["curator", "rows", "superuser"]
pytestmark = pytest.mark.django_db


def form_of(model, **values):
    return {
        "tier": model.tier,
        "description": model.description,
        "parameters": "{}",
        "initial-parameters": "{}",
        "tags": [],
        "capabilities": [],
        **values,
    }


def change(client, model, **values):
    return client.post(f"/admin/registry/model/{model.pk}/change/", form_of(model, **values))


def test_a_change_of_tier_is_audited_and_stays(curator, rows):
    client, model = curator(), Model.objects.get(repo_id="acme/of-professional")
    Model.objects.update(tier_by_curator=False)
    assert change(client, model, tier="lite").status_code == 302
    model.refresh_from_db()
    assert (model.tier, model.tier_by_curator) == ("lite", True)
    event = AuditEvent.objects.get(action="model.tier")
    assert event.actor == client.user.username
    assert event.details == {"before": "professional", "after": "lite"}
    assert event.reason == "Changed in the admin."


def test_a_description_written_here_outlives_the_next_version(curator, rows):
    client, model = curator(), Model.objects.get(repo_id="acme/of-lite")
    assert change(client, model, description="Ours.").status_code == 302
    model.refresh_from_db()
    VersionFactory(model=model, facts={"description": "Theirs."})
    model.refresh_from_db()
    assert (model.description, model.description_by_curator) == ("Ours.", True)
    assert AuditEvent.objects.filter(action="model.change").count() == 1


def test_tags_change_and_the_rest_stays_as_it_is(curator, rows):
    client, model = curator(), Model.objects.get(repo_id="acme/of-lite")
    before = Model.objects.values().get(pk=model.pk)
    tag = Tag.objects.get()
    before["hub_tags"] = [tag.name, *before["hub_tags"]]
    values = {"tags": [tag.pk], "admission": "withdrawn", "slug": "x", "scan_verdict": "unsafe"}
    assert change(client, model, **values).status_code == 302
    assert list(model.tags.all()) == [tag]
    assert Model.objects.values().get(pk=model.pk) == before
    assert not AuditEvent.objects.filter(action__startswith="model.change").exists()


def test_a_curator_gives_no_tier_above_their_own(curator, rows):
    client, model = curator("lite"), Model.objects.get(repo_id="acme/of-lite")
    answer = change(client, model, tier="professional")
    assert answer.status_code == 403
    assert "tier_not_permitted" in answer.content.decode()
    assert Model.objects.get(pk=model.pk).tier == "lite"


def test_a_staff_account_that_is_no_curator_changes_no_model(signed_in, rows):
    client = signed_in("professional", ("operator",), is_staff=True)
    client.user.user_permissions.set(Group.objects.get(name="admin").permissions.all())
    model = Model.objects.get(repo_id="acme/of-lite")
    assert client.get(f"/admin/registry/model/{model.pk}/change/").status_code == 200
    assert change(client, model, tier="standard").status_code == 403
    assert Model.objects.get(pk=model.pk).tier == "lite"


def test_keys_are_revoked_by_hand_and_recorded(superuser):
    key = ApiKeyFactory()
    superuser.post("/admin/registry/apikey/", {"action": "revoke", "_selected_action": [key.pk]})
    assert usable_key(key.token) is None
    assert AuditEvent.objects.get(action="key.revoke").actor == superuser.user.username


def test_the_page_of_a_key_does_not_hold_its_digest(superuser):
    key = ApiKeyFactory()
    html = superuser.get(f"/admin/registry/apikey/{key.pk}/change/").content.decode()
    assert key.digest not in html


PERSON = {
    "username": "grace",
    "password1": "correct horse battery",
    "password2": "correct horse battery",
    "usable_password": "true",
    "tier": "standard",
}


def test_a_new_person_and_their_change_are_recorded_without_a_password(superuser):
    assert superuser.post("/admin/registry/user/add/", PERSON).status_code == 302
    grace = User.objects.get(username="grace")
    assert grace.tier == "standard"
    form = {
        "username": "grace",
        "tier": "professional",
        "is_active": "on",
        "groups": [Group.objects.get(name="curator").pk],
        "date_joined_0": "2026-01-01",
        "date_joined_1": "00:00:00",
    }
    answer = superuser.post(f"/admin/registry/user/{grace.pk}/change/", form)
    assert answer.status_code == 302
    made, changed = AuditEvent.objects.filter(action__startswith="person.").order_by("id")
    assert (made.action, made.subject) == ("person.create", "grace")
    assert (changed.action, changed.actor) == ("person.change", superuser.user.username)
    assert changed.details["tier"] == "professional"
    assert changed.details["roles"] == ["curator"]
    assert {"tier", "groups"} <= set(changed.details["fields"])
    assert "correct horse battery" not in str(list(AuditEvent.objects.values()))


def test_an_admin_who_is_no_superuser_does_not_become_one(signed_in, person):
    client = signed_in("professional", ("admin",), is_staff=True)
    boss = person(is_superuser=True, is_staff=True)
    for target in (boss, client.user):
        form = {
            "username": target.username,
            "tier": "professional",
            "is_superuser": "on",
            "is_active": "on",
            "is_staff": "on",
            "date_joined_0": "2026-01-01",
            "date_joined_1": "00:00:00",
        }
        client.post(f"/admin/registry/user/{target.pk}/change/", form)
    new = {"password1": "taken over 1", "password2": "taken over 1", "usable_password": "true"}
    answer = client.post(f"/admin/registry/user/{boss.pk}/password/", new)
    assert answer.status_code == 403
    client.user.refresh_from_db()
    boss.refresh_from_db()
    assert not client.user.is_superuser
    assert not boss.check_password("taken over 1")


@pytest.mark.parametrize("role", Role.values)
def test_a_role_keeps_the_name_that_the_code_knows(superuser, role):
    group = Group.objects.get(name=role)
    superuser.post(f"/admin/auth/group/{group.pk}/change/", {"name": "renamed"})
    assert Group.objects.filter(name=role).exists()
