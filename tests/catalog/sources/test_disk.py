"""Models in a folder of this machine: pinned by what their files are, never leaving the folder."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace

import pytest

from catalog.sources.base import SourceOptions
from catalog.sources.disk import Disk
from core.errors import (
    InvalidInputError,
    PinnedGoneError,
    SourceChangedError,
    TooLargeError,
    UpstreamNotFoundError,
)
from tests.catalog.sources.on_disk import CARD, disk, folder, local, ref

__all__ = ["disk", "folder", "local"]


@pytest.mark.parametrize(
    ("text", "name", "revision"),
    [
        ("disk:acme/one", "acme/one", None),
        (" disk:acme/one/ ", "acme/one", None),
        ("local:alone.gguf", "alone.gguf", None),
        (f"local:acme/one@{'a' * 40}", "acme/one", "a" * 40),
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
