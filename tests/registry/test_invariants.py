"""What PostgreSQL refuses, whoever writes."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from registry import audit
from registry.enums import Admission
from registry.models import (
    AuditEvent,
    Content,
    Model,
    ModelFile,
    ModelVersion,
    Policy,
    Tag,
    Waiver,
)
from registry.seeds import seed
from tests.factories.registry import ModelFactory, UserFactory, VersionFactory

pytestmark = pytest.mark.django_db


def refused(action):
    with pytest.raises(IntegrityError), transaction.atomic():
        action()


def test_a_tag_is_put_on_or_taken_off_and_never_moved():
    """A list tells from the model's row that its tags changed; moved, two rows would have to."""
    one, other = ModelFactory(), ModelFactory()
    one.tags.add(Tag.objects.create(name="german"))
    refused(lambda: Model.tags.through.objects.update(model=other))


@pytest.fixture
def version():
    return VersionFactory(files={"a.json": b"{}"})


@pytest.mark.parametrize(
    "values",
    [
        {"commit": "f" * 40},
        {"number": 7},
        {"size_bytes": 9},
        {"file_count": 9},
        {"pinned_at": None},
    ],
)
def test_a_pinned_version_does_not_change(version, values):
    refused(lambda: ModelVersion.objects.filter(pk=version.pk).update(**values))


def test_a_pinned_version_does_not_move_to_another_model(version):
    other = ModelFactory()
    refused(lambda: ModelVersion.objects.filter(pk=version.pk).update(model=other))


def test_a_pinned_version_takes_no_more_files(version):
    refused(lambda: ModelFile.objects.create(version=version, path="b", size=1))


@pytest.mark.parametrize("values", [{"path": "c"}, {"size": 9}, {"git_oid": "0" * 40}])
def test_a_file_of_a_pinned_version_does_not_change(version, values):
    refused(lambda: version.files.update(**values))


def test_a_published_hash_does_not_change(version):
    refused(lambda: version.files.update(sha256="0" * 64, content=None))


def test_a_file_has_only_the_content_it_published(version):
    content = Content.objects.create(sha256="1" * 64, size=2, storage_key="x")
    refused(lambda: version.files.update(content=content))


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "../x", "a/../b", "a//b", "a/", "./a", "a\\b", "a\nb", "", "..", "a/.."],
)
def test_unsafe_paths_are_refused(path):
    version = ModelVersion.objects.create(model=ModelFactory(), commit="a" * 40, number=1)
    refused(lambda: ModelFile.objects.create(version=version, path=path, size=1))


@pytest.mark.parametrize("path", ["a", ".gitattributes", "a b", "ä/ö.txt", "a..b", "x#y", "x%2Fy"])
def test_odd_but_safe_paths_are_kept(path):
    version = ModelVersion.objects.create(model=ModelFactory(), commit="a" * 40, number=1)
    assert ModelFile.objects.create(version=version, path=path, size=1).path == path


def test_admitted_needs_a_decision_and_a_pin():
    model = ModelFactory()
    refused(
        lambda: ModelVersion.objects.create(
            model=model, commit="a" * 40, number=1, admission=Admission.ADMITTED
        )
    )


def test_unsafe_is_never_admitted(version):
    refused(lambda: ModelVersion.objects.filter(pk=version.pk).update(scan_verdict="unsafe"))


def test_one_version_per_commit(version):
    refused(
        lambda: ModelVersion.objects.create(model=version.model, commit=version.commit, number=2)
    )


def test_a_content_is_its_bytes(version):
    refused(lambda: Content.objects.update(size=99))


def test_a_content_in_use_is_not_deleted(version):
    refused(lambda: Content.objects.all().delete())


def test_one_active_policy_per_tier_and_none_is_edited():
    seed()
    refused(lambda: Policy.objects.update(gates={}))
    refused(lambda: Policy.objects.create(tier="lite", number=2, gates={}))
    assert Policy.objects.filter(tier="lite").update(is_active=False) == 1


def test_malware_cannot_be_waived_in_the_table_either(version):
    user = UserFactory()
    refused(
        lambda: Waiver.objects.create(
            version=version,
            gate="malware",
            tier="lite",
            reason="x",
            granted_by=user,
            expires_at=timezone.now(),
        )
    )


def events():
    for number in range(3):
        audit.record(actor="yard", action="test", subject=str(number))


def test_the_audit_trail_is_append_only():
    events()
    refused(lambda: AuditEvent.objects.update(actor="x"))
    refused(lambda: AuditEvent.objects.all().delete())
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE registry_auditevent ENABLE TRIGGER audit_is_not_emptied")
        refused(lambda: cursor.execute("TRUNCATE registry_auditevent"))


def test_a_whole_trail_has_no_broken_link():
    events()
    assert list(audit.broken_links()) == []


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE registry_auditevent SET reason = 'nothing happened' WHERE subject = '1'",
        "DELETE FROM registry_auditevent WHERE subject = '1'",
    ],
)
def test_an_altered_or_missing_event_shows(sql):
    events()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE registry_auditevent DISABLE TRIGGER audit_is_append_only")
        cursor.execute(sql)
    assert [event.subject for event in audit.broken_links()]


def test_the_chain_cannot_fork():
    events()
    first = AuditEvent.objects.order_by("id").first()
    refused(
        lambda: AuditEvent.objects.create(
            at=timezone.now(),
            actor="x",
            action="x",
            outcome="x",
            previous_hash=first.previous_hash,
            hash="f" * 64,
        )
    )


def test_no_secret_reaches_the_trail():
    event = audit.record(actor="yard", action="test", reason="token hf_abcdefghijklmnop leaked")
    assert "hf_abcdef" not in event.reason
