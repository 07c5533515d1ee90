"""Devices: what a new yard knows, and that a curator's word on them stays."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction

from registry.default_devices import DEVICES, GIB, seed_devices
from registry.enums import DeviceKind
from registry.models import AuditEvent, Device
from registry.seeds import seed
from tests.registry.admin_rows import curator, superuser

__all__ = ["curator", "superuser"]
pytestmark = pytest.mark.django_db
LIST = "/admin/registry/device/"


def form_of(**values):
    given = {"name": "Ours", "kind": "data-centre", "memory_bytes": 1 << 36, "max_count": 8}
    return given | {"slug": "ours", "order": 5, "is_active": "on"} | values


def test_a_new_yard_knows_devices_of_every_kind():
    seed_devices()
    assert set(Device.objects.values_list("kind", flat=True)) == set(DeviceKind.values)
    cards = Device.objects.in_bulk(field_name="slug")
    assert len(cards) == sum(len(entries) for _, _, entries in DEVICES)
    assert cards["rtx-4090"].memory_bytes == 24564 << 20
    assert cards["h100-80"].max_count == 8
    assert cards["apple-36"].usable_bytes == 27 * GIB
    assert cards["apple-32"].usable_bytes < 22 * GIB
    kinds = [device.kind for device in Device.objects.all()]
    assert kinds == sorted(kinds, key=DeviceKind.values.index)


def test_names_say_the_size_that_people_know():
    for _, _, entries in DEVICES:
        for entry in entries:
            told = int(entry.name.rpartition(", ")[2].removesuffix(" GB"))
            assert 0.92 <= entry.memory_bytes / (told * GIB) <= 1, entry


def test_what_a_curator_changed_survives_seeding():
    seed_devices()
    Device.objects.filter(slug="t4").update(memory_bytes=1, is_active=False)
    Device.objects.filter(slug="l4").update(slug="renamed")
    before = list(Device.objects.values())
    seed_devices()
    assert list(Device.objects.values()) == before


def test_a_device_of_ones_own_is_no_obstacle():
    Device.objects.create(slug="mine", name="H200, 141 GB", kind="data-centre", memory_bytes=7)
    seed_devices()
    assert Device.objects.get(name="H200, 141 GB").memory_bytes == 7


def test_a_yard_that_is_older_than_devices_lets_curators_change_them():
    group, _ = Group.objects.get_or_create(name="curator")
    group.permissions.clear()
    seed_devices()
    assert {p.codename for p in group.permissions.all()} == {
        "view_device",
        "add_device",
        "change_device",
    }
    group.permissions.clear()
    seed_devices()  # what was taken from them since is not given back
    assert not group.permissions.exists()


def test_a_change_in_the_admin_is_audited(curator):
    seed()
    client = curator()
    assert client.post(f"{LIST}add/", form_of()).status_code == 302
    device = Device.objects.get(slug="ours")
    changed = form_of(memory_bytes=1 << 35, slug="other")
    assert client.post(f"{LIST}{device.pk}/change/", changed).status_code == 302
    device.refresh_from_db()
    assert (device.slug, device.memory_bytes) == ("ours", 1 << 35)
    made, edited = AuditEvent.objects.filter(subject_type="device").order_by("id")
    assert (made.action, edited.action) == ("device.create", "device.change")
    assert edited.details["fields"] == ["memory_bytes"]
    assert client.post(f"{LIST}{device.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [{"memory_bytes": 0}, {"max_count": 0}, {"max_count": 65}, {"kind": "abacus"}],
)
def test_the_database_refuses_what_is_no_device(wrong):
    good = {"slug": "x", "name": "X", "kind": "cpu", "memory_bytes": 1, "max_count": 1}
    with pytest.raises(IntegrityError), transaction.atomic():
        Device.objects.create(**{**good, **wrong})
