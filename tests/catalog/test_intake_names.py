"""Names that an import learns: branches and `refs/...` of versions, former names of models."""

from __future__ import annotations

import pytest

from registry.models import ModelAlias, VersionName
from tests.standins.repos import RENAMED, RENAMED_TO, TINY_CONFIG, tiny_safetensors

pytestmark = pytest.mark.django_db
REPO = "acme/branched"


@pytest.fixture
def branched(yard):
    files = {"config.json": TINY_CONFIG, "model.safetensors": tiny_safetensors({"w": ("F32", [2])})}
    meta = {"branches": {"feature/x": 0}, "pull_requests": {"1": 0}}
    yard.upstream.repos.repo(REPO, files | {"old.txt": "old"}, commit="0001 first")
    yard.upstream.repos.repo(REPO, files, commit="0002 second", meta=meta)
    yard.upstream.reload()
    return yard


@pytest.mark.parametrize("name", ["feature/x", "refs/pr/1"])
def test_a_version_keeps_the_name_it_was_asked_for_by(branched, name):
    run = branched.drive(branched.ask(f"{REPO}@{name}").run, until="inspect")
    row = VersionName.objects.get()
    assert (row.name, row.version) == (name, branched.version(run))
    assert row.version.files.filter(path="old.txt").exists()


def test_main_and_a_commit_are_no_names(branched):
    commit = branched.upstream.commit(REPO)
    for text in (REPO, f"{REPO}@main", f"{REPO}@{commit}"):
        branched.drive(branched.ask(text).run, until="inspect")
    assert not VersionName.objects.exists()


def test_a_model_that_was_asked_for_by_its_former_name_has_it_as_an_alias(yard):
    run = yard.drive(yard.ask(RENAMED).run, until="inspect")
    alias = ModelAlias.objects.get()
    assert (alias.repo_id, alias.model.repo_id) == (RENAMED, RENAMED_TO)
    assert alias.model == yard.version(run).model
