"""What the yard that a model comes from found: shown, able to hold back, and no gate's answer."""

from __future__ import annotations

import json

import pytest

from catalog.bundles import signing
from catalog.bundles.papers import HELD_THERE, LEFT_THERE
from catalog.openness import papers_with
from catalog.services.dry_run import dry_run
from downloads.planning.selection import ALL, Selection
from registry.enums import Gate
from registry.models import User
from tests.catalog.test_received_papers import asked, sent
from tests.standins import papers
from tests.standins.repos import HARMLESS_PAYLOAD, RENAMED_TO

__all__ = ["sent"]
WEIGHTS = "model.safetensors"
BAD = "w.pkl"


def kept(version) -> dict:
    return papers_with(version) or {}


def test_signed_papers_are_asked_for_once_and_kept(sent):
    made = papers.answer_of(RENAMED_TO, scan=papers.sarif(papers.finding(WEIGHTS, "warning")))
    yard = sent(made)
    version = yard.admit(RENAMED_TO)
    assert asked(yard) == [f"/api/yard/models/{RENAMED_TO}/papers/{version.commit}"]
    assert kept(version) == {
        "state": "trusted",
        "said": "Papers signed by North.",
        "signer": "North",
        "key": signing.key_id(papers.KEY.public_key()),
        "yard": "North",
        "created": "2026-11-22T12:00:00Z",
        "reach": "open",
        "told": {
            "admission": "admitted",
            "lowest_tier": "lite",
            "scan_verdict": "clean",
            "engines": ["Their engine 7"],
            "findings": {"error": 0, "warning": 1, "note": 0},
        },
    }
    own = version.gates.get(gate=Gate.MALWARE)
    assert own.evidence["engines"]
    assert "Their engine" not in json.dumps(own.evidence)


def test_words_that_no_row_can_hold_stop_nothing(sent):
    driver = {"name": "An\0engine", "version": "\0"}
    scan = {"runs": [{"tool": {"driver": driver}, "results": [{"level": "err\0r"}, 7]}]}
    version = sent(papers.answer_of(RENAMED_TO, scan=scan, yard="No\0rth")).admit(RENAMED_TO)
    assert kept(version)["state"] == "trusted"
    assert "\0" not in json.dumps(kept(version), ensure_ascii=False)


def test_a_source_that_is_no_yard_is_not_asked(yard):
    version = yard.admit(RENAMED_TO)
    assert (asked(yard), papers_with(version)) == ([], None)


def test_without_papers_a_model_is_admitted(sent):
    version = sent(status=404).admit(RENAMED_TO)
    assert (kept(version)["state"], kept(version)["said"][:30]) == (
        "absent",
        "The yard it comes from has no ",
    )


def test_an_unsafe_verdict_there_blocks_before_a_byte_moves(sent):
    yard = sent(papers.answer_of(RENAMED_TO, decision={"scan_verdict": "unsafe"}))
    run = yard.bring(RENAMED_TO)
    version = yard.version(run)
    assert (version.admission, yard.states(run)["fetch"]) == ("held", "skipped")
    gate = version.gates.get(gate=Gate.MALWARE)
    assert (gate.outcome, gate.reason) == ("failed", "The yard it comes from calls it unsafe.")
    assert kept(version)["told"]["scan_verdict"] == "unsafe"
    foretold = dry_run(caller=yard.person(), text=RENAMED_TO).decision
    assert foretold.admission == "held"


@pytest.mark.parametrize("word", ["held", "withdrawn"])
def test_what_is_not_offered_there_is_held(sent, word):
    yard = sent(papers.answer_of(RENAMED_TO, decision={"admission": word}), trust=False)
    version = yard.version(yard.bring(RENAMED_TO))
    assert version.admission == "held"
    assert word in version.gates.get(gate=Gate.MALWARE).reason


def test_a_block_outlives_papers_that_go_away(sent):
    yard = sent(papers.answer_of(RENAMED_TO, decision={"scan_verdict": "unsafe"}))
    yard.bring(RENAMED_TO)
    sent(status=404)
    version = yard.version(yard.bring(RENAMED_TO, force=True))
    assert (version.admission, kept(version)["state"]) == ("held", "absent")
    sent()
    again = yard.version(yard.bring(RENAMED_TO, force=True))
    assert (again.admission, kept(again)["state"]) == ("admitted", "trusted")


def test_a_finding_there_warns_of_its_file(sent):
    scan = papers.sarif(papers.finding(WEIGHTS))
    version = (yard := sent(papers.answer_of(RENAMED_TO, scan=scan))).version(
        yard.bring(RENAMED_TO)
    )
    assert version.admission == "held"
    assert f"calls {WEIGHTS} unsafe" in version.gates.get(gate=Gate.MALWARE).reason


