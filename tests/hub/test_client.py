"""The newest real client against a running server: what people do, and what they read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import huggingface_hub as hf
import pytest
from huggingface_hub import errors

from registry.models import AccessRequest, Tag
from registry.services.mains import roll_back
from tests.factories.registry import ApiKeyFactory, VersionFactory
from tests.hub.conftest import FILES, make_version
from tests.hub.test_mains import CURATOR
from tests.hub.test_refusals import HELD

pytestmark = pytest.mark.usefixtures("hub_client")


@pytest.fixture
def endpoint(live_server):
    return f"{live_server.url}/hf"


@pytest.fixture
def api(endpoint, key):
    return hf.HfApi(endpoint=endpoint, token=key.token)


@pytest.fixture
def fetch(endpoint, key, tmp_path):
    """Download one file into a cache of this test."""

    def get(repo_id, filename="config.json", *, token=None, **values):
        return hf.hf_hub_download(
            repo_id,
            filename,
            endpoint=endpoint,
            token=token or key.token,
            cache_dir=tmp_path / "cache",
            **values,
        )

    return get


def test_a_snapshot_is_the_admitted_files(api, version, tmp_path):
    folder = Path(api.snapshot_download(version.model.repo_id, cache_dir=tmp_path / "cache"))
    assert folder.name == version.commit
    found = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert found == FILES


@pytest.mark.parametrize("revision", [None, "v1", "refs/heads/main"])
@pytest.mark.parametrize(
    "filename", ["config.json", "weights/deep/part 1+#%.bin", "weights/\u00fcber.txt"]
)
def test_a_file_arrives_under_every_name(fetch, version, revision, filename):
    path = Path(fetch(version.model.repo_id, filename, revision=revision))
    assert path.read_bytes() == FILES[filename]
    assert version.commit in path.parts


def test_an_older_version_stays_available_by_its_commit(fetch, store, version):
    newer = make_version(store, model=version.model, files={"config.json": b"{}"})
    assert Path(fetch(version.model.repo_id)).read_bytes() == b"{}"
    assert newer.commit in fetch(version.model.repo_id)
    old = fetch(version.model.repo_id, revision=version.commit)
    assert Path(old).read_bytes() == FILES["config.json"]


def test_the_api_reads_what_the_yard_knows(api, version):
    version.model.tags.add(Tag.objects.create(name="bert"))
    repo = version.model.repo_id
    info = api.model_info(repo, files_metadata=True, securityStatus=True)
    assert (info.sha, info.tags) == (version.commit, ["bert"])
    weights = next(s for s in info.siblings if s.rfilename == "model.safetensors")
    assert weights.lfs.sha256 == version.files.get(path="model.safetensors").sha256
    assert api.model_info(repo, expand=["sha"]).siblings is None
    assert sorted(api.list_repo_files(repo)) == sorted(FILES)
    paths = api.get_paths_info(repo, ["config.json", "onnx", "nothing"], expand=True)
    assert [p.path for p in paths] == ["config.json", "onnx"]
    assert paths[0].security.status == "unscanned"  # no engine reported on it
    assert [b.name for b in api.list_repo_refs(repo, include_pull_requests=True).branches] == [
        "main"
    ]
    assert [c.commit_id for c in api.list_repo_commits(repo)] == [version.commit]
    assert api.whoami()["name"]
    api.auth_check(repo)
    assert api.file_exists(repo, "config.json")
    assert not api.file_exists(repo, "nothing")
    assert api.revision_exists(repo, "v1")
    assert not api.revision_exists(repo, "v2")


def test_lists_are_read_over_pages(api):
    names = {VersionFactory().model.repo_id for _ in range(5)}
    VersionFactory(model__repo_id="other/thing")
    found = [m.id for m in api.list_models(author="acme", limit=4)]
    assert len(found) == 4
    assert set(found) < names
    assert {m.id for m in api.list_models(search="model-")} == names


def test_a_tree_is_read_over_pages(api, store):
    files = {f"folder/{n:04}.txt": b"%d" % n for n in range(1005)}
    version = VersionFactory(files=files, store=None)
    listed = api.list_repo_tree(version.model.repo_id, recursive=True)
    assert [entry.path for entry in listed] == ["folder", *files]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"admission": "pending", "decided_at": None}, "is not admitted yet"),
        ({"admission": "withdrawn"}, "was withdrawn"),
        ({"admission": "held", "decision": HELD}, "evil.pkl calls os.system"),
    ],
)
def test_a_refusal_is_shown_with_our_sentence(api, fetch, store, values, words):
    version = make_version(store, **values)
    repo = version.model.repo_id
    for ask in (fetch, api.model_info, api.list_repo_files, api.snapshot_download, api.auth_check):
        with pytest.raises(errors.GatedRepoError) as raised:
            ask(repo)
        assert words in str(raised.value)
        assert f"/models/{version.model.slug}/" in str(raised.value)


def test_a_model_of_a_higher_tier_is_not_there_until_it_is_asked_for(fetch, lite_key, store):
    version = make_version(store, model__tier="professional")
    with pytest.raises(errors.RepositoryNotFoundError):
        fetch(version.model.repo_id, token=lite_key.token)
    AccessRequest.objects.create(user=lite_key.user, model=version.model, tier="lite")
    with pytest.raises(errors.GatedRepoError, match="is for tier professional and above"):
        fetch(version.model.repo_id, token=lite_key.token)


def test_what_is_missing_has_its_own_error(api, fetch, version):
    repo = version.model.repo_id
    with pytest.raises(errors.RepositoryNotFoundError, match="that you may see"):
        fetch("acme/nothing")
    with pytest.raises(errors.RevisionNotFoundError, match="Invalid rev id: nope"):
        fetch(repo, revision="nope")
    with pytest.raises(errors.RemoteEntryNotFoundError):
        fetch(repo, "nothing.json")
    with pytest.raises(errors.RepositoryNotFoundError):
        api.dataset_info("acme/data")


def test_without_a_usable_key_the_client_says_so(endpoint, version, tmp_path):
    repo = version.model.repo_id
    with pytest.raises(errors.RepositoryNotFoundError, match="set HF_TOKEN"):
        hf.HfApi(endpoint=endpoint, token=False).model_info(repo)
    bad = hf.HfApi(endpoint=endpoint, token="hf_" + "x" * 40)
    with pytest.raises(errors.HfHubHTTPError, match="Invalid credentials") as raised:
        bad.model_info(repo)
    assert not isinstance(raised.value, errors.RepositoryNotFoundError)
    with pytest.raises(errors.GatedRepoError, match="scope read"):
        hf.HfApi(endpoint=endpoint, token=ApiKeyFactory(scopes=["request"]).token).model_info(repo)


def test_the_command_line_downloads_with_two_variables(endpoint, key, version, tmp_path):
    """`HF_ENDPOINT` and `HF_TOKEN` are all that a person sets."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "HF_ENDPOINT": endpoint,
        "HF_TOKEN": key.token,
    }
    hf_command = Path(sys.executable).with_name("hf")
    done = subprocess.run(
        [hf_command, "download", version.model.repo_id, "--local-dir", tmp_path / "out"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out/model.safetensors").read_bytes() == FILES["model.safetensors"]


def test_main_is_the_version_that_a_curator_rolled_back_to(api, fetch, store):
    first = make_version(store, files={"config.json": b"{}"})
    second = make_version(store, files={"config.json": b'{"a": 1}'}, model=first.model)
    repo = first.model.repo_id
    assert api.model_info(repo).sha == second.commit
    roll_back(caller=CURATOR, version=first, reason="v2 is broken")
    assert api.model_info(repo).sha == first.commit
    assert Path(fetch(repo)).read_bytes() == b"{}"
