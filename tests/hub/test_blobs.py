from __future__ import annotations

import subprocess

import pytest

from hub import blobs, directories
from registry.models import ModelFile


def git(folder, *words: str, data: bytes = b"") -> str:
    command = ["git", "-c", "core.autocrlf=false", *words]
    answer = subprocess.run(command, cwd=folder, input=data, capture_output=True, check=True)
    return answer.stdout.decode().strip()


def test_directories_have_the_ids_that_git_gives_them(tmp_path):
    files = {"a.txt": b"1", "a/b.txt": b"2", "a/c/d.txt": b"3", "a-b": b"4", "\u00fc/x y": b""}
    files.pop("a.txt")
    git(tmp_path, "init", "-q")
    rows = []
    for path, data in files.items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        rows.append(ModelFile(path=path, size=len(data), git_oid=blobs.git_id("blob", data)))
    git(tmp_path, "add", "-A")
    root = git(tmp_path, "write-tree")
    ids = directories.ids_of(rows)
    assert sorted(ids) == ["a", "a/c", "\u00fc"]
    for path, oid in ids.items():
        assert git(tmp_path, "rev-parse", f"{root}:{path}") == oid


def test_a_pointer_is_the_text_that_git_lfs_writes():
    pointer = blobs.pointer_of(
        "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393", 12345
    )
    assert pointer.size == 130
    text = (
        "version https://git-lfs.github.com/spec/v1\n"
        "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\n"
        "size 12345\n"
    )
    assert pointer.oid == blobs.git_id("blob", text.encode())


@pytest.mark.parametrize("git_oid", ["", "not hexadecimal", "a" * 39])
def test_a_file_without_a_git_id_is_known_by_its_sha256(git_oid):
    file = ModelFile(path="x", size=3, git_oid=git_oid, sha256="b" * 64)
    assert blobs.is_lfs(file)
    assert blobs.etag_of(file) == "b" * 64
    assert blobs.blob_id_of(file) == blobs.pointer_of("b" * 64, 3).oid