def test_what_was_accepted_there_is_left_to_our_engines(sent):
    finding = papers.finding(WEIGHTS, suppressions=[{"kind": "external", "status": "accepted"}])
    version = sent(papers.answer_of(RENAMED_TO, scan=papers.sarif(finding))).admit(RENAMED_TO)
    assert kept(version)["told"]["findings"]["error"] == 1


def test_a_clean_verdict_there_opens_nothing_here(sent, yard):
    card = "---\nlicense: apache-2.0\n---\nA trap.\n"
    yard.upstream.repos.repo("acme/trap", {"README.md": card, BAD: HARMLESS_PAYLOAD})
    yard.upstream.reload()
    sent(papers.answer_of("acme/trap"))
    version = yard.version(yard.bring("acme/trap"))
    assert kept(version)["told"]["scan_verdict"] == "clean"
    assert (version.admission, version.scan_verdict) == ("held", "unsafe")


def test_what_is_not_given_there_is_pinned_as_left_out(sent, yard):
    more = papers.files_of(RENAMED_TO)[0]
    held = more.model_copy(update={"path": BAD, "left_out": HELD_THERE})
    left = more.model_copy(update={"path": "big.bin", "sha256": "", "left_out": "not selected"})
    sent(papers.answer_of(RENAMED_TO, files=[*papers.files_of(RENAMED_TO), held, left]))
    version = yard.admit(RENAMED_TO, selection=Selection(exclude=("README.md",)))
    rows = dict(version.files.exclude(left_out="").values_list("path", "left_out"))
    assert rows.pop("README.md")
    assert rows == {BAD: HELD_THERE, "big.bin": LEFT_THERE}
    assert version.file_count == 2
    wider = yard.admit(RENAMED_TO, selection=ALL)
    assert wider.file_count == 3
    assert set(wider.files.exclude(left_out="").values_list("path", flat=True)) == {BAD, "big.bin"}


def test_what_was_not_open_there_waits_for_a_curator_here(sent, yard):
    sent(papers.answer_of(RENAMED_TO, reach="gated"))
    version = yard.version(yard.bring(RENAMED_TO))
    gate = version.gates.get(gate=Gate.SOURCE)
    assert (version.admission, gate.outcome) == ("held", "failed")
    assert "gated repository; a curator decides" in gate.reason
    assert gate.evidence["reach"] == "gated"
    sent(status=500)
    again = yard.version(yard.bring(RENAMED_TO, force=True))
    assert (again.admission, kept(again)["state"]) == ("held", "down")


def test_what_its_source_hides_is_private_here(sent, yard):
    sent(papers.answer_of(RENAMED_TO, reach="private"))
    assert yard.version(yard.bring(RENAMED_TO)).model.is_private


def lying(path="config.json"):
    return [
        file.model_copy(update={"sha256": "d" * 64}) if file.path == path else file
        for file in papers.files_of(RENAMED_TO)
    ]


def test_bytes_other_than_a_trusted_key_signed_are_held(sent, yard):
    sent(papers.answer_of(RENAMED_TO, files=lying()))
    run = yard.bring(RENAMED_TO)
    version = yard.version(run)
    assert (version.admission, run.error_code) == ("held", "integrity_mismatch")
    assert "config.json has another SHA-256 than they say, which North signed." in run.error
    assert version.gates.get(gate=Gate.INTEGRITY).outcome == "failed"


def test_papers_of_nobody_known_that_lie_about_bytes_are_refused(sent, yard):
    sent(papers.answer_of(RENAMED_TO, files=lying(), key=None))
    version = yard.admit(RENAMED_TO)
    assert kept(version)["state"] == "refused"
    assert "config.json has another SHA-256" in kept(version)["said"]


@pytest.fixture
def page(sent, client):
    """The Scan tab of what was brought with these papers."""

    def show(made=None, **answer):
        yard = sent(made, **answer)
        version = yard.version(yard.bring(RENAMED_TO))
        client.force_login(User.objects.get(pk=yard.person().user_id))
        return client.get(f"/models/{version.model.slug}/scan/").content.decode()

    return show


def test_the_scan_tab_shows_their_words_beside_ours(page):
    scan = papers.sarif(papers.finding(WEIGHTS, "note"))
    text = page(papers.answer_of(RENAMED_TO, scan=scan))
    assert "Papers signed by North." in text
    assert "0 errors, 0 warnings, 1 notes" in text
    assert "Written 2026-11-22T12:00:00Z by North." in text
    assert "Engines" in text


def test_the_scan_tab_says_whose_key_is_not_trusted_and_what_is_missing(page):
    key = signing.new_key()
    text = page(papers.answer_of(RENAMED_TO, key=key))
    assert signing.key_id(key.public_key())[:12] in text
    assert "manage.py bundle trust" in text


def test_the_scan_tab_says_why_there_are_none(page):
    text = page(status=403, headers={"X-Error-Message": "<b>Not for you.</b>"})
    assert "The yard it comes from refuses its papers: it answers 403" in text
    assert "&lt;b&gt;Not for you.&lt;/b&gt;" in text
