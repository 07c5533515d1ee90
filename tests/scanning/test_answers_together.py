"""Waivers, files that are held back and re-scans of one version: each keeps its promise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from registry.models import AuditEvent, Notice
from scanning.models import Rescan, Scan, VersionScan
from scanning.scanners import Finding, Severity, scanners
from scanning.scanners.base import Canary, conclude
from scanning.services import rounds
from scanning.services.answers import answer_again
from scanning.services.published import notice_engines
from scanning.services.reviewing import review_waivers
from scanning.services.waivers import take_back
from tests.registry.conftest import caller, person
from tests.scanning.published import bring, fresh, publish, rescan, turn, unread, upgrade
from tests.scanning.reports import accept, malware
from tests.scanning.twin_files import pytorch, safe

__all__ = ["bring", "caller", "person", "publish", "unread", "upgrade"]
EVIL, GOOD = pytorch(evil=True), pytorch()
WEIGHTS = "pytorch_model.bin"
PAIR = {"config.json": b"{}", "model.safetensors": safe(), WEIGHTS: GOOD}


def held(version):
    return set(version.files.exclude(held_back="").values_list("path", flat=True))


def state(version):
    version = fresh(version)
    return version.admission, version.scan_verdict, held(version)


def findings_of(version):
    sha256 = version.files.get(path=WEIGHTS).sha256
    reports = Scan.objects.filter(sha256=sha256)
    return sha256, {one["rule"] for report in reports for one in report.findings}


@pytest.fixture
def admin(make_yard, caller):
    return caller(roles=("admin",), username="ada")


def test_a_file_that_is_held_back_is_served_while_what_was_found_in_it_is_accepted(publish, admin):
    version = publish(PAIR | {WEIGHTS: EVIL})
    assert state(version) == ("admitted", "clean", {WEIGHTS})
    sha256, rules = findings_of(version)
    waivers = [accept(admin, sha256=sha256, rule=rule) for rule in sorted(rules)]
    review_waivers()
    assert state(version) == ("admitted", "clean", set())
    assert {one["path"] for one in malware(version).evidence["waivers"]} == {WEIGHTS}
    assert fresh(version).file_count == 3
    take_back(caller=admin, waiver=waivers[0])
    review_waivers()
    assert state(version) == ("admitted", "clean", {WEIGHTS})
    assert malware(version).evidence["waivers"] == []
    assert fresh(version).file_count == 2


def test_what_was_judged_again_for_a_waiver_is_still_due_for_new_engines(publish, admin, upgrade):
    version = publish(PAIR | {WEIGHTS: EVIL})
    by = VersionScan.objects.get(version=version)
    rescan()
    upgrade("plain_files")
    sha256, rules = findings_of(version)
    for rule in rules:
        accept(admin, sha256=sha256, rule=rule)
    review_waivers()
    assert VersionScan.objects.get(version=version).at == by.at
    assert rescan().result["versions"] == 1
    assert state(version) == ("admitted", "clean", set())  # what is accepted stays so


def test_while_a_rescan_is_put_off_a_waiver_rests_on_the_answers_before(publish, upgrade, unread):
    version = publish()
    rescan()
    upgrade("plain_files")
    unread.append("plain_files")
    rescan()
    assert Rescan.objects.get().tries == 1
    assert not answer_again(fresh(version))
    assert state(version) == ("admitted", "clean", set())


def test_a_file_that_could_not_be_looked_at_again_is_not_held_back_at_once(
    publish, upgrade, unread
):
    version = publish(PAIR)
    rescan()
    upgrade("pickle_ops")
    unread.append("pickle_ops")
    for tries in range(1, 5):
        Rescan.objects.update(not_before=None)
        rescan()
        assert Rescan.objects.get().tries == tries
        assert state(version) == ("admitted", "clean", set())
    Rescan.objects.update(not_before=None)
    rescan()
    assert state(version) == ("admitted", "clean", {WEIGHTS})
    assert not Rescan.objects.exists()
    assert not Notice.objects.exists()
    unread.clear()
    upgrade("pickle_ops", "100")
    rescan()
    assert state(version) == ("admitted", "clean", set())
    assert fresh(version).file_count == 3


def test_a_rescan_holds_back_what_new_rules_find_and_nobody_is_told_of_a_loss(
    publish, upgrade, monkeypatch
):
    version = publish(PAIR)
    rescan()
    upgrade("pickle_ops")
    real = rounds.scan_proven

    def finding(asked, *rest):
        proven = real(asked, *rest)
        found = conclude([Finding("odd_call", Severity.HIGH, "calls what it should not")])
        mine = [one.slug == "pickle_ops" and one.target.name == WEIGHTS for one in asked]
        told = zip(mine, proven.reports, strict=True)
        return replace(proven, reports=tuple(found if is_mine else one for is_mine, one in told))

    monkeypatch.setattr(rounds, "scan_proven", finding)
    assert rescan().result["held"] == 0
    assert state(version) == ("admitted", "clean", {WEIGHTS})
    assert (fresh(version).file_count, fresh(version).model.admission) == (2, "admitted")
    assert AuditEvent.objects.filter(action="version.rescan", subject=str(version)).exists()
    assert not Notice.objects.exists()


def test_an_engine_that_is_broken_is_waited_for_and_takes_nothing_away(
    publish, upgrade, monkeypatch
):
    version = publish(PAIR)
    rescan()
    upgrade("pickle_ops")
    run = notice_engines()
    turn(run)
    with monkeypatch.context() as patch:
        blind = Canary("x.pkl", b"\x80\x04N.")
        patch.setattr(scanners.get("pickle_ops"), "canary", lambda _: blind)
        for _ in range(7):
            turn(run)
            assert (run.state, run.waiting_for) == ("running", "rescan_waits")
        assert Rescan.objects.get().tries == 0
        assert state(version) == ("admitted", "clean", set())
    turn(run)
    assert (run.state, run.result["versions"]) == ("done", 1)
    assert state(version) == ("admitted", "clean", set())
