"""Files of this machine are copied by the contract that all fetchers keep."""

from __future__ import annotations

import os
import random
from pathlib import Path
from urllib.parse import quote

import pytest

from core.errors import (
    CancelledError,
    IntegrityError,
    InvalidInputError,
    StorageFullError,
    UpstreamForbiddenError,
    UpstreamNotFoundError,
)
from downloads.fetchers import FetchRequest, Progress, local, staging_path
from downloads.fetchers.local import LocalFetcher
from downloads.fetchers.staging import control_file

SIZE = (9 << 20) + 7
DATA = random.Random(5).randbytes(SIZE)  # noqa: S311 reproducible, not secret


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "models" / "one").mkdir(parents=True)
    (tmp_path / "staging").mkdir()
    (tmp_path / "models" / "one" / "w.bin").write_bytes(DATA)
    return tmp_path / "models"


@pytest.fixture(params=["kernel", "blocks"])
def staging(request, folder, monkeypatch) -> Path:
    """Once copied by the kernel, once as on a file system that cannot."""
    if request.param == "blocks":

        def cannot(*args):
            raise OSError(local.errno.EXDEV, "other file system")

        monkeypatch.setattr(local.os, "copy_file_range", cannot)
    return staging_path(folder.parent / "staging", "w.bin")


def fetch(folder, staging, *, path="one/w.bin", size=SIZE, cancelled=lambda: False):
    heard: list[Progress] = []
    request = FetchRequest(url=f"file:{quote(path)}", size=size, staging=staging, name=path)
    LocalFetcher(folder).fetch(
        request, resolve=lambda: request.url, progress=heard.append, cancelled=cancelled
    )
    return heard


def test_a_file_arrives_whole_and_is_heard_of(folder, staging):
    heard = fetch(folder, staging)
    assert staging.read_bytes() == DATA
    assert heard[-1].done == heard[-1].total == len(DATA)


def test_the_bytes_are_our_own_and_not_those_of_the_owner(folder, staging):
    fetch(folder, staging)
    assert staging.stat().st_ino != (folder / "one/w.bin").stat().st_ino
    with (folder / "one/w.bin").open("r+b") as file:
        file.write(b"changed")
    assert staging.read_bytes() == DATA


def test_it_goes_on_where_the_staging_file_ends(folder, staging):
    staging.write_bytes(DATA[: 5 << 20])
    fetch(folder, staging)
    assert staging.read_bytes() == DATA


def test_what_is_there_whole_is_not_copied_again(folder, staging):
    staging.write_bytes(DATA)
    (folder / "one/w.bin").unlink()
    fetch(folder, staging)
    assert staging.read_bytes() == DATA


def test_a_file_with_holes_of_another_fetcher_starts_anew(folder, staging):
    staging.write_bytes(b"\0" * len(DATA))
    control_file(staging).touch()
    fetch(folder, staging)
    assert staging.read_bytes() == DATA
    assert not control_file(staging).exists()


def test_a_file_without_bytes_is_made(folder, staging):
    (folder / "empty").touch()
    fetch(folder, staging, path="empty", size=0)
    assert staging.read_bytes() == b""


def test_a_file_of_another_size_is_refused_and_nothing_stays(folder, staging):
    with pytest.raises(IntegrityError, match="instead of"):
        fetch(folder, staging, size=len(DATA) - 1)
    assert not staging.exists()


def test_a_cancel_is_heard_and_leaves_what_is_there(folder, staging):
    staging.write_bytes(DATA[:100])
    with pytest.raises(CancelledError):
        fetch(folder, staging, cancelled=lambda: True)
    assert staging.read_bytes() == DATA[:100]


def test_a_missing_file_says_so(folder, staging):
    with pytest.raises(UpstreamNotFoundError, match="one/gone"):
        fetch(folder, staging, path="one/gone.bin")


@pytest.mark.parametrize("path", ["../outside", "one/../../outside", "/etc/hostname", "a\0b", ""])
def test_no_name_leads_out_of_the_folder(folder, staging, path):
    (folder.parent / "outside").write_bytes(b"secret")
    with pytest.raises(InvalidInputError):
        fetch(folder, staging, path=path, size=6)
    assert not staging.exists()


def test_no_symlink_leads_out_of_the_folder(folder, staging):
    (folder.parent / "outside").write_bytes(b"secret")
    (folder / "link").symlink_to(folder.parent / "outside")
    (folder / "way").symlink_to(folder.parent)
    for path in ("link", "way/outside"):
        with pytest.raises(InvalidInputError, match="symlink"):
            fetch(folder, staging, path=path, size=6)


def test_a_pipe_is_refused_without_waiting_for_a_writer(folder, staging):
    os.mkfifo(folder / "pipe")
    with pytest.raises(InvalidInputError, match="neither a file nor a folder"):
        fetch(folder, staging, path="pipe", size=6)


def test_a_file_the_yard_may_not_read_says_what_to_do(folder, staging, monkeypatch):
    opened = os.open

    def refuse(path, *args, **kwargs):  # root reads everything, so the kernel is asked by proxy
        if path == "w.bin":
            raise PermissionError(13, "Permission denied")
        return opened(path, *args, **kwargs)

    monkeypatch.setattr("core.folders.os.open", refuse)
    with pytest.raises(UpstreamForbiddenError, match="give it read permission"):
        fetch(folder, staging)


def test_a_full_disk_is_told_as_one(folder, staging, monkeypatch):
    def full(*args):
        raise OSError(local.errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(local.os, "copy_file_range", full)
    with pytest.raises(StorageFullError, match="no space left"):
        fetch(folder, staging)


def test_names_with_blanks_and_other_alphabets_are_names(folder, staging):
    (folder / "ein Modell ü 模型 100%.gguf").write_bytes(b"weights")
    fetch(folder, staging, path="ein Modell ü 模型 100%.gguf", size=7)
    assert staging.read_bytes() == b"weights"


def test_an_address_elsewhere_is_no_file_of_this_machine(folder, staging):
    request = FetchRequest(url="https://example.org/w", size=3, staging=staging, name="w")
    with pytest.raises(InvalidInputError):
        LocalFetcher(folder).fetch(
            request, resolve=lambda: "", progress=lambda _: None, cancelled=lambda: False
        )
