"""The commands of operators: what they print is what a script can use."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from registry import audit
from registry.enums import Gate, Role, Tier
from registry.models import ApiKey, AuditEvent, Policy, User
from registry.seeds import IN_ADMIN, seed
from registry.selectors.keys import usable_key
from registry.served import ServedId
from registry.services.seals import seal_served
from registry.services.serving import note_sent
from tests.factories.registry import ServedFactory, VersionFactory

pytestmark = pytest.mark.django_db


def said(capsys, command, *args, **options) -> str:
    call_command(command, *args, **options)
    return capsys.readouterr().out


@pytest.fixture(autouse=True)
def _store(settings, tmp_path):
    settings.STORE_DIR = tmp_path / "store"


def test_seeding_twice_changes_nothing(capsys):
    said(capsys, "seed")
    before = list(Policy.objects.values()), list(Group.objects.values())
    text = said(capsys, "seed")
    assert (list(Policy.objects.values()), list(Group.objects.values())) == before
    assert "seeded roles and policies" in text


def test_a_new_yard_has_every_role_and_one_policy_per_tier(capsys):
    said(capsys, "seed")
    assert set(Group.objects.values_list("name", flat=True)) >= set(Role.values)
    active = Policy.objects.filter(is_active=True)
    assert sorted(active.values_list("tier", flat=True)) == sorted(Tier.values)
    for policy in active:
        assert policy.gates[Gate.MALWARE] == policy.gates[Gate.INTEGRITY] == "enforce"
        assert "unknown" not in policy.limits["license_classes"]


def test_what_a_yard_changed_is_not_seeded_back(capsys):
    said(capsys, "seed")
    Policy.objects.filter(tier="lite").update(is_active=False)
    strict = dict.fromkeys(Gate.values, "enforce")
    Policy.objects.create(tier="lite", number=2, gates=strict, limits={})
    curators = Group.objects.get(name="curator")
    curators.permissions.set(curators.permissions.filter(codename__startswith="view_"))
    said(capsys, "seed")
    assert Policy.objects.get(tier="lite", is_active=True).number == 2
    assert not curators.permissions.exclude(codename__startswith="view_").exists()


@pytest.mark.parametrize("role", IN_ADMIN)
def test_what_a_role_may_do_in_the_admin_exists(role):
    seed()
    names = set(Group.objects.get(name=role).permissions.values_list("codename", flat=True))
    assert set(IN_ADMIN[role]) <= names
    assert {"view_model", "view_modelversion", "view_auditevent"} <= names
    assert ("view_user" in names) == (role == Role.ADMIN)
    assert not [name for name in names if name.startswith("delete_")]


def test_the_first_admin_is_made_once_with_a_password_that_works(capsys, client):
    said(capsys, "seed")
    text = said(capsys, "ensure_admin")
    password = re.search(r"admin / (\S+)", text)[1]
    assert client.post("/sign-in/", {"username": "admin", "password": password})["Location"] == "/"
    admin = User.objects.get()
    assert (admin.is_superuser, admin.tier) == (True, "professional")
    assert set(admin.groups.values_list("name", flat=True)) == {"admin", "curator"}
    assert said(capsys, "ensure_admin") == ""
    assert User.objects.count() == 1


def test_no_second_admin_is_made_where_there_is_one(capsys):
    User.objects.create_superuser("boss", password="x" * 12)
    assert said(capsys, "ensure_admin") == ""
    assert list(User.objects.values_list("username", flat=True)) == ["boss"]


def test_create_key_prints_a_key_and_nothing_else(capsys, person):
    user = person("standard")
    text = said(capsys, "create_key", user.username, scopes="read,request", tier="lite", name="ci")
    assert re.fullmatch(r"hf_[A-Za-z0-9]{40}\n", text)
    found = usable_key(text.strip())
    assert (found.user_id, found.tier_cap, set(found.scopes)) == (
        user.pk,
        "lite",
        {"read", "request"},
    )
    assert ApiKey.objects.get().name == "ci"
    assert AuditEvent.objects.filter(action="key.create").count() == 1


def test_a_key_of_the_command_has_the_tier_of_its_person_when_none_is_given(capsys, person):
    user = person("standard")
    assert usable_key(said(capsys, "create_key", user.username).strip()).tier_cap == "standard"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"tier": "professional"}, "may not give the tier professional"),
        ({"tier": "gold"}, "no tier 'gold'"),
        ({"scopes": "admin"}, "may not give the scope admin"),
        ({"scopes": "everything"}, "No scope 'everything'"),
        ({"scopes": ""}, "at least one scope"),
    ],
)
def test_the_command_gives_no_more_than_the_person_has(person, options, says):
    with pytest.raises(CommandError, match=says):
        call_command("create_key", person("standard").username, **options)
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("2090-01-31", "2090-01-31T00:00:00+00:00"),
        ("2090-01-31T10:30", "2090-01-31T10:30:00+00:00"),
        ("2090-01-31T10:30+02:00", "2090-01-31T08:30:00+00:00"),
    ],
)
def test_a_key_of_the_command_ends_when_it_says(capsys, person, text, ends):
    said(capsys, "create_key", person().username, expires=text)
    assert ApiKey.objects.get().expires_at.isoformat() == ends


@pytest.mark.parametrize(
    ("text", "says"), [("soon", "no day or time"), ("2001-01-31", "is in the past")]
)
def test_an_end_that_is_none_makes_no_key(person, text, says):
    with pytest.raises(CommandError, match=says):
        call_command("create_key", person().username, expires=text)
    assert not ApiKey.objects.exists()


def test_a_person_that_does_not_exist_is_named():
    with pytest.raises(CommandError, match="no user 'nobody'"):
        call_command("create_key", "nobody")


def test_a_person_who_is_out_gets_no_key_that_works(capsys, person):
    user = person(is_active=False)
    token = said(capsys, "create_key", user.username).strip()
    assert usable_key(token) is None


def test_check_audit_says_that_the_trail_is_whole(capsys):
    audit.record(actor="yard", action="a", subject="one")
    audit.record(actor="yard", action="b", subject="two")
    assert said(capsys, "check_audit").startswith("The audit trail is whole.\n")


def test_check_audit_says_how_far_sealing_has_come(capsys):
    version, long_ago = VersionFactory(), timezone.now() - timedelta(hours=1)
    for row in ServedFactory.create_batch(3, version=version):
        note_sent([(ServedId(row.at, row.pk), 1)])
    seal_served()
    sealed = "3 sealed, 0 unsealed.\n"
    told = f"Rows of what was served: {sealed}Counts of what was sent: {sealed}"
    assert said(capsys, "check_audit").endswith(told)
    row = ServedFactory(version=version, at=long_ago)
    ServedFactory(version=version)
    note_sent([(ServedId(row.at, row.pk), 1)])
    told = said(capsys, "check_audit")
    assert (age := re.search(r"served: 3 sealed, 2 unsealed, the oldest for (\d+) seconds", told))
    assert int(age[1]) >= 3600
    assert "sent: 3 sealed, 1 unsealed." in told


def test_check_audit_names_what_was_altered():
    audit.record(actor="yard", action="a", subject="one")
    second = audit.record(actor="yard", action="b", subject="two")
    audit.record(actor="yard", action="c", subject="three")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE registry_auditevent DISABLE TRIGGER audit_is_append_only")
        cursor.execute("UPDATE registry_auditevent SET subject='2' WHERE id=%s", [second.pk])
        cursor.execute("ALTER TABLE registry_auditevent ENABLE TRIGGER audit_is_append_only")
    with pytest.raises(CommandError, match=rf"(?s)broken at:\n#{second.pk} .* b 2\Z"):
        call_command("check_audit")
