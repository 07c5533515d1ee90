"""A file that is held back is not there for Hub clients, and people are told why."""

from __future__ import annotations

import huggingface_hub as hf
import pytest
from huggingface_hub import errors

from registry.models import ModelFile
from tests.hub.conftest import FILES, make_version
from tests.hub.test_client import api, endpoint, fetch

__all__ = ["api", "endpoint", "fetch"]
pytestmark = pytest.mark.usefixtures("hub_client")
BAD = "weights/deep/part 1+#%.bin"
WHY = "Unsafe: calls os.system. The same weights are in model.safetensors."


@pytest.fixture
def held(store, db):
    version = make_version(store)
    ModelFile.objects.filter(version=version, path=BAD).update(held_back=WHY)
    return version


def test_tree_siblings_and_sizes_are_without_it(held, ask, key):
    repo = held.model.repo_id
    tree = ask(f"/api/models/{repo}/tree/main?recursive=true", key=key).json()
    assert BAD not in {entry["path"] for entry in tree}
    assert "weights/deep" not in {entry["path"] for entry in tree}
    info = ask(f"/api/models/{repo}?blobs=true&securityStatus=true", key=key).json()
    assert {one["rfilename"] for one in info["siblings"]} == {*FILES} - {BAD}
    assert info["securityRepoStatus"]["filesWithIssues"] == [{"path": BAD, "level": "unsafe"}]
    asked = ask(f"/api/models/{repo}/paths-info/main", key=key, method="POST")
    assert asked.status_code == 200


def test_its_bytes_are_not_found_and_the_answer_says_why(held, ask, key):
    path = f"/{held.model.repo_id}/resolve/main/weights/deep/part%201%2B%23%25.bin"
    for method in ("GET", "HEAD"):
        answer = ask(path, key=key, method=method)
        assert (answer.status_code, answer["X-Error-Code"]) == (404, "EntryNotFound")
        assert "is held back. Unsafe: calls os.system." in answer["X-Error-Message"]
        assert answer["X-Repo-Commit"] == held.commit


@pytest.mark.django_db(transaction=True)
def test_the_real_client_takes_the_rest(held, api, fetch, endpoint, key, tmp_path):
    repo = held.model.repo_id
    assert BAD not in api.list_repo_files(repo)
    assert not api.file_exists(repo, BAD)
    folder = hf.snapshot_download(
        repo, endpoint=endpoint, token=key.token, cache_dir=tmp_path / "all"
    )
    assert folder
    with pytest.raises(errors.EntryNotFoundError, match="is held back"):
        fetch(repo, BAD)
