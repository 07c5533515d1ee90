"""People are told once of what they lose, and of what comes back; nobody else is."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.errors import NotFoundError
from registry.authentication import caller_of_user
from registry.enums import Gate, GateOutcome, ScanVerdict
from registry.models import Download, Model, ModelVersion, Notice, Receipt, User
from registry.seeds import seed
from registry.selectors.access import knowable_models, visible_models
from registry.selectors.notices import page_of_notices, receipt_for, unread_for
from registry.services.curation import withdraw
from registry.services.downloads import note_download
from registry.services.gates import decide, record_gate, record_scan_verdict
from registry.services.notices import mark_read, tell_back, tell_loss
from registry.services.versions import record_license
from tests.factories.registry import ApiKeyFactory, ModelFactory, UserFactory, VersionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(db):
    """An admitted version whose tier follows policy."""
    seed()
    model = ModelFactory(tier="lite", tier_by_curator=False)
    version = VersionFactory(model=model, files={"config.json": b"{}"})
    record_license(version=version, spdx="MIT", license_class="permissive")
    for gate in Gate:
        record_gate(version=version, gate=gate, outcome=GateOutcome.PASSED)
    return decide(version=version)


@pytest.fixture
def reader(version):
    """Somebody of the lowest tier who has its files."""
    person = caller_of_user(UserFactory(tier="lite"))
    note_download(caller=person, version=version, begins=True)
    return person


def person(tier="professional", role="viewer", **values):
    user = UserFactory(tier=tier, **values)
    user.groups.add(Group.objects.get_or_create(name=role)[0])
    return caller_of_user(User.objects.get(pk=user.pk))


def find_unsafe(version):
    record_gate(
        version=version, gate=Gate.MALWARE, outcome=GateOutcome.FAILED, reason="Unsafe: bad.bin"
    )
    record_scan_verdict(version=version, verdict=ScanVerdict.UNSAFE)
    return decide(version=version)


def find_clean(version):
    record_gate(version=version, gate=Gate.MALWARE, outcome=GateOutcome.PASSED)
    record_scan_verdict(version=version, verdict=ScanVerdict.CLEAN)
    return decide(version=version)


def test_a_loss_is_told_to_those_concerned_and_to_nobody_else(version, reader):
    asker, curator, admin = person("lite"), person(role="curator"), person(role="admin")
    version.model.requests.create(user_id=asker.user_id, tier="lite")
    note_download(caller=asker, version=version, begins=True)  # concerned twice, told once
    others = [person(), person(role="operator"), person("lite", "curator")]
    gone = person(is_active=False)
    note_download(caller=gone, version=version, begins=True)
    find_unsafe(version)
    notice = Notice.objects.get()
    for one in (reader, asker, curator, admin):
        assert unread_for(one).get().notice == notice
    for one in (*others, gone):
        assert not unread_for(one).exists()
    assert notice.text == f"{version} is no longer offered."
    assert "Unsafe: bad.bin" in notice.reason


def test_it_is_told_once_however_often_it_is_decided(version, reader):
    for _ in range(3):
        find_unsafe(version)
    tell_loss(version, reason="again")
    assert Receipt.objects.filter(user_id=reader.user_id).count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        Notice.objects.create(version=version, kind="held", text="x", at=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        Receipt.objects.create(
            notice=Notice.objects.get(), user_id=reader.user_id, at=timezone.now()
        )


def test_who_heard_of_the_loss_hears_that_it_is_back_and_of_the_next_loss(version, reader):
    find_unsafe(version)
    late = person("lite")
    find_clean(version)
    tell_back(version)
    find_unsafe(version)
    kinds = Notice.objects.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["held", "back", "held"]
    assert Receipt.objects.filter(user_id=reader.user_id).count() == 3
    assert not Receipt.objects.filter(user_id=late.user_id).exists()


def test_a_withdrawal_by_a_curator_is_told_with_its_reason(version, reader):
    withdraw(caller=person(role="curator"), version=version, reason="license trouble")
    assert Notice.objects.get().reason == "license trouble"
    assert unread_for(reader).count() == 1


def test_a_loss_that_is_undone_was_never_told(version, reader):
    class UndoneError(Exception): ...

    @transaction.atomic
    def find_and_undo():
        find_unsafe(version)
        raise UndoneError

    with pytest.raises(UndoneError):
        find_and_undo()
    assert not Notice.objects.exists()


def test_what_was_never_offered_is_no_news(version, reader):
    held = VersionFactory(model=version.model, admission="held", files={"a": b"a"})
    note_download(caller=reader, version=held, begins=True)
    find_unsafe(held)
    assert not Notice.objects.exists()


def test_who_has_files_may_know_what_became_of_the_model_and_nobody_else(version, reader):
    find_unsafe(version)
    model = Model.objects.get(pk=version.model_id)
    assert model.tier == "professional"  # of what no tier may have
    assert not visible_models(reader).filter(pk=model.pk).exists()
    assert knowable_models(reader).filter(pk=model.pk).exists()
    assert not knowable_models(person("lite")).filter(pk=model.pk).exists()


def test_each_reads_their_own(version, reader):
    other = person("lite")
    note_download(caller=other, version=version, begins=True)
    find_unsafe(version)
    receipt = page_of_notices(reader, cursor="", limit=10).rows[0]
    with pytest.raises(NotFoundError):
        receipt_for(other, receipt.pk)
    assert mark_read(caller=reader, receipt=receipt) == 1
    assert mark_read(caller=reader, receipt=receipt) == 0
    assert (unread_for(reader).count(), unread_for(other).count()) == (0, 1)
    assert mark_read(caller=other) == 1


def test_downloads_are_counted_by_person_and_once_for_each_file(version):
    one = person()
    for begins in (True, False, True):
        note_download(caller=one, version=version, begins=begins)
    nobody = caller_of_user(UserFactory())
    note_download(caller=nobody, version=version, begins=False)
    assert dict(Download.objects.values_list("user", "files")) == {
        one.user_id: 2,
        nobody.user_id: 0,
    }


def test_the_bell_the_page_and_rest_tell_them(version, reader):
    browser = Client()
    browser.force_login(
        User.objects.get(pk=reader.user_id), backend="django.contrib.auth.backends.ModelBackend"
    )
    assert "Notices: none unread" in browser.get("/notices/").content.decode()
    find_unsafe(version)
    shown = browser.get("/notices/").content.decode()
    assert "Notices: 1 unread" in shown
    assert "Unsafe: bad.bin" in shown
    key = ApiKeyFactory(user_id=reader.user_id)
    bearer = {"Authorization": f"Bearer {key.token}"}
    (told,) = Client().get("/api/v1/notices?unread=true", headers=bearer).json()["results"]
    assert (told["kind"], told["model"]) == ("held", version.model.slug)
    path = f"/api/v1/notices/{told['id']}/read"
    assert Client().post(path, headers=bearer).json()["read_at"]
    assert Client().get("/api/v1/notices?unread=true", headers=bearer).json()["results"] == []
    assert "Notices: none unread" in browser.get("/notices/").content.decode()
    assert browser.post(f"/notices/{told['id']}/read/").headers["Location"] == (
        f"/models/{version.model.slug}/"
    )
    assert Client().get("/api/v1/notices", headers={}).status_code == 401
    assert Client().post("/api/v1/notices/read", headers=bearer).json() == {"read": 0}
    assert Client().get("/api/v1/notices?unread=2", headers=bearer).status_code == 400


@pytest.mark.parametrize("count", [1, 10])
def test_the_list_takes_as_many_queries_whatever_its_length(version, reader, count):
    for _ in range(count - 1):
        other = VersionFactory(files={"a": b"a"})
        note_download(caller=reader, version=other, begins=True)
        ModelVersion.objects.filter(pk=other.pk).update(scan_verdict="clean")
        find_unsafe(other)
    find_unsafe(version)
    browser = Client()
    browser.force_login(
        User.objects.get(pk=reader.user_id), backend="django.contrib.auth.backends.ModelBackend"
    )
    browser.get("/notices/")
    with CaptureQueriesContext(connection) as queries:
        browser.get("/notices/")
    assert len(queries) <= 8, [one["sql"][:120] for one in queries]
    assert Notice.objects.count() == count
