"""A disk or a store that is full or away while a model comes in: waited for, nothing lost."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from core.models import RunState
from core.storage.configured import content_store
from registry.models import Content
from tests.catalog.faulty import (
    BIG,
    WEIGHTS,
    assert_all_is_well,
    assert_it_waits,
    assert_nothing_is_out,
    at_fetch,
    big,
)
from tests.services.ports import free_ports

__all__ = ["big"]
MOUNT, UMOUNT = shutil.which("mount"), shutil.which("umount")


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
