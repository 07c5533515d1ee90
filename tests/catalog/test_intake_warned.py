"""What the source's own scanners warn of is held, whatever engines here find."""

from __future__ import annotations

import pytest

from catalog.bundles.papers import Told, ToldFile, VersionPaper
from catalog.selectors.scans import scan_issues
from catalog.services.bundle_rows import pin_papers
from catalog.services.dry_run import dry_run
from downloads.planning.selection import Selection
from registry.enums import Gate, GateMode
from registry.models import Policy
from scanning.services.warned import objection_of_source
from tests.factories.registry import UserFactory
from tests.standins.repos import RENAMED_TO

WEIGHTS = "model.safetensors"


@pytest.fixture
def warned(yard):
    yard.upstream.change(RENAMED_TO, security={WEIGHTS: "unsafe"})
    return yard


def malware(version):
    return version.gates.get(gate=Gate.MALWARE)


def test_it_is_held_before_a_byte_moves(warned):
    run = warned.bring(RENAMED_TO)
    version = warned.version(run)
    assert (version.admission, version.scan_verdict) == ("held", "")
    assert warned.states(run)["fetch"] == "skipped"
    gate = malware(version)
    assert gate.outcome == "failed"
    assert gate.reason.startswith(f"Its source calls {WEIGHTS} unsafe.")
    assert not version.files.exclude(content=None).exists()
    assert scan_issues(version) == [
        {
            "title": "The source warns of it",
            "severity": "high",
            "description": f"{WEIGHTS}: unsafe",
            "source": "huggingface",
            "rule": None,
            "sha256": version.files.get(path=WEIGHTS).sha256,
            "waiver": None,
        }
    ]


def test_the_dry_run_foretells_it(warned):
    found = dry_run(caller=warned.person(), text=RENAMED_TO)
    assert found.decision.admission == "held"
    reasons = [one for tier in found.decision.tiers for one in tier.blockers]
    assert any(f"calls {WEIGHTS} unsafe" in one.reason for one in reasons)


def test_without_the_file_it_is_admitted(warned):
    run = warned.bring(RENAMED_TO, selection=Selection(exclude=(WEIGHTS,)))
    assert warned.version(run).admission == "admitted"


def test_where_a_policy_only_notes_it_our_own_scan_is_told_beside_it(warned):
    for row in list(Policy.objects.filter(is_active=True)):
        Policy.objects.filter(pk=row.pk).update(is_active=False)
        gates = {**row.gates, Gate.MALWARE.value: GateMode.AUDIT.value}
        Policy.objects.create(tier=row.tier, number=9, gates=gates, limits=row.limits)
    version = warned.admit(RENAMED_TO)
    gate = malware(version)
    assert (version.scan_verdict, gate.outcome) == ("clean", "failed")
    assert "calls model.safetensors unsafe" in gate.reason
    assert "Our own scan: Clean." in gate.reason


def test_a_warning_that_comes_later_holds_what_was_admitted(yard):
    version = yard.admit(RENAMED_TO)
    yard.upstream.change(RENAMED_TO, security={WEIGHTS: "suspicious"})
    yard.bring(RENAMED_TO, force=True)
    version.refresh_from_db()
    assert (version.admission, version.scan_verdict) == ("held", "clean")
    assert "calls model.safetensors suspicious" in malware(version).reason


def test_a_warning_that_is_taken_back_holds_no_longer(warned):
    run = warned.bring(RENAMED_TO)
    assert warned.version(run).admission == "held"
    warned.upstream.change(RENAMED_TO, security={})
    version = warned.version(warned.bring(RENAMED_TO, force=True))
    assert (version.admission, malware(version).outcome) == ("admitted", "passed")


@pytest.mark.parametrize("word", ["queued", "error", "unscanned"])
def test_what_nobody_looked_at_is_left_to_our_own_scan(yard, word):
    yard.upstream.change(RENAMED_TO, security={WEIGHTS: word})
    version = yard.admit(RENAMED_TO)
    assert malware(version).reason.startswith("Clean.")


def test_the_scan_tab_says_whose_word_it_is(yard, client):
    words = {WEIGHTS: "unsafe", "gone.bin": "suspicious", "README.md": "queued"}
    yard.upstream.change(RENAMED_TO, security=words)
    version = yard.version(yard.bring(RENAMED_TO))
    client.force_login(UserFactory(), backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(f"/models/{version.model.slug}/scan/")
    rows = page.context["said"]["rows"]
    assert [(row["path"], row["severity"], row["taken"]) for row in rows] == [
        (WEIGHTS, "high", True),
        ("gone.bin", "medium", False),
        ("README.md", "", True),
    ]
    text = page.content.decode()
    assert "the word of Hugging Face" in text
    assert "not taken here" in text
    assert "Not scanned yet" in text


def test_what_was_said_travels_in_a_bundle(yard):
    yard.upstream.change(RENAMED_TO, security={WEIGHTS: "unsafe"})
    version = yard.version(yard.bring(RENAMED_TO))
    listed = ToldFile(path=WEIGHTS, size=1, sha256="a" * 64, git_oid="", lfs=True)
    paper = VersionPaper(
        source="huggingface",
        repo_id="acme/elsewhere",
        commit="b" * 40,
        number=1,
        parent="",
        private=False,
        reach="open",
        told=Told(),
        files=[listed],
        facts=version.facts,
    )
    (brought,) = pin_papers([paper], for_user=None)
    assert "calls model.safetensors unsafe" in objection_of_source(brought)
