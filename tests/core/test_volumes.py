"""Disks: which folder is on which, how full, and what is said of one that cannot be read."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from core.volumes import Volume, free_bytes, same_volume, volumes_of

MOUNT, UMOUNT = shutil.which("mount"), shutil.which("umount")


@pytest.fixture
def disk(tmp_path):
    """A file system of four megabytes with a blank in its name; needs root."""
    folder = tmp_path / "small disk"
    folder.mkdir()
    made = MOUNT and subprocess.run(
        [MOUNT, "-t", "tmpfs", "-o", "size=4m", "none", folder], capture_output=True, check=False
    )
    if not made or made.returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run([UMOUNT, "-l", folder], check=True)


def test_folders_of_one_disk_are_one_volume(tmp_path):
    (volume,) = volumes_of({"staging": tmp_path / "a" / "not yet", "store": tmp_path})
    room = os.statvfs(tmp_path)
    assert volume.places == ("staging", "store")
    assert tmp_path.is_relative_to(volume.mount)
    assert volume.total == room.f_blocks * room.f_frsize
    assert volume.kind
    assert volume.trouble == ""


def test_another_disk_is_another_volume_with_its_own_fill(tmp_path, disk):
    (disk / "full").write_bytes(bytes(3 << 20))
    first, second = volumes_of({"staging": tmp_path, "store": disk / "below"})
    assert (second.places, second.mount, second.kind) == (("store",), str(disk), "tmpfs")
    assert (second.total, second.used, second.percent) == (4 << 20, 3 << 20, 75)
    assert first.device != second.device
    assert not same_volume(tmp_path, disk / "below")
    assert free_bytes(disk / "below" / "deeper") == 1 << 20


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_says_why(tmp_path):
    (tmp_path / "shut").mkdir(mode=0)
    (volume,) = volumes_of({"store": tmp_path / "shut" / "inside"})
    assert volume.trouble


@pytest.mark.parametrize(
    ("used", "free", "percent"), [(0, 0, 0), (0, 10, 0), (1, 999, 1), (95, 5, 95), (10, 0, 100)]
)
def test_a_disk_is_as_full_as_df_says(used, free, percent):
    assert Volume(("x",), total=used + free, used=used, free=free).percent == percent


def test_a_path_that_is_nowhere_ends_at_the_root():
    assert free_bytes(Path("/nowhere/at/all")) > 0
