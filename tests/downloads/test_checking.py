"""Bit rot: found, explained, no longer handed out, and healed by fetching anew."""

from __future__ import annotations

import hashlib
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from core.errors import CancelledError, NotPermittedError
from core.jobs import start_run
from core.models import Run
from core.storage import content_key
from downloads.services import checking
from downloads.services.checking import Pace, check_store, start_check
from registry.callers import Caller
from registry.enums import Gate, GateOutcome
from registry.models import AuditEvent, Content, GateResult, ModelVersion
from registry.seeds import seed
from registry.selectors.access import standing_of
from registry.services import quarantine as quarantines
from registry.services.contents import remove_unused
from registry.services.gates import decide, record_gate
from registry.standing import refusal
from tests.downloads.work import BIG, bring, stored

GOOD = b"good" * 300


def verify(**options):
    out = StringIO()
    call_command("verify", rate=0, stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


def rot(settings, data):
    """Flip one bit of the stored bytes."""
    path = settings.STORE_DIR / content_key(hashlib.sha256(data).hexdigest())
    path.chmod(0o600)
    path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    return path


def admitted(version):
    """Answer every gate and decide, as a run does."""
    for gate in Gate:
        record_gate(version=version, gate=gate, outcome=GateOutcome.PASSED, reason="Fine.")
    ModelVersion.objects.filter(pk=version.pk).update(
        license_class="permissive", scan_verdict="clean"
    )
    version.refresh_from_db()
    found = decide(version=version)
    assert found.admission == "admitted"
    return found


@pytest.fixture
def twins(work):
    """Two admitted versions that share one content."""
    seed()
    first = work.version({"a.bin": GOOD, "b.bin": b"other" * 9})
    second = work.version({"c.bin": GOOD})
    for version in (first, second):
        bring(work, version)
        admitted(version)
    return first, second


def test_a_sound_store_is_said_to_be_sound(work):
    bring(work, work.version({"a.bin": GOOD, "b.txt": b"b"}))
    assert "2 contents are sound" in verify()
    assert Content.objects.filter(verified_at__isnull=False).count() == 2


def test_bit_rot_is_quarantined_and_holds_every_version_that_has_it(work, twins, settings):
    path = rot(settings, GOOD)
    with pytest.raises(CommandError, match="1 contents are rotten"):
        verify()
    assert not path.exists()
    (aside,) = (settings.STORE_DIR / "quarantine").iterdir()
    assert aside.name.startswith(hashlib.sha256(GOOD).hexdigest())
    content = Content.objects.get(pk=hashlib.sha256(GOOD).hexdigest())
    assert content.quarantined_at
    for version in twins:
        version.refresh_from_db()
        assert version.admission == "held"
        error = refusal(standing_of(version.model, version), tiers=["lite", "professional"])
        assert "rotted in the store" in error.message
        gate = GateResult.objects.get(version=version, gate=Gate.INTEGRITY)
        assert gate.evidence == {"quarantined": [content.pk]}
    actions = list(AuditEvent.objects.values_list("action", flat=True))
    assert actions.count("content.quarantine") == 1
    assert actions.count("version.decide") == 4


def test_bytes_that_are_gone_are_quarantined_as_well(work, twins, settings):
    (settings.STORE_DIR / content_key(hashlib.sha256(GOOD).hexdigest())).unlink()
    with pytest.raises(CommandError):
        verify()
    assert (
        "gone from the store" in Content.objects.get(quarantined_at__isnull=False).quarantine_reason
    )


def test_fetching_it_anew_heals_every_version(work, twins, settings):
    rot(settings, GOOD)
    with pytest.raises(CommandError):
        verify()
    first, second = twins
    assert sorted(stored(first)) == ["b.bin"]
    bring(work, first)
    assert stored(first)["a.bin"] == stored(second)["c.bin"] == GOOD
    for version in twins:
        version.refresh_from_db()
        assert version.admission == "admitted"
    assert not Content.objects.exclude(quarantined_from=[]).exists()
    assert AuditEvent.objects.filter(action="content.heal").count() == 1
    assert "2 contents are sound" in verify()


def test_rotten_bytes_that_could_not_be_moved_aside_are_never_taken_for_new_ones(
    work, twins, settings, monkeypatch
):
    path = rot(settings, GOOD)

    def dies(self, sha256):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr("core.storage.files.FileContentStore.set_aside", dies)
        with pytest.raises(SystemExit):
            quarantines.quarantine(sha256=hashlib.sha256(GOOD).hexdigest(), reason="Rotten.")
    assert path.exists()
    assert work.version({"d.bin": GOOD}).files.get().content is None
    third = work.version({"d.bin": GOOD}, model=twins[0].model)
    bring(work, third)
    assert stored(third) == {"d.bin": GOOD}
    assert stored(twins[1]) == {"c.bin": GOOD}


def test_a_check_that_died_in_the_middle_of_a_quarantine_is_followed(
    work, twins, settings, monkeypatch
):
    rot(settings, GOOD)
    calls = []

    def dies(version_id, content):
        calls.append(version_id)
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(quarantines, "_hold", dies)
        with pytest.raises(SystemExit):
            verify()
    assert stored(twins[1]) == {}  # no longer handed out from the first moment
    Run.objects.update(lease_until=None)
    with pytest.raises(CommandError):
        verify()
    for version in twins:
        version.refresh_from_db()
        assert version.admission == "held"


def test_a_check_goes_on_where_it_was_stopped(work):
    bring(work, work.version({f"{n}.bin": bytes([n]) * 1000 for n in range(6)}))
    read = []

    def stop_at_the_fourth(done, total, words):
        read.append(words)
        if done >= 3000:
            raise CancelledError("Cancelled on request")

    began = timezone.now()
    with pytest.raises(CancelledError):
        check_store(since=began, rate=0, report=stop_at_the_fourth)
    assert Content.objects.filter(verified_at__gte=began).count() == 2
    seen = []
    check_store(since=began, rate=0, report=lambda *what: seen.append(what))
    assert seen[0][0] == 2000
    assert Content.objects.filter(verified_at__gte=began).count() == 6


def test_what_is_in_quarantine_is_neither_reused_nor_collected_while_it_is_wanted(
    work, twins, settings
):
    rot(settings, GOOD)
    with pytest.raises(CommandError):
        verify()
    sha256 = hashlib.sha256(GOOD).hexdigest()
    assert not remove_unused(sha256, before=timezone.now())
    fourth = work.version({"e.bin": GOOD})
    assert bring(work, fourth).links.asked == ["e.bin"]
    for version in (*twins, fourth):
        version.model.delete()
    assert remove_unused(sha256, before=timezone.now())


def test_a_reader_keeps_its_pace(monkeypatch):
    now, slept = [0.0], []
    monkeypatch.setattr(checking.time, "monotonic", lambda: now[0])

    def sleep(seconds):
        slept.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(checking.time, "sleep", sleep)
    monkeypatch.setattr(checking.pressure, "slow_down", lambda: 1.0)
    pace = Pace(rate=1000, began=0.0)
    for _ in range(10):
        pace.took(500)
    assert now[0] == pytest.approx(5.0)
    monkeypatch.setattr(checking.pressure, "slow_down", lambda: 0.5)
    pace.took(500)
    assert now[0] == pytest.approx(6.0)
    now[0] += 100  # a disk that hung
    pace.took(500)
    pace.took(500)
    assert slept[-1] <= 1.0


def test_only_who_operates_may_check(db):
    with pytest.raises(NotPermittedError):
        start_check(caller=Caller(name="nobody"))
    assert start_check(caller=None) == start_check(caller=None)
    assert start_run(kind="verify", key="store")[1] is False


def test_a_large_content_is_read_in_parts(work, monkeypatch):
    bring(work, work.version({"a.bin": BIG}))
    told = []
    check_store(since=timezone.now(), rate=0, report=lambda *what: told.append(what[0]))
    assert told == sorted(told)
    assert len(told) > 8
