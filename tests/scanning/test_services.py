"""Scanning a version: every engine over every content, once; the gate says what was found."""

from __future__ import annotations

import pytest
from django.utils import timezone

from core.errors import ScanFailedError, StorageError
from core.storage.configured import content_store
from scanning.models import Scan
from scanning.selectors import newest_reports
from scanning.services.engines import absent_engines, engines
from scanning.services.rounds import scan_version
from tests.factories.registry import VersionFactory
from tests.scanning.clamd import BINARY, MARKED, running_clamd
from tests.standins.repos import HARMLESS_PAYLOAD, tiny_safetensors

WEIGHTS = tiny_safetensors({"w": ("F32", [2, 2])})
GOOD = {"config.json": b"{}", "README.md": b"# A model\n", "model.safetensors": WEIGHTS}


@pytest.fixture
def make_version(make_yard):
    """A version whose bytes are in the store and that nobody has scanned."""

    def make(files, **values):
        words = {"admission": "pending", "scan_verdict": ""} | values
        return VersionFactory(files=files, store=content_store(), **words)

    return make


def scan(version, **words):
    told = []
    folded = scan_version(version, report=lambda *what: told.append(what), **words)
    version.refresh_from_db()
    return folded, told


def test_a_clean_version_passes_and_says_how_much_was_read(make_version):
    version = make_version(GOOD)
    folded, told = scan(version)
    gate = version.gates.get(gate="malware")
    assert (folded.verdict, version.scan_verdict, gate.outcome) == ("clean", "clean", "passed")
    assert gate.reason == f"Clean. {len(gate.evidence['engines'])} engines, all 3 files read."
    assert told[0][0] == 0
    assert told[-1][0] == told[-1][1] == Scan.objects.count()


@pytest.mark.parametrize(
    ("files", "verdict", "outcome", "words"),
    [
        ({"a.pkl": HARMLESS_PAYLOAD}, "unsafe", "failed", ("a.pkl", "system")),
        ({"a.bin": b"what is this"}, "incomplete", "unknown", ("a.bin",)),
        ({"a.weird": b"\x00\x01\x02\x03" * 10}, "incomplete", "unknown", ("a.weird",)),
        ({"a.json": b'{"auto_map": {"A": "b.C"}}'}, "suspicious", "failed", ("a.json",)),
        ({"config.json": b"cos\nsystem\n(S'true'\ntR."}, "unsafe", "failed", ("config.json",)),
        ({"config.json": b"\x7fELF" + bytes(60)}, "unsafe", "failed", ("config.json",)),
        ({"config.json": b"PK\x03\x04" + bytes(60)}, "incomplete", "unknown", ("config.json",)),
        ({}, "incomplete", "unknown", ("no file was scanned",)),
    ],
)
def test_what_is_not_clean_never_passes(make_version, files, verdict, outcome, words):
    version = make_version(files)
    scan(version)
    gate = version.gates.get(gate="malware")
    assert (version.scan_verdict, gate.outcome) == (verdict, outcome)
    for word in words:
        assert word in gate.reason


def test_the_worst_file_decides_and_the_others_are_counted(make_version):
    version = make_version(GOOD | {"a.pkl": HARMLESS_PAYLOAD, "b.bin": b"what is this"})
    scan(version)
    gate = version.gates.get(gate="malware")
    assert gate.reason.startswith("Unsafe: a.pkl")
    assert any("b.bin" in reason for reason in gate.evidence["reasons"])


def test_a_content_is_scanned_once_for_all_versions_that_have_it(make_version):
    scan(make_version(GOOD))
    before = dict(Scan.objects.values_list("pk", "scanned_at"))
    other = make_version({"other.safetensors": WEIGHTS})
    folded, told = scan(other)
    assert folded.verdict == "clean"
    assert dict(Scan.objects.values_list("pk", "scanned_at")) == before
    assert len(told) == 1


def test_an_answer_that_was_incomplete_is_asked_for_again(make_version):
    version = make_version({"a.json": b"{}"})
    scan(version)
    Scan.objects.update(verdict="incomplete", coverage="none")
    scan(version)
    assert version.scan_verdict == "clean"
    assert not Scan.objects.filter(verdict="incomplete").exists()


