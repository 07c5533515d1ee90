"""Signing in and out, the lock after wrong passwords, and the Keys page."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from axes.models import AccessAttempt
from django.utils import timezone

from registry.models import ApiKey, AuditEvent
from registry.selectors.keys import usable_key
from tests.factories.registry import ApiKeyFactory

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@pytest.fixture
def ada(person):
    user = person(username="ada")
    user.set_password(PASSWORD)
    user.save()
    return user


def sign_in(client, name="ada", password=PASSWORD, **values):
    return client.post("/sign-in/", {"username": name, "password": password, **values})


def sign_ins():
    events = AuditEvent.objects.filter(action="person.sign_in").order_by("id")
    return [(event.actor, event.subject, event.outcome) for event in events]


def test_the_right_password_opens_the_console(client, ada):
    answer = sign_in(client)
    assert answer.status_code == 302
    assert answer["Location"] == "/"
    assert client.get("/keys/").status_code == 200
    assert sign_ins() == [("ada", "ada", "done")]
    assert AuditEvent.objects.get(action="person.sign_in").address == "127.0.0.1"


def test_a_wrong_password_says_no_more_than_that(client, ada):
    answer = sign_in(client, password="wrong")
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "That did not match." in text
    assert client.get("/keys/").status_code == 302
    assert sign_ins() == [("anonymous", "ada", "refused")]


def test_a_name_that_nobody_has_gets_the_same_answer_and_is_not_kept(client, ada):
    """People type their password into the field of the name."""
    wrong = sign_in(client, password="wrong").content.decode()
    answer = sign_in(client, name="my secret password", password="x").content.decode()
    alert = r'<div role="alert">.*?</div>\s*</div>'
    assert re.search(alert, wrong, re.DOTALL)[0] == re.search(alert, answer, re.DOTALL)[0]
    assert sign_ins()[1] == ("anonymous", "(no such person)", "refused")
    assert "my secret password" not in str(list(AuditEvent.objects.values()))


@pytest.mark.parametrize("name", ["", "\0", "a" * 151, "a" * 5000, "<b>"])
def test_an_odd_name_is_no_error_of_ours(client, ada, name):
    assert sign_in(client, name=name).status_code == 200
    assert client.get("/keys/").status_code == 302


def test_who_is_out_does_not_come_in(client, ada):
    ada.is_active = False
    ada.save()
    sign_in(client)
    assert client.get("/keys/").status_code == 302
    assert sign_ins() == [("anonymous", "ada", "refused")]


def test_a_session_ends_with_its_person(client, ada):
    sign_in(client)
    ada.is_active = False
    ada.save()
    assert client.get("/keys/").status_code == 302


def test_after_ten_wrong_passwords_the_name_is_locked_for_this_address(client, ada):
    for _ in range(9):
        assert sign_in(client, password="wrong").status_code == 200
    assert sign_in(client, password="wrong").status_code == 429
    locked = sign_in(client)
    assert locked.status_code == 429, "even with the right password"
    assert "Try again in a quarter of an hour." in locked.content.decode()
    assert client.get("/keys/").status_code == 302


def test_the_lock_is_for_one_name_from_one_address(client, ada, person):
    for _ in range(10):
        sign_in(client, password="wrong")
    assert sign_in(client).status_code == 429
    other = client.post(
        "/sign-in/", {"username": "ada", "password": PASSWORD}, REMOTE_ADDR="203.0.113.7"
    )
    assert other.status_code == 302


def test_behind_our_front_the_lock_goes_by_the_address_that_it_saw(client, ada, settings):
    """Else one stranger could lock a person out for everybody."""
    settings.TRUST_FRONT = True
    stranger, friend = ({"HTTP_X_FORWARDED_FOR": f"203.0.113.{n}"} for n in (7, 8))
    for _ in range(10):
        client.post("/sign-in/", {"username": "ada", "password": "wrong"}, **stranger)
    right = {"username": "ada", "password": PASSWORD}
    assert client.post("/sign-in/", right, **stranger).status_code == 429
    assert client.post("/sign-in/", right, **friend).status_code == 302


def test_no_password_is_kept_of_those_who_tried(client, ada):
    sign_in(client, password="nearly-right-1")
    attempts = list(AccessAttempt.objects.values())
    assert attempts
    assert "nearly-right-1" not in str(attempts)


def test_a_good_sign_in_comes_back_to_where_it_was_wanted(client, ada):
    asked = client.get("/keys/")
    assert urlsplit(asked["Location"]).path == "/sign-in/"
    target = parse_qs(urlsplit(asked["Location"]).query)["next"][0]
    assert sign_in(client, next=target)["Location"] == "/keys/"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:x"])
def test_nobody_is_sent_to_another_site(client, ada, target):
    assert sign_in(client, next=target)["Location"] == "/"


def test_signing_out_is_a_deliberate_act(signed_in):
    client = signed_in()
    assert client.get("/sign-out/").status_code == 405
    assert client.get("/keys/").status_code == 200
    assert client.post("/sign-out/").status_code == 302
    assert client.get("/keys/").status_code == 302


def test_a_signed_in_person_is_not_asked_again(signed_in):
    assert signed_in().get("/sign-in/")["Location"] == "/"


# -- keys -----------------------------------------------------------------------------------------

FORM = {"name": "laptop", "scopes": ["read"], "tier_cap": "lite"}


def test_a_new_key_is_shown_in_this_answer_and_never_again(signed_in):
    client = signed_in("standard")
    answer = client.post("/keys/create/", FORM)
    token = re.search(r"hf_[A-Za-z0-9]{40}", answer.content.decode())[0]
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    found = usable_key(token)
    assert (found.user_id, found.tier_cap, set(found.scopes)) == (client.user.pk, "lite", {"read"})
    later = client.get("/keys/").content.decode()
    assert token not in later
    assert token[:8] in later


def test_the_form_offers_only_what_the_person_may_give(signed_in):
    html = signed_in("standard").get("/keys/").content.decode()
    assert set(re.findall(r'name="scopes"\s+value="(\w+)"', html)) == {"read", "request"}
    assert set(re.findall(r'<option value="(\w+)"', html)) == {"lite", "standard"}


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"scopes": ["curate"]}, "curate is not one of the available choices"),
        ({"tier_cap": "professional"}, "professional is not one of the available choices"),
        ({"scopes": []}, "This field is required"),
        ({"name": ""}, "This field is required"),
        ({"expires_at": "2001-01-01"}, "The end date is in the past"),
        ({"expires_at": "soon"}, "Enter a valid date"),
    ],
)
def test_a_wrong_wish_comes_back_beside_its_field(signed_in, values, says):
    client = signed_in("standard")
    answer = client.post("/keys/create/", FORM | values)
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert not ApiKey.objects.exists()


def test_a_key_with_an_end_ends(signed_in):
    tomorrow = timezone.now() + timedelta(days=1)
    answer = signed_in().post("/keys/create/", FORM | {"expires_at": f"{tomorrow:%Y-%m-%d}"})
    assert answer.status_code == 200
    assert ApiKey.objects.get().expires_at.date() == tomorrow.date()


def test_people_see_and_revoke_their_own_keys_alone(signed_in):
    client = signed_in()
    mine, other = ApiKeyFactory(user=client.user, name="mine"), ApiKeyFactory(name="not-mine")
    html = client.get("/keys/").content.decode()
    assert "mine" in html
    assert "not-mine" not in html
    assert client.post(f"/keys/{other.pk}/revoke/").status_code == 404
    assert client.post("/keys/0/revoke/").status_code == 404
    assert usable_key(other.token)
    assert client.post(f"/keys/{mine.pk}/revoke/").status_code == 302
    assert usable_key(mine.token) is None


def test_a_key_is_not_revoked_by_a_link(signed_in):
    client = signed_in()
    key = ApiKeyFactory(user=client.user)
    assert client.get(f"/keys/{key.pk}/revoke/").status_code == 405
    assert usable_key(key.token)


def test_a_form_of_another_site_makes_no_key(signed_in, person):
    client = signed_in()
    client.handler.enforce_csrf_checks = True
    assert client.post("/keys/create/", FORM).status_code == 403
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("path", ["/keys/", "/keys/create/", "/keys/1/revoke/"])
def test_keys_are_for_people_who_are_signed_in(client, method, path):
    answer = getattr(client, method)(path)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/")


def test_one_more_key_is_not_one_more_query(signed_in, django_assert_max_num_queries):
    client = signed_in()
    ApiKeyFactory(user=client.user)
    with django_assert_max_num_queries(100) as one:
        client.get("/keys/")
    for _ in range(10):
        ApiKeyFactory(user=client.user)
    with django_assert_max_num_queries(100) as eleven:
        client.get("/keys/")
    assert len(eleven) == len(one)
