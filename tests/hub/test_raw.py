"""What git keeps of a file, and the second address of a file at a commit."""

from __future__ import annotations

import pytest

from hub import raw
from registry.models import Download, ModelFile, Served
from tests.hub.conftest import FILES, make_version

pytestmark = pytest.mark.django_db


def downloads() -> int:
    assert Served.objects.count() == sum(Download.objects.values_list("files", flat=True))
    return Served.objects.count()


def test_raw_is_the_text_and_a_download(ask, key, version):
    path = f"/{version.model.repo_id}/raw/main/README.md"
    head = ask(path, key=key, method="HEAD")
    assert downloads() == 0
    answer = ask(path, key=key)
    assert answer.content == FILES["README.md"]
    assert downloads() == 1
    assert answer["Content-Type"] == head["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Content-Length"] == head["Content-Length"] == str(len(FILES["README.md"]))
    assert answer["ETag"] == f'"{version.files.get(path="README.md").git_oid}"'
    assert answer["X-Repo-Commit"] == version.commit
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert ask(path, key=key, If_None_Match=answer["ETag"]).status_code == 304
    assert downloads() == 1


def test_raw_of_an_lfs_file_is_the_pointer(ask, key, version):
    file = version.files.get(path="model.safetensors")
    answer = ask(f"/{version.model.repo_id}/raw/v1/model.safetensors", key=key)
    assert answer.content.decode().splitlines() == [
        "version https://git-lfs.github.com/spec/v1",
        f"oid sha256:{file.sha256}",
        f"size {file.size}",
    ]
    assert answer["ETag"] == f'"{file.git_oid}"'
    assert answer["Content-Length"] == str(len(answer.content))
    assert not any(name.startswith("X-Linked") for name in answer.headers)
    assert downloads() == 0


def test_raw_refuses_what_is_not_served_and_what_is_no_text(ask, key, version, monkeypatch):
    path = f"/{version.model.repo_id}/raw/main"
    ModelFile.objects.filter(path="README.md").update(held_back="Unsafe: it says so.")
    answer = ask(f"{path}/README.md", key=key)
    assert (answer.status_code, answer["X-Error-Code"]) == (404, "EntryNotFound")
    assert "is held back. Unsafe: it says so." in answer["X-Error-Message"]
    assert ask(f"{path}/nothing", key=key)["X-Repo-Commit"] == version.commit
    monkeypatch.setattr(raw, "_MOST", 21)
    assert ask(f"{path}/config.json", key=key).status_code == 400
    assert "larger than" in ask(f"{path}/config.json", key=key)["X-Error-Message"]


def test_raw_goes_by_the_one_door(ask, key, lite_key, store):
    version = make_version(store, model__tier="professional")
    path = f"/{version.model.repo_id}/raw/main/config.json"
    for asker, status in ((lite_key, 404), (None, 401), (key, 200)):
        assert ask(path, key=asker).status_code == status
    assert ask(path, key=lite_key)["X-Error-Code"] == "RepoNotFound"


def test_bytes_that_the_store_lost_are_a_fault(ask, key, version, store):
    store.local_path(version.files.get(path="config.json").sha256).unlink()
    answer = ask(f"/{version.model.repo_id}/raw/main/config.json", key=key)
    assert (answer.status_code, answer["X-Error-Code"]) == (503, "Unavailable")
    assert downloads() == 0


def test_a_file_at_a_commit_has_a_second_address(ask, key, version):
    repo, path = version.model.repo_id, "weights/deep/part 1+#%.bin"
    quoted = "weights%2Fdeep%2Fpart%201%2B%23%25.bin"
    answer = ask(f"/api/resolve-cache/models/{repo}/{version.commit}/{quoted}?etag=x", key=key)
    assert b"".join(answer) == FILES[path]
    first = ask(f"/{repo}/resolve/{version.commit}/{quoted}", key=key, method="HEAD")
    assert {name: answer[name] for name in ("ETag", "X-Repo-Commit", "X-Linked-Size")} == {
        name: first[name] for name in ("ETag", "X-Repo-Commit", "X-Linked-Size")
    }
    unknown = ask(f"/api/resolve-cache/models/{repo}/{'0' * 40}/{quoted}", key=key)
    assert (unknown.status_code, unknown["X-Error-Code"]) == (404, "RevisionNotFound")