def test_rules_that_changed_are_a_reason_to_scan_again(make_version):
    version = make_version({"a.json": b"{}"})
    scan(version)
    Scan.objects.update(engine="rules of yesterday")
    before = Scan.objects.count()
    scan(version)
    assert Scan.objects.count() == 2 * before
    assert version.scan_verdict == "clean"


def test_the_same_bytes_under_another_name_have_an_answer_of_their_own(make_version):
    same = b'{"auto_map": {"AutoModel": "modeling.Net"}}'
    version = make_version({"a.txt": same, "b.json": same})
    scan(version)
    gate = version.gates.get(gate="malware")
    assert version.scan_verdict == "suspicious"
    assert "b.json" in gate.reason
    assert not any("a.txt" in reason for reason in gate.evidence["reasons"])


def test_a_version_that_turns_unsafe_is_held_at_once(make_version):
    version = make_version({"a.pkl": HARMLESS_PAYLOAD}, admission="admitted", scan_verdict="clean")
    scan(version)
    assert (version.admission, version.scan_verdict) == ("held", "unsafe")


def test_scanning_again_asks_all_engines_again(make_version):
    version = make_version(GOOD)
    scan(version)
    moment = timezone.now()
    scan(version, again=True)
    assert not Scan.objects.filter(scanned_at__lt=moment).exists()


def test_findings_with_characters_that_no_database_keeps_are_kept(make_version):
    payload = b"\x80\x02cos\nsys\x00tem\n(X\x04\x00\x00\x00truetR."
    version = make_version({"a.pkl": payload})
    scan(version)
    assert version.scan_verdict in {"unsafe", "suspicious", "incomplete"}


def test_a_name_with_a_very_long_ending_is_scanned(make_version):
    version = make_version({"a." + "x" * 400: b"text", "b" * 400 + ".json": b"{}"})
    scan(version)
    assert version.scan_verdict in {"clean", "incomplete"}


def test_bytes_that_the_store_lost_are_an_error_and_no_verdict(make_version):
    version = make_version(GOOD)
    content_store().delete(version.files.get(path="config.json").sha256)
    with pytest.raises(Exception, match="is not there"):
        scan(version)
    version.refresh_from_db()
    assert (version.scan_verdict, version.gates.count()) == ("", 0)


def test_nothing_stays_in_the_scratch_folder(make_version, settings):
    scan(make_version(GOOD | {"a.pkl": HARMLESS_PAYLOAD}))
    assert list(settings.SCRATCH_DIR.iterdir()) == []


def test_reports_are_found_by_content(make_version):
    version = make_version(GOOD)
    scan(version)
    digests = set(version.files.values_list("sha256", flat=True))
    found = newest_reports(digests)
    assert set(found) == digests
    assert all(reports for reports in found.values())


def test_clamav_counts_only_where_clamd_is_configured(make_yard, settings):
    assert "clamav" not in {engine.slug for engine in engines()}
    assert absent_engines() == [{"title": "ClamAV", "why": "clamd is not configured here"}]
    settings.CLAMD_HOST, settings.CLAMD_PORT = "127.0.0.1", 9
    assert absent_engines() == []
    with pytest.raises(ScanFailedError) as caught:
        engines()
    assert caught.value.retryable
    assert caught.value.details["engine"] == "clamav"


@pytest.mark.skipif(BINARY is None, reason="clamd is not installed")
def test_a_clamd_that_is_added_later_looks_at_what_is_here(make_version, settings):
    version = make_version({"notes.txt": MARKED})
    scan(version)
    assert version.scan_verdict == "clean"
    with running_clamd() as (address, _):
        settings.CLAMD_SOCKET = address.socket
        scan(version)
    assert version.scan_verdict == "unsafe"
    assert "Yard.Test.Marked" in version.gates.get(gate="malware").reason


def test_a_scratch_folder_that_cannot_be_made_is_waited_for(make_version, settings, tmp_path):
    (tmp_path / "file").write_text("in the way")
    settings.SCRATCH_DIR = tmp_path / "file" / "scratch"
    with pytest.raises(StorageError) as caught:
        scan(make_version(GOOD))
    assert caught.value.retryable
