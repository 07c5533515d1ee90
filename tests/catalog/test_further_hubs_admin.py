"""Further Hubs in the admin: who keeps them, and that their tokens are shown to nobody."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.contrib.auth.models import Group

from catalog.models import HubEndpoint
from tests.factories.registry import UserFactory
from tests.standins.repos import TOKEN

import_module("config.urls")  # the admin is discovered there, not at start-up
PLACE = "/admin/catalog/hubendpoint/"
GIVEN = {"slug": "other", "endpoint": "https://other.example/hf/", "order": 1, "is_active": "on"}


@pytest.fixture
def staff(client, db):
    def make(role):
        user = UserFactory(tier="professional", is_staff=True)
        user.groups.add(Group.objects.get_or_create(name=role)[0])
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return make


def page_of(row):
    return f"{PLACE}{row.pk}/change/"


def test_a_curator_adds_one_and_its_token_is_never_shown(staff):
    client = staff("curator")
    assert client.post(f"{PLACE}add/", {**GIVEN, "token": TOKEN}).status_code == 302
    row = HubEndpoint.objects.get()
    assert (row.slug, row.endpoint, row.by_admin) == ("other", "https://other.example/hf", False)
    assert row.sealed_token
    pages = [client.get(page).content.decode() for page in (PLACE, page_of(row))]
    pages.append(client.get(f"{PLACE}{row.pk}/history/").content.decode())
    for text in pages:
        assert "other" in text
        assert TOKEN not in text
        assert row.sealed_token not in text


def test_an_admin_may_name_an_address_inside(staff):
    inside = {**GIVEN, "endpoint": "http://10.0.0.7:8080/hf"}
    assert staff("admin").post(f"{PLACE}add/", inside).status_code == 302
    assert HubEndpoint.objects.get().by_admin


def test_a_change_keeps_name_and_token(staff):
    client = staff("curator")
    client.post(f"{PLACE}add/", {**GIVEN, "token": TOKEN})
    row = HubEndpoint.objects.get()
    client.post(page_of(row), {**GIVEN, "slug": "renamed", "order": 5})
    changed = HubEndpoint.objects.get()
    assert (changed.slug, changed.order) == ("other", 5)
    assert changed.sealed_token == row.sealed_token


def test_what_is_no_name_or_address_is_said_beside_its_field(staff):
    client = staff("curator")
    for wrong, said in (
        ({"slug": "civitai"}, "means something else here"),
        ({"endpoint": "other.example"}, "Write the address with http"),
        ({"endpoint": "https://huggingface.co"}, "a source of the yard already"),
    ):
        text = client.post(f"{PLACE}add/", {**GIVEN, **wrong}).content.decode()
        assert said in text
    assert not HubEndpoint.objects.exists()


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_others_see_none(staff, role):
    HubEndpoint.objects.create(slug="other", endpoint="https://other.example")
    client = staff(role)
    assert client.get(PLACE).status_code == 403
    assert client.post(f"{PLACE}add/", {**GIVEN, "slug": "another"}).status_code == 403
    assert HubEndpoint.objects.count() == 1


def test_none_is_deleted(staff):
    row = HubEndpoint.objects.create(slug="other", endpoint="https://other.example")
    assert staff("admin").post(f"{PLACE}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert HubEndpoint.objects.exists()


def test_it_is_tried_where_it_is_kept(staff, upstream):
    client = staff("admin")
    here = {**GIVEN, "endpoint": upstream.url}
    text = client.post(f"{PLACE}add/", {**here, "_try": "1"}, follow=True).content.decode()
    assert f"At {upstream.url} is a Hub that answers without a token." in text
    row = HubEndpoint.objects.get()
    wrong = {**here, "token": "hf_" + "z" * 34, "_try": "1"}
    text = client.post(page_of(row), wrong, follow=True).content.decode()
    assert "does not accept the token" in text
    assert wrong["token"] not in text
    said = {"X-Yard": f"modelyard/1 instance={'a' * 32}", "Content-Type": "application/json"}
    upstream.config(inject=[{"match": ".", "status": 200, "headers": said, "body": "[]"}])
    act = {"action": "try_them", "_selected_action": row.pk}
    text = client.post(PLACE, act, follow=True).content.decode()
    assert f"At {upstream.url} is another yard (aaaaaaaa) that takes the token." in text
    row.refresh_from_db()
    assert row.kind == "yard"
    upstream.config(inject=[{"match": ".", "status": 200, "headers": said, "body": "{}"}])
    assert "does not answer as a Hub does" in client.post(PLACE, act, follow=True).content.decode()
