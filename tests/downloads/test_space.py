"""Full disks stop imports before they are full, and health warns of them earlier."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from core.errors import StorageFullError
from core.storage.configured import content_store
from core.volumes import Volume
from downloads import disks
from downloads.services import space


@pytest.fixture
def disk(tmp_path, settings, monkeypatch):
    """A real disk of ten megabytes under staging; needs root."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    made = mount and subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=10m", "none", folder], capture_output=True, check=False
    )
    if not made or made.returncode:
        pytest.skip("no file system can be mounted here")
    settings.STATE_DIR, settings.STAGING_DIR = tmp_path, folder / "staging"
    settings.STORE_DIR, settings.SCRATCH_DIR = tmp_path / "store", tmp_path / "scratch"
    settings.S3_ENDPOINT = ""
    monkeypatch.setattr(space, "_watch", space._Watch())
    monkeypatch.setattr(space, "EVERY", 0)
    yield folder
    subprocess.run([shutil.which("umount"), "-l", folder], check=True)


def test_a_disk_that_is_nearly_full_stops_imports_until_it_is_not(disk, settings):
    settings.DISK_PAUSE_PERCENT = 80
    stops = space.watched(lambda: None)
    stops()
    (disk / "others").write_bytes(bytes(9 << 20))
    with pytest.raises(StorageFullError, match="The disk of staging is 90 % full"):
        stops()
    (disk / "others").unlink()
    stops()


def test_health_warns_of_a_disk_before_imports_wait_for_it(disk, settings):
    settings.DISK_WARN_PERCENT, settings.DISK_PAUSE_PERCENT = 50, 80
    assert disks.parts()[0].state == "ok"
    (disk / "others").write_bytes(bytes(6 << 20))
    assert (disks.parts()[0].name, disks.parts()[0].state) == ("disk of staging", "warn")
    (disk / "more").write_bytes(bytes(3 << 20))
    part = disks.parts()[0]
    assert (part.state, part.facts["percent"]) == ("bad", 90)


def test_a_disk_that_cannot_be_read_is_not_well():
    assert disks.state_of(Volume(("store",), trouble="Permission denied")) == "bad"


def test_contents_in_an_object_store_are_on_no_disk_of_this_machine(settings):
    settings.S3_ENDPOINT = "http://127.0.0.1:1"
    content_store.cache_clear()
    assert "store" not in disks.places()
    assert "cache" in disks.places()
