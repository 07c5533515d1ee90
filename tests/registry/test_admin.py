"""The admin: open to those it is for, gated by tier, with nothing in it that breaks a record."""

from __future__ import annotations

import re
from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.utils import timezone

from registry import audit
from registry.callers import Caller
from registry.enums import Gate, GateOutcome, Role, Tier
from registry.models import AuditEvent, Capability, Content, Model, Tag, User, Waiver
from registry.selectors.keys import usable_key
from registry.services.curation import request_access
from registry.services.gates import record_gate
from tests.factories.registry import ApiKeyFactory, ModelFactory, UserFactory, VersionFactory

pytestmark = pytest.mark.django_db
import_module("config.urls")  # the admin is discovered there, not at start-up
PAGES = sorted(model._meta.label_lower for model in admin.site._registry)
OURS = [label for label in PAGES if label.startswith("registry.")]
LOOK_ONLY = [
    "django_celery_beat.periodictask",
    "registry.accessrequest",
    "registry.apikey",
    "registry.auditevent",
    "registry.content",
    "registry.gateresult",
    "registry.modelfile",
    "registry.modelversion",
    "registry.policy",
    "registry.waiver",
]


def path_of(label):
    return f"/admin/{label.replace('.', '/')}/"


@pytest.fixture
def superuser(signed_in):
    return signed_in("professional", ("admin", "curator"), is_superuser=True, is_staff=True)


@pytest.fixture
def curator(signed_in):
    return lambda tier="professional": signed_in(tier, ("curator",), is_staff=True)


@pytest.fixture
def rows(person):
    """One row of every kind, for a model of each tier."""
    for tier in Tier:
        model = ModelFactory(repo_id=f"acme/of-{tier}", tier=tier)
        version = VersionFactory(model=model, files={f"{tier}.json": tier.encode()})
        record_gate(version=version, gate=Gate.LICENSE, outcome=GateOutcome.PASSED)
        asker = UserFactory(tier=tier)
        asker.groups.set(Group.objects.filter(name="viewer"))
        caller = Caller(
            user_id=asker.pk, name=asker.username, tier=tier, scopes=frozenset({"request"})
        )
        request_access(caller=caller, model=model)
        Waiver.objects.create(
            version=version,
            gate=Gate.LICENSE,
            tier=tier,
            reason="fine",
            granted_by=asker,
            expires_at=timezone.now() + timedelta(days=1),
        )
        ApiKeyFactory(user=asker)
    Tag.objects.create(name="a-tag")
    Capability.objects.create(name="chat", type="text")


def first_row(label):
    model = next(m for m in admin.site._registry if m._meta.label_lower == label)
    return model._default_manager.first()


def test_every_table_of_the_registry_can_be_looked_at():
    tables = [model._meta.label_lower for model in apps.get_app_config("registry").get_models()]
    assert sorted(tables) == OURS


@pytest.mark.parametrize("label", PAGES)
def test_each_list_and_each_row_opens(superuser, rows, label):
    path = path_of(label)
    assert superuser.get(path).status_code == 200
    assert superuser.get(path, {"q": "acme"}).status_code == 200
    row = first_row(label)
    assert row is not None or not label.startswith("registry.")
    if row is not None:
        assert superuser.get(f"{path}{row.pk}/change/").status_code == 200
        assert superuser.get(f"{path}{row.pk}/history/").status_code == 200


@pytest.mark.parametrize("label", PAGES)
def test_no_form_needs_what_the_content_policy_forbids(superuser, rows, label):
    row, path = first_row(label), path_of(label)
    html = superuser.get(path).content.decode() + superuser.get(f"{path}add/").content.decode()
    if row is not None:
        html += superuser.get(f"{path}{row.pk}/change/").content.decode()
    assert re.findall(r"<script(?![^>]*\ssrc=)(?![^>]*application/json)[^>]*>", html) == []
    assert re.findall(r"<[^>]+\s(?:style|on\w+)\s*=[^>]*>|<style", html) == []


