"""Everything that can go wrong on the way of the bytes: waited for, said, never half done."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.services.intake import retry_intake
from core import runs
from core.models import Run, RunState
from core.storage.configured import content_store
from registry.models import Content
from tests.services.ports import free_ports
from tests.standins.repos import tiny_safetensors
from tests.standins.yard import Yard

BIG = "acme/big"
WEIGHTS = tiny_safetensors({"w": ("F32", [300_000])})
MOUNT, UMOUNT = shutil.which("mount"), shutil.which("umount")
LFS = "GET /repos/"


@pytest.fixture
def big(yard: Yard) -> Yard:
    """A yard whose upstream has a model with weights worth a fault, ready to be fetched."""
    card = "---\nlicense: mit\n---\nBig.\n"
    yard.upstream.repos.repo(BIG, {"README.md": card, "model.safetensors": WEIGHTS})
    yard.upstream.reload()
    return yard


def at_fetch(yard: Yard, **faults) -> Run:
    """A run whose next step fetches, from a source that has these faults from now on."""
    run = yard.drive(yard.ask(BIG).run, until="fetch")
    yard.upstream.config(**faults)
    return run


def assert_all_is_well(yard: Yard, run: Run) -> None:
    yard.drive(run)
    assert (run.state, run.error) == (RunState.DONE, "")
    assert yard.version(run).admission == "admitted"
    sha256 = yard.version(run).files.get(path="model.safetensors").sha256
    assert yard.store.local_path(sha256).read_bytes() == WEIGHTS
    assert yard.staged() == []


def assert_nothing_is_out(yard: Yard, run: Run) -> None:
    version = yard.version(run)
    assert version.admission != "admitted"
    assert yard.hub_status(BIG, "model.safetensors") == 403
    assert yard.hub_status(BIG, "model.safetensors", tier="lite") == 404


def assert_it_waits(run: Run, step: str, code: str, words: str) -> None:
    """The run stands still at this step with a reason, and none of its tries is used up."""
    row = run.steps.get(name=step)
    assert (run.state, run.waiting_for, run.is_waiting) == (RunState.RUNNING, code, True)
    assert (row.state, row.retries, row.claims) == ("waiting", 0, 0)
    assert words in row.message


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
    assert big.slept == [3.0, 3.0]


@pytest.mark.parametrize("asked", ["99999999999", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_source_cannot_make_a_run_wait_for_ever(big, asked):
    limit = {"match": "GET /api/models/", "status": 429, "headers": {"Retry-After": asked}}
    big.upstream.config(inject=[limit])
    run = big.turn(big.ask(BIG).run)
    assert run.lease_until is None
    assert run.not_before <= timezone.now() + timedelta(hours=1)


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


@pytest.fixture
def small_disk(tmp_path):
    """Mount a file system of two megabytes; needs root."""
    if MOUNT is None or UMOUNT is None:
        pytest.skip("there is no mount here")
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        [MOUNT, "-t", "tmpfs", "-o", "size=1m", "none", folder], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip(f"no file system of a size can be mounted here: {made.stderr.decode()}")
    yield folder
    subprocess.run([UMOUNT, "-l", folder], check=True)


def test_a_disk_that_is_too_small_is_said_before_the_first_byte(big, small_disk, settings):
    settings.STAGING_DIR = small_disk / "staging"
    run = at_fetch(big)
    big.upstream.reset()
    big.turn(run)
    assert_it_waits(run, "fetch", "storage_full", "of free space")
    assert big.upstream.log() == []
    assert_nothing_is_out(big, run)
    subprocess.run([MOUNT, "-o", "remount,size=640m", small_disk], check=True)
    assert_all_is_well(big, run)


def test_a_disk_that_fills_up_in_the_middle_loses_nothing(big, small_disk, settings, monkeypatch):
    monkeypatch.setattr("downloads.policy.MARGIN", -10 * len(WEIGHTS))  # others took the space
    settings.DISK_PAUSE_PERCENT = 100
    settings.STAGING_DIR = small_disk / "staging"
    run = at_fetch(big)
    big.turn(run)
    assert_it_waits(run, "fetch", "storage_full", "no space left on the disk")
    assert_nothing_is_out(big, run)
    subprocess.run([MOUNT, "-o", "remount,size=64m", small_disk], check=True)
    assert_all_is_well(big, run)


def test_a_store_that_fills_up_loses_nothing(big, small_disk, settings):
    run = big.drive(big.ask(BIG).run, until="verify")
    settings.STORE_DIR = small_disk / "store"
    content_store.cache_clear()
    content_store().prepare()
    big.turn(run)
    assert_it_waits(run, "verify", "storage_full", "no space left")
    assert_nothing_is_out(big, run)
    assert not Content.objects.filter(size=len(WEIGHTS)).exists()
    assert len(big.staged()) == 1
    subprocess.run([MOUNT, "-o", "remount,size=64m", small_disk], check=True)
    big.upstream.reset()
    big.drive(run)
    assert run.state == RunState.DONE
    assert big.upstream.log() == []


def test_a_store_that_is_not_there_is_waited_for(big):
    run = big.drive(big.ask(BIG).run, until="verify")
    (big.folder / "store").rename(big.folder / "unmounted")
    big.turn(run)
    assert_it_waits(run, "verify", "storage_unavailable", "not prepared, or not mounted")
    (big.folder / "unmounted").rename(big.folder / "store")
    assert_all_is_well(big, run)


def test_an_object_store_that_is_away_is_waited_for_and_the_run_goes_on(big, seaweed, settings):
    run = at_fetch(big)
    settings.S3_ACCESS_KEY, settings.S3_SECRET_KEY = seaweed.access_key, seaweed.secret_key
    settings.S3_BUCKET = "thread"
    settings.S3_ENDPOINT = f"http://127.0.0.1:{free_ports(1)[0]}"
    settings.CACHE_DIR = big.folder / "cache"
    content_store.cache_clear()
    big.drive(run, until="verify")
    big.turn(run)
    assert_it_waits(run, "verify", "storage_unavailable", "does not answer")
    settings.S3_ENDPOINT = seaweed.endpoint
    content_store.cache_clear()
    content_store().prepare()
    big.upstream.reset()
    big.drive(run)
    assert (run.state, run.error) == (RunState.DONE, "")
    assert big.upstream.log() == []
    version = big.version(run)
    assert version.admission == "admitted"
    sha256 = version.files.get(path="model.safetensors").sha256
    assert content_store().read_range(sha256, 0, len(WEIGHTS)) == WEIGHTS
    assert big.staged() == []


def test_the_name_of_a_model_that_vanished_after_it_was_pinned_is_said(big):
    run = at_fetch(big)
    (big.upstream.repos.root / "models" / BIG).rename(big.folder / "gone")
    big.upstream.reload()
    big.drive(run)
    assert (run.state, run.error_code) == (RunState.FAILED, "upstream_not_found")
    assert BIG in run.error
    assert_nothing_is_out(big, run)
