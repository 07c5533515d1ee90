"""What a folder of this machine may not hold, and what is never read from it."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from catalog.sources.base import SourceOptions
from catalog.sources.disk import Disk
from core.errors import (
    ConflictError,
    InvalidInputError,
    RevisionNotPinnedError,
    TooLargeError,
    UpstreamForbiddenError,
    UpstreamNotFoundError,
)
from tests.catalog.sources.on_disk import disk, folder, local, ref

__all__ = ["disk", "folder", "local"]


@pytest.mark.parametrize("text", ["/etc/passwd", "file:///etc/passwd", "/"])
def test_a_path_elsewhere_is_refused_with_the_way_on(disk, text):
    with pytest.raises(InvalidInputError, match="MODELS_DIR"):
        disk.parse(text)


@pytest.mark.parametrize(
    "name", ["../x", "a/../../x", "a\nb", "a\\b", "", "a\0b", "x" * 201, "a//b"]
)
def test_names_that_no_model_can_have_are_refused(disk, name):
    with pytest.raises(InvalidInputError):
        disk.named(name, "")


def test_a_path_with_dots_does_not_leave_the_folder(disk, folder):
    with pytest.raises(InvalidInputError):
        disk.parse(f"{folder}/../secret")


@pytest.mark.parametrize("target", ["{folder}/alone.gguf", "/etc/passwd", "nowhere"])
def test_a_symlink_in_the_folder_is_refused(disk, folder, target):
    (folder / "acme/one/link.bin").symlink_to(target.format(folder=folder))
    with pytest.raises(InvalidInputError, match=r"link.bin' is a symlink"):
        disk.resolve(ref("acme/one"))


def test_a_model_behind_a_symlink_is_refused(disk, folder):
    (folder / "way").symlink_to("/etc")
    (folder / "file.gguf").symlink_to("/etc/hostname")
    for name in ("way", "way/hostname", "file.gguf"):
        with pytest.raises(InvalidInputError, match="symlink"):
            disk.resolve(ref(name))


def test_a_pipe_among_the_files_is_refused(disk, folder):
    os.mkfifo(folder / "acme/one/pipe")
    with pytest.raises(InvalidInputError, match="no regular file"):
        disk.resolve(ref("acme/one"))


def test_a_name_with_a_line_break_is_refused_and_shown_on_one_line(disk, folder):
    (folder / "acme/one/a\nb.bin").write_bytes(b"x")
    with pytest.raises(InvalidInputError, match=r"a\\nb\.bin"):
        disk.resolve(ref("acme/one"))


def test_a_name_that_is_no_text_is_refused(disk, folder):
    os.close(os.open(os.fsencode(folder / "acme/one") + b"/\xff.bin", os.O_CREAT | os.O_WRONLY))
    with pytest.raises(InvalidInputError, match="control characters"):
        disk.resolve(ref("acme/one"))


def test_a_missing_folder_and_a_missing_model_say_so(disk, folder, local):
    with pytest.raises(UpstreamNotFoundError, match="no 'gone' on this machine"):
        disk.resolve(ref("gone"))
    nowhere = replace(local, folder=folder / "nowhere")
    with pytest.raises(UpstreamNotFoundError):
        Disk(SourceOptions(local=nowhere)).resolve(ref("acme/one"))


def test_a_folder_the_yard_may_not_read_says_what_to_do(disk, monkeypatch):
    def refuse(*args, **kwargs):  # root reads everything, so the refusal is put in
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("core.folders.os.fwalk", refuse)
    with pytest.raises(UpstreamForbiddenError, match="give it read permission"):
        disk.resolve(ref("acme/one"))


def test_too_many_files_and_too_deep_folders_are_refused(folder, local):
    few = Disk(SourceOptions(local=local, max_files=2))
    with pytest.raises(TooLargeError, match="more than 2 files"):
        few.resolve(ref("acme/one"))
    (folder.joinpath("deep", *["d"] * 40)).mkdir(parents=True)
    with pytest.raises(TooLargeError, match="deep"):
        Disk(SourceOptions(local=local)).resolve(ref("deep"))


def test_nobody_waits_for_minutes_of_hashing(local):
    hasty = Disk(SourceOptions(local=replace(local, most_unread=10)))
    with pytest.raises(ConflictError, match="in the background"):
        hasty.resolve(ref("acme/one"))
    Disk(SourceOptions(local=local)).resolve(ref("acme/one"))
    assert hasty.resolve(ref("acme/one")).files


def test_files_are_read_at_a_commit_only(disk):
    with pytest.raises(RevisionNotPinnedError):
        disk.read_text(ref("acme/one"), "README.md", 100)