@pytest.mark.parametrize("label", LOOK_ONLY)
def test_what_others_rest_on_is_only_to_look_at(superuser, rows, label):
    path, row = path_of(label), first_row(label)
    assert superuser.get(f"{path}add/").status_code == 403
    assert superuser.post(f"{path}add/", {}).status_code == 403
    if row is None:
        assert label == "django_celery_beat.periodictask"
        return
    before = type(row).objects.filter(pk=row.pk).values().get()
    assert superuser.post(f"{path}{row.pk}/change/", {}).status_code == 403
    assert superuser.post(f"{path}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    superuser.post(path, {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"})
    assert type(row).objects.filter(pk=row.pk).values().get() == before


@pytest.mark.parametrize("label", ["registry.model", "registry.user", "auth.group"])
def test_what_may_be_changed_is_never_deleted(superuser, rows, label):
    row = first_row(label)
    answer = superuser.post(f"{path_of(label)}{row.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 403
    assert type(row).objects.filter(pk=row.pk).exists()


def test_models_come_from_intake_alone(superuser):
    assert superuser.get("/admin/registry/model/add/").status_code == 403


@pytest.mark.parametrize("tier", Tier)
@pytest.mark.parametrize("label", OURS)
def test_a_curator_sees_the_rows_of_their_tier_alone(curator, rows, label, tier):
    client = curator(tier)
    answer = client.get(path_of(label))
    allowed = label not in ("registry.user", "registry.apikey")
    if label == "registry.auditevent":
        allowed = tier == Tier.PROFESSIONAL
    assert answer.status_code == (200 if allowed else 403)
    text = answer.content.decode()
    hidden = [other for other in Tier if other not in Tier.up_to(tier)]
    assert [other for other in hidden if f"of-{other}" in text] == []
    if label == "registry.model":
        assert [other for other in Tier.up_to(tier) if f"of-{other}" not in text] == []


def test_a_curator_does_not_open_what_is_above_them_by_its_number(curator, rows):
    client = curator("lite")
    for model in Model.objects.filter(tier="professional"):
        for path in ("change", "history", "delete"):
            answer = client.get(f"/admin/registry/model/{model.pk}/{path}/")
            assert model.repo_id not in answer.content.decode()
            assert answer.status_code in (302, 403)
    hidden = Content.objects.filter(files__version__model__tier="professional").get()
    assert client.get(f"/admin/registry/content/{hidden.pk}/change/").status_code == 302
    client.get("/admin/")  # says that there is no such row, by the number that was asked for
    assert hidden.pk not in client.get("/admin/registry/content/").content.decode()


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


# -- the door -------------------------------------------------------------------------------------


def test_there_is_one_way_to_sign_in(client, db):
    answer = client.get("/admin/")
    assert answer["Location"] == "/admin/login/?next=/admin/"
    answer = client.get(answer["Location"])
    assert answer["Location"] == "/sign-in/?next=/admin/"
    assert client.get("/admin/login/")["Location"] == "/sign-in/?next=/admin/"
    assert client.post("/admin/login/", {"username": "a", "password": "b"}).status_code == 302


def test_who_is_signed_in_and_no_staff_is_told_so_and_not_sent_in_circles(signed_in):
    client = signed_in("professional", ("curator",))
    answer = client.get("/admin/registry/model/", follow=True)
    assert answer.status_code == 403
    assert "staff accounts" in answer.content.decode()


@pytest.mark.parametrize("label", PAGES)
def test_a_person_without_a_staff_account_sees_no_list(signed_in, rows, label):
    client = signed_in("professional", ("admin", "curator", "operator"))
    assert client.get(path_of(label)).status_code == 302


def test_the_admin_is_under_the_strict_policy_like_every_page(superuser):
    answer = superuser.get("/admin/")
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert "Modelyard admin" in answer.content.decode()


def test_the_trail_is_whole_after_all_of_this(superuser, rows):
    assert AuditEvent.objects.exists()
    assert list(audit.broken_links()) == []
