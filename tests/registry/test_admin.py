"""The admin: open to those it is for, gated by tier, with nothing in it that breaks a record."""

from __future__ import annotations

import re

import pytest
from django.apps import apps

from registry import audit
from registry.enums import Tier
from registry.models import AuditEvent, Content, Model
from tests.registry.admin_rows import OURS, PAGES, curator, first_row, path_of, rows, superuser

__all__ = ["curator", "rows", "superuser"]
pytestmark = pytest.mark.django_db
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
    "registry.served",
    "registry.usageday",
    "registry.versionname",
    "registry.waiver",
]
OF_EVERY_TIER = [
    "registry.auditevent",
    "registry.demand",
    "registry.demandasker",
    "registry.served",
]


def test_every_table_of_the_registry_can_be_looked_at():
    tables = [model._meta.label_lower for model in apps.get_app_config("registry").get_models()]
    assert sorted(tables) == OURS


def test_each_list_and_each_row_opens_and_needs_nothing_that_the_content_policy_forbids(
    superuser, rows
):
    for label in PAGES:
        path, row = path_of(label), first_row(label)
        assert row is not None or not label.startswith("registry."), label
        asked = [path, f"{path}?q=acme"]
        asked += [f"{path}{row.pk}/change/", f"{path}{row.pk}/history/"] if row else []
        answers = {each: superuser.get(each) for each in asked}
        assert {each: answer.status_code for each, answer in answers.items()} == dict.fromkeys(
            asked, 200
        )
        html = "".join(answer.content.decode() for answer in answers.values())
        html += superuser.get(f"{path}add/").content.decode()
        assert re.findall(r"<script(?![^>]*\ssrc=)(?![^>]*application/json)[^>]*>", html) == [], (
            label
        )
        assert re.findall(r"<[^>]+\s(?:style|on\w+)\s*=[^>]*>|<style", html) == [], label


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


@pytest.mark.parametrize(
    "label", ["registry.model", "registry.user", "registry.team", "auth.group"]
)
def test_what_may_be_changed_is_never_deleted(superuser, rows, label):
    row = first_row(label)
    answer = superuser.post(f"{path_of(label)}{row.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 403
    assert type(row).objects.filter(pk=row.pk).exists()


def test_models_come_from_intake_alone(superuser):
    assert superuser.get("/admin/registry/model/add/").status_code == 403


@pytest.mark.parametrize("tier", Tier)
def test_a_curator_sees_the_rows_of_their_tier_alone(curator, rows, tier):
    client = curator(tier)
    hidden = [other for other in Tier if other not in Tier.up_to(tier)]
    for label in OURS:
        answer = client.get(path_of(label))
        allowed = label not in ("registry.user", "registry.apikey")
        if label in OF_EVERY_TIER:
            allowed = tier == Tier.PROFESSIONAL
        assert answer.status_code == (200 if allowed else 403), label
        text = answer.content.decode()
        assert [other for other in hidden if f"of-{other}" in text] == [], label
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


def test_a_person_without_a_staff_account_sees_no_list(signed_in, rows):
    client = signed_in("professional", ("admin", "curator", "operator"))
    answers = {label: client.get(path_of(label)).status_code for label in PAGES}
    assert answers == dict.fromkeys(PAGES, 302)


def test_the_admin_is_under_the_strict_policy_like_every_page(superuser):
    answer = superuser.get("/admin/")
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert "Modelyard admin" in answer.content.decode()


def test_the_trail_is_whole_after_all_of_this(superuser, rows):
    assert AuditEvent.objects.exists()
    assert list(audit.broken_links()) == []
