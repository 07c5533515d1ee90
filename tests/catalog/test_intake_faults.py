"""Everything that a source can do wrong with bytes: survived or said, never half done."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.services.intake import retry_intake
from core import runs
from core.models import RunState
from registry.models import Content
from tests.catalog.faulty import (
    BIG,
    WEIGHTS,
    assert_all_is_well,
    assert_nothing_is_out,
    at_fetch,
    big,
)

__all__ = ["big"]
LFS = "GET /repos/"


@pytest.mark.parametrize(
    "faults",
    [
        {"reset_after_bytes": 500_000, "reset_times": 2},
        {"short_after_bytes": 500_000, "short_times": 2},
        {"inject": [{"match": LFS, "status": 500, "times": 2}]},
        {"inject": [{"match": LFS, "status": 503, "times": 1}]},
        {"inject": [{"match": LFS, "status": 403, "times": 1}]},
        {"inject": [{"match": LFS, "drop": True, "status": 0, "times": 2}]},
        {"no_range": True, "reset_after_bytes": 500_000, "reset_times": 1},
    ],
    ids=["reset", "truncation", "500", "503", "expired address", "dropped", "no ranges"],
)
def test_a_passing_fault_is_survived_and_the_bytes_are_the_same(big, faults):
    run = at_fetch(big, **faults)
    assert_all_is_well(big, run)


@pytest.mark.parametrize(
    ("match", "status", "code", "words"),
    [
        (LFS, 401, "upstream_forbidden", "model.safetensors (401)"),
        (LFS, 403, "upstream_forbidden", "model.safetensors (403)"),
        (LFS, 404, "upstream_not_found", "does not have model.safetensors"),
        ("HEAD .*/resolve/", 404, "upstream_not_found", "acme/big"),
        ("HEAD .*/resolve/", 403, "upstream_forbidden", "acme/big"),
    ],
)
def test_a_refusal_of_the_bytes_ends_the_run_and_keeps_what_came(big, match, status, code, words):
    run = at_fetch(big, inject=[{"match": match, "status": status}])
    big.drive(run)
    assert (run.state, run.error_code) == (RunState.FAILED, code)
    assert words in run.error
    assert "Signature" not in run.error
    assert big.states(run)["fetch"] == "failed"
    assert_nothing_is_out(big, run)
    big.upstream.reset()
    retry_intake(caller=big.person(role="operator"), run=run)
    assert_all_is_well(big, run)


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_source_that_stays_down_ends_the_run_after_tries_and_is_continued(big, status):
    run = at_fetch(big, inject=[{"match": LFS, "status": status}])
    big.drive(run)
    assert (run.state, run.error_code) == (RunState.FAILED, "upstream_unavailable")
    assert str(status) in run.error
    assert run.steps.get(name="fetch").retries == runs.MAX_RETRIES
    assert_nothing_is_out(big, run)
    big.upstream.reset()
    retry_intake(caller=big.person(role="operator"), run=run)
    assert_all_is_well(big, run)


def test_a_limit_is_waited_for_as_long_as_the_source_asks(big):
    limit = {"match": "GET /api/models/", "status": 429, "headers": {"Retry-After": "600"}}
    big.upstream.config(inject=[limit])
    run = big.turn(big.ask(BIG).run)
    assert run.state == RunState.RUNNING
    assert run.not_before > timezone.now() + timedelta(seconds=590)
    step = run.steps.get(name="resolve")
    assert (step.state, step.retries) == ("waiting", 1)
    assert "limits our requests; again in 600 s" in step.message
    big.upstream.reset()
    assert_all_is_well(big, run)


def test_a_short_limit_is_waited_for_within_the_step(big):
    limit = {"match": "GET /api/models/", "status": 429, "headers": {"Retry-After": "3"}}
    big.upstream.config(inject=[limit | {"times": 2}])
    run = big.turn(big.ask(BIG).run)
    assert big.states(run)["resolve"] == "done"
    assert [3.0 <= wait <= 3.75 for wait in big.slept] == [True, True]


@pytest.mark.parametrize("asked", ["99999999999", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_source_cannot_make_a_run_wait_for_ever(big, asked):
    limit = {"match": "GET /api/models/", "status": 429, "headers": {"Retry-After": asked}}
    big.upstream.config(inject=[limit])
    run = big.turn(big.ask(BIG).run)
    assert run.lease_until is None
    assert run.not_before <= timezone.now() + timedelta(hours=1.25)


def test_other_bytes_than_published_are_tried_three_times_and_then_held(big):
    run = at_fetch(big, corrupt={"model.safetensors": "flip"})
    big.upstream.config(corrupt={"model.safetensors": "flip"})
    big.drive(run)
    assert (run.state, run.error_code) == (RunState.FAILED, "integrity_mismatch")
    expected = hashlib.sha256(WEIGHTS).hexdigest()
    flipped = bytearray(WEIGHTS)
    flipped[len(WEIGHTS) // 2] ^= 0xFF
    actual = hashlib.sha256(flipped).hexdigest()
    assert expected in run.error
    assert actual in run.error
    assert "model.safetensors" in run.error
    fetched = [entry for entry in big.upstream.log("cdn") if entry["sent"] == len(WEIGHTS)]
    assert len(fetched) == 3
    version = big.version(run)
    gate = version.gates.get(gate="integrity")
    assert (version.admission, gate.outcome) == ("held", "failed")
    assert actual in gate.reason
    assert gate.evidence["path"] == "model.safetensors"
    assert not Content.objects.filter(sha256__in=[actual, expected]).exists()
    assert_nothing_is_out(big, run)
    left = [path for path in big.staged() if path.stat().st_size == len(WEIGHTS)]
    assert left == []


def test_after_other_bytes_a_new_try_brings_the_right_ones(big):
    run = at_fetch(big, corrupt={"model.safetensors": "zeros"})
    big.drive(run)
    big.upstream.config(corrupt={})
    retry_intake(caller=big.person(role="curator"), run=run)
    assert_all_is_well(big, run)
    assert big.version(run).gates.get(gate="integrity").outcome == "passed"


@pytest.mark.parametrize("how", ["append", "truncate"])
def test_a_file_of_another_length_never_gets_in(big, how):
    run = at_fetch(big, corrupt={"model.safetensors": how})
    big.drive(run)
    assert run.state == RunState.FAILED
    assert run.error_code in {"integrity_mismatch", "upstream_unavailable"}
    assert "model.safetensors" in run.error
    assert_nothing_is_out(big, run)


def test_a_small_file_with_other_bytes_is_found_by_its_git_id(big):
    run = at_fetch(big, corrupt={"README.md": "flip"})
    big.drive(run)
    assert (run.state, run.error_code) == (RunState.FAILED, "integrity_mismatch")
    assert "README.md" in run.error
    assert big.version(run).admission == "held"


def test_the_name_of_a_model_that_vanished_after_it_was_pinned_is_said(big):
    run = at_fetch(big)
    (big.upstream.repos.root / "models" / BIG).rename(big.folder / "gone")
    big.upstream.reload()
    big.drive(run)
    assert (run.state, run.error_code) == (RunState.FAILED, "upstream_not_found")
    assert BIG in run.error
    assert_nothing_is_out(big, run)
