"""Models in a folder of this machine: pinned by what their files are, never leaving the folder."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace

import pytest

from catalog.sources.base import LocalOptions, ModelRef, SourceOptions
from catalog.sources.disk import Disk
from core.errors import (
    ConflictError,
    InvalidInputError,
    PinnedGoneError,
    RevisionNotPinnedError,
    SourceChangedError,
    TooLargeError,
    UpstreamForbiddenError,
    UpstreamNotFoundError,
)

CARD = b"---\nlicense: mit\n---\nA model.\n"


class Memory:
    """Remembers in a dict what the yard keeps in rows; `read` counts what was hashed."""

    def __init__(self):
        self.rows, self.read = {}, []

    def recall(self, root, stamps):
        rows = {path: self.rows.get((root, path), ("", "")) for path in stamps}
        return {path: sha for path, (stamp, sha) in rows.items() if stamp == stamps[path]}

    def keep(self, root, path, *, stamp, size, sha256):
        self.rows[root, path] = stamp, sha256
        self.read.append(path)


@pytest.fixture
def folder(tmp_path):
    one = tmp_path / "models" / "acme" / "one"
    (one / "onnx").mkdir(parents=True)
    (one / "README.md").write_bytes(CARD)
    (one / "w.safetensors").write_bytes(b"weights")
    (one / "onnx" / "m.onnx").write_bytes(b"onnx")
    (tmp_path / "models" / "alone.gguf").write_bytes(b"GGUF")
    return tmp_path / "models"


@pytest.fixture
def local(folder):
    return LocalOptions(folder=folder, memory=Memory())


@pytest.fixture
def disk(local):
    return Disk(SourceOptions(local=local))


def ref(name, revision=None):
    return ModelRef("disk", name, revision)


@pytest.mark.parametrize(
    ("text", "name", "revision"),
    [
        ("disk:acme/one", "acme/one", None),
        (" disk:acme/one/ ", "acme/one", None),
        ("disk:acme/one@main", "acme/one", None),
        (f"disk:acme/one@{'a' * 40}", "acme/one", "a" * 40),
        ("disk:mail@home.gguf", "mail@home.gguf", None),
        ("disk:ein Modell ü.gguf", "ein Modell ü.gguf", None),
        ("{folder}/acme/one", "acme/one", None),
        ("file://{folder}/alone.gguf", "alone.gguf", None),
        ("file://{folder}/a%20b.gguf", "a b.gguf", None),
    ],
)
def test_names_and_paths_are_read(disk, folder, text, name, revision):
    assert disk.parse(text.format(folder=folder)) == ref(name, revision)


@pytest.mark.parametrize("text", ["acme/one", "https://huggingface.co/a/b", "hf download a/b", ""])
def test_what_other_sources_read_is_left_to_them(disk, text):
    assert disk.parse(text) is None


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


def test_a_folder_is_pinned_by_its_files(disk):
    listing = disk.resolve(ref("acme/one"))
    assert [file.path for file in listing.files] == ["README.md", "w.safetensors", "onnx/m.onnx"]
    assert listing.files[1].sha256 == hashlib.sha256(b"weights").hexdigest()
    assert listing.ref == ref("acme/one", listing.commit)
    assert (len(listing.commit), listing.author, listing.private) == (40, "acme", False)


def test_a_single_file_is_a_model(disk):
    listing = disk.resolve(ref("alone.gguf"))
    assert [(file.path, file.size) for file in listing.files] == [("alone.gguf", 4)]
    assert disk.read_range(listing.ref, "alone.gguf", 1, 3) == b"GU"


def test_a_folder_whose_file_has_its_name_is_not_that_file(disk, folder):
    (folder / "same").mkdir()
    (folder / "same" / "same").write_bytes(b"inner")
    listing = disk.resolve(ref("same"))
    assert disk.read_text(listing.ref, "same", 10) == b"inner"


def test_the_same_files_are_the_same_commit_wherever_they_are(disk, folder):
    (folder / "acme" / "one").rename(folder / "moved")
    os.utime(folder / "moved" / "README.md")
    (folder / "copy").mkdir()
    (folder / "copy" / "README.md").write_bytes(CARD)
    assert disk.resolve(ref("moved")).commit == disk.resolve(ref("moved")).commit
    assert disk.resolve(ref("copy")).commit != disk.resolve(ref("moved")).commit


@pytest.mark.parametrize("change", ["content", "name", "more", "less"])
def test_any_change_is_another_version(disk, folder, change):
    before, one = disk.resolve(ref("acme/one")), folder / "acme" / "one"
    if change == "content":
        (one / "w.safetensors").write_bytes(b"WEIGHTS")
    elif change == "name":
        (one / "w.safetensors").rename(one / "v.safetensors")
    elif change == "more":
        (one / "new.txt").write_bytes(b"")
    else:
        (one / "onnx" / "m.onnx").unlink()
    after = disk.resolve(ref("acme/one"))
    assert after.commit != before.commit
    with pytest.raises(PinnedGoneError, match="import it again") as caught:
        disk.resolve(before.ref)
    assert caught.value.details["commit"] == after.commit
    assert not caught.value.retryable


def test_files_are_read_once_until_they_change(disk, local, folder):
    disk.resolve(ref("acme/one"))
    first = list(local.memory.read)
    Disk(SourceOptions(local=local)).resolve(ref("acme/one"))
    assert local.memory.read == first
    (folder / "acme/one/README.md").write_bytes(CARD + b"More.")
    Disk(SourceOptions(local=local)).resolve(ref("acme/one"))
    assert local.memory.read[len(first) :] == ["acme/one/README.md"]


def test_a_file_that_grows_while_it_is_read_is_an_error(folder, local):
    path = folder / "alone.gguf"

    def grow(count):
        with path.open("ab") as file:
            file.write(b"more")

    source = Disk(SourceOptions(local=replace(local, heard=grow)))
    with pytest.raises(SourceChangedError, match="changed while it was read") as caught:
        source.resolve(ref("alone.gguf"))
    assert caught.value.retryable
    assert local.memory.read == []


def test_what_was_pinned_and_changed_is_not_read_any_more(local, folder):
    pinned = Disk(SourceOptions(local=local)).resolve(ref("acme/one")).ref
    (folder / "acme/one/w.safetensors").write_bytes(b"others!")
    later = Disk(SourceOptions(local=local))
    for read in (
        lambda: later.read_text(pinned, "README.md", 1000),
        lambda: later.read_range(pinned, "README.md", 0, 3),
        lambda: later.link(pinned, "README.md"),
    ):
        with pytest.raises(PinnedGoneError):
            read()


def test_a_link_names_the_folder_and_the_quoted_path(disk, folder):
    (folder / "ein Modell%ü.gguf").write_bytes(b"GGUF")
    pinned = disk.resolve(ref("ein Modell%ü.gguf")).ref
    link = disk.link(pinned, "ein Modell%ü.gguf")
    assert (link.url, link.folder) == ("file:ein%20Modell%25%C3%BC.gguf", folder)


def test_hidden_files_are_left_out(disk, folder):
    before = disk.resolve(ref("acme/one")).commit
    (folder / "acme/one/.git").mkdir()
    (folder / "acme/one/.git/config").write_text("x")
    (folder / "acme/one/.DS_Store").write_text("x")
    assert disk.resolve(ref("acme/one")).commit == before


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


def test_small_files_are_read_whole_and_long_ones_refused(disk):
    pinned = disk.resolve(ref("acme/one")).ref
    assert disk.read_text(pinned, "README.md", 1000) == CARD
    with pytest.raises(TooLargeError):
        disk.read_text(pinned, "README.md", 3)
    with pytest.raises(UpstreamNotFoundError):
        disk.read_text(pinned, "gone.md", 3)
    with pytest.raises(InvalidInputError):
        disk.read_range(pinned, "README.md", 3, 3)


def test_a_named_place_elsewhere_is_a_model_of_this_machine(local, tmp_path):
    place = tmp_path / "elsewhere" / "vosk-small"
    place.mkdir(parents=True)
    (place / "final.mdl").write_bytes(b"model")
    disk = Disk(SourceOptions(local=replace(local, places={"vosk/vosk-small": place})))
    assert disk.parse(str(place)) == ref("vosk/vosk-small")
    listing = disk.resolve(ref("vosk/vosk-small"))
    assert [file.path for file in listing.files] == ["final.mdl"]
    assert disk.read_text(listing.ref, "final.mdl", 10) == b"model"
