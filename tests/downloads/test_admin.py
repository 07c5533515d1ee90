"""Limits of transfers as operators set them in the admin."""

from __future__ import annotations

import pytest

from downloads.models import TransferLimit
from registry.models import AuditEvent
from tests.registry.conftest import person, signed_in

__all__ = ["person", "signed_in"]
pytestmark = pytest.mark.django_db
PATH = "/admin/downloads/transferlimit/"
FORM = {
    "source": "huggingface",
    "files_at_once": "4",
    "bytes_per_second": "50000000",
    "connections_per_file": "8",
    "stall_seconds": "30",
    "quiet_from": "",
    "quiet_until": "",
    "quiet_bytes_per_second": "",
}


@pytest.fixture
def operator(signed_in):
    return signed_in(roles=("operator",), is_staff=True)


def actions():
    found = AuditEvent.objects.filter(action__startswith="transfer_limit")
    return list(found.order_by("id").values_list("action", "subject"))


def test_an_operator_sets_changes_and_removes_a_limit(operator):
    assert operator.post(f"{PATH}add/", FORM).status_code == 302
    limit = TransferLimit.objects.get()
    assert (limit.source, limit.files_at_once, limit.bytes_per_second) == (
        "huggingface",
        4,
        50_000_000,
    )
    changed = {**FORM, "files_at_once": "2"}
    assert operator.post(f"{PATH}{limit.pk}/change/", changed).status_code == 302
    limit.refresh_from_db()
    assert limit.files_at_once == 2
    assert operator.post(f"{PATH}{limit.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not TransferLimit.objects.exists()
    assert actions() == [
        ("transfer_limit.add", "huggingface"),
        ("transfer_limit.change", "huggingface"),
        ("transfer_limit.delete", "huggingface"),
    ]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"quiet_from": "22:00"}, "Quiet hours need a beginning and an end."),
        ({"files_at_once": "0"}, "greater than or equal to 1"),
        ({"connections_per_file": "17"}, "less than or equal to 16"),
        ({"bytes_per_second": "-1"}, "greater than or equal to 0"),
        ({"stall_seconds": "1"}, "greater than or equal to 5"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(operator, values, words):
    answer = operator.post(f"{PATH}add/", {**FORM, **values})
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert not TransferLimit.objects.exists()


def test_limits_removed_together_are_noted_each(operator):
    for source in ("", "disk"):
        TransferLimit.objects.create(source=source, files_at_once=1)
    chosen = list(TransferLimit.objects.values_list("pk", flat=True))
    form = {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}
    assert operator.post(PATH, form).status_code == 302
    assert not TransferLimit.objects.exists()
    assert sorted(actions()) == [
        ("transfer_limit.delete", "all sources"),
        ("transfer_limit.delete", "disk"),
    ]


def test_who_does_not_operate_the_yard_sets_none(signed_in):
    client = signed_in(roles=("viewer",), is_staff=True)
    assert client.get(PATH).status_code == 403
    assert client.post(f"{PATH}add/", FORM).status_code == 403
    assert not TransferLimit.objects.exists()
