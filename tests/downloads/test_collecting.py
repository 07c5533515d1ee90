"""Collection: what goes, what stays, and what is said of it."""

from __future__ import annotations

import hashlib
import os
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.utils import timezone

from core.errors import NotPermittedError
from core.models import Run
from core.storage.configured import content_store
from downloads.services.collecting import start_collection
from downloads.services.reuse import reuse_stored
from downloads.services.rows import prepare
from registry.authentication import caller_of_user
from registry.models import AuditEvent, Content, ModelVersion, User
from registry.services.contents import adopt, remove_unnoted, remove_unused
from registry.services.curation import withdraw
from tests.downloads.work import bring, stored
from tests.factories.registry import UserFactory

AN_HOUR = timedelta(hours=1)


def caller(role):
    user = UserFactory()
    user.groups.add(Group.objects.get_or_create(name=role)[0])
    return caller_of_user(User.objects.get(pk=user.pk))


def collect(**options):
    out = StringIO()
    call_command("gc", stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


def collected():
    return Run.objects.filter(kind="collect").latest("created_at").result


def put_bytes(folder, data):
    sha256 = hashlib.sha256(data).hexdigest()
    folder.mkdir(exist_ok=True)
    path = folder / "bytes"
    path.write_bytes(data)
    content_store().put(path, sha256, len(data))
    return sha256


def test_what_a_file_has_stays_and_what_none_has_goes(work):
    kept, gone = work.version({"a.bin": b"a" * 100}), work.version({"b.bin": b"b" * 200})
    bring(work, kept)
    bring(work, gone)
    shared = work.version({"c.bin": b"b" * 200})
    bring(work, shared)
    gone.model.delete()
    collect(grace=0)
    assert collected()["contents"] == {"count": 0, "size": 0}
    shared.model.delete()
    text = collect(grace=0)
    assert "Freed" in text
    assert collected()["contents"] == {"count": 1, "size": 200}
    assert stored(kept) == {"a.bin": b"a" * 100}
    assert [content.sha256 for content in content_store().iter_contents()] == [
        hashlib.sha256(b"a" * 100).hexdigest()
    ]


def test_a_dry_run_says_the_same_and_removes_nothing(work):
    version = work.version({"a.bin": b"a" * 100})
    bring(work, version)
    version.model.delete()
    text = collect(grace=0, dry_run=True)
    assert "Would free" in text
    assert collected()["contents"] == {"count": 1, "size": 100}
    assert collected()["freed_bytes"] == 100
    assert Content.objects.count() == 1
    assert len(list(content_store().iter_contents())) == 1


def test_within_the_grace_time_nothing_goes(work, settings):
    settings.GC_GRACE = AN_HOUR
    version = work.version({"a.bin": b"a" * 100})
    bring(work, version)
    version.model.delete()
    collect()
    assert collected()["young"] == {"count": 1, "size": 100}
    Content.objects.update(used_at=timezone.now() - 2 * AN_HOUR)
    collect()
    assert not Content.objects.exists()


def test_a_content_that_was_given_to_a_file_lately_is_young_again(work):
    first = work.version({"a.bin": b"a" * 100})
    bring(work, first)
    Content.objects.update(used_at=timezone.now() - 2 * AN_HOUR)
    again = work.version({"b.bin": b"a" * 100})
    assert reuse_stored(again) == 1
    assert Content.objects.get().used_at > timezone.now() - AN_HOUR


def test_bytes_without_a_row_go_after_the_grace_time(work, tmp_path):
    put_bytes(tmp_path / "x", b"left by a worker that died")
    collect(grace=3600)
    assert collected()["young"]["count"] == 1
    collect(grace=0)
    assert collected()["unnoted"] == {"count": 1, "size": 26}
    assert list(content_store().iter_contents()) == []


def test_a_row_whose_bytes_are_gone_is_told_and_kept(work):
    version = work.version({"a.bin": b"a" * 100})
    bring(work, version)
    content_store().delete(version.files.get().sha256)
    text = collect(grace=0)
    assert collected()["missing"] == {"count": 1, "size": 100}
    assert "MISSING" in text
    assert Content.objects.count() == 1


def test_leftovers_of_killed_puts_go(work, settings):
    left = settings.STORE_DIR / "incoming" / "of-a-dead-worker"
    left.write_bytes(b"x" * 50)
    collect(grace=0)
    assert left.exists()  # somebody may still write it
    os.utime(left, (0, 0))
    collect(grace=0)
    assert not left.exists()
    assert collected()["leftovers"] == {"count": 1, "size": 50}


def test_what_no_run_takes_up_any_more_leaves_staging(work, settings):
    wanted, dead = work.version({"a.bin": b"a" * 9000}), work.version({"b.bin": b"b" * 9000})
    settings.STAGING_DIR.mkdir()
    paths, runs = [], []
    for version in (wanted, dead):
        runs.append(Run.objects.create(kind="intake", key=str(version), state="running"))
        prepare(runs[-1], "huggingface", version.files.all())
        paths.append(work.transfer(version).staging(version.files.get()))
        paths[-1].write_bytes(b"x" * 8192)
        os.utime(paths[-1], (0, 0))
    Run.objects.filter(pk=runs[1].pk).update(state="cancelled", finished_at=timezone.now())
    collect(grace=0, dry_run=True)
    assert collected()["leftovers"] == {"count": 1, "size": 8192}
    assert all(path.exists() for path in paths)
    collect(grace=0)
    assert [path.exists() for path in paths] == [True, False]


def test_a_withdrawn_version_gives_up_its_files_after_its_time_alone(work, settings):
    settings.WITHDRAWN_KEPT = timedelta(days=30)
    version = work.version({"a.bin": b"a" * 100})
    bring(work, version)
    withdraw(caller=caller("curator"), version=version, reason="Not wanted.")
    collect(grace=0)
    assert stored(version)
    ModelVersion.objects.update(withdrawn_at=timezone.now() - timedelta(days=31))
    collect(grace=0)
    assert (collected()["versions"], collected()["contents"]["count"]) == (1, 1)
    assert not Content.objects.exists()
    file = version.files.get()
    assert (file.content, file.sha256) == (None, hashlib.sha256(b"a" * 100).hexdigest())
    assert AuditEvent.objects.filter(action="version.release", subject=str(version)).exists()


def test_withdrawn_files_are_kept_for_good_where_the_setting_says_so(work, settings):
    settings.WITHDRAWN_KEPT = timedelta(0)
    version = work.version({"a.bin": b"a" * 100})
    bring(work, version)
    withdraw(caller=caller("curator"), version=version, reason="Not wanted.")
    ModelVersion.objects.update(withdrawn_at=timezone.now() - timedelta(days=3100))
    collect(grace=0)
    assert stored(version)


def test_a_collector_that_died_between_row_and_bytes_is_followed(work, monkeypatch):
    version = work.version({"a.bin": b"a" * 100})
    bring(work, version)
    sha256 = version.files.get().sha256
    version.model.delete()

    def dies(_):
        raise SystemExit

    monkeypatch.setattr("registry.services.contents.remove_unnoted", dies)
    with pytest.raises(SystemExit):
        remove_unused(sha256, before=timezone.now())
    assert not Content.objects.exists()
    assert content_store().exists(sha256)
    monkeypatch.undo()
    again = work.version({"a.bin": b"a" * 100})
    assert adopt(again.files.get())  # an import may take the bytes up
    assert not remove_unnoted(sha256)
    again.model.delete()
    assert remove_unused(sha256, before=timezone.now())
    assert not content_store().exists(sha256)


def test_room_that_was_made_wakes_the_runs_that_wait_for_it(work):
    waiting = Run.objects.create(
        kind="collect",
        key="other",
        state="running",
        waiting_for="storage_full",
        not_before=timezone.now() + AN_HOUR,
    )
    version = work.version({"a.bin": b"a" * 100})
    bring(work, version)
    version.model.delete()
    collect(grace=0)
    waiting.refresh_from_db()
    assert waiting.not_before <= timezone.now()


def test_only_who_operates_may_collect(db):
    with pytest.raises(NotPermittedError):
        start_collection(caller=caller("viewer"))
    run = start_collection(caller=caller("operator"), dry_run=True)
    assert start_collection(caller=caller("operator"), dry_run=True) == run
    assert AuditEvent.objects.filter(action="store.look").count() == 1
