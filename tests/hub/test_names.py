"""Names of the source: branches, tags and `refs/...` under which versions were imported."""

from __future__ import annotations

import pytest

from registry.enums import Admission
from registry.services.names import name_version
from tests.hub.conftest import make_version

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["feature/x", "refs/pr/1", "refs/tags/v1.0", "dev"])
def test_a_version_is_had_by_the_name_it_was_imported_under(ask, key, store, name):
    first = make_version(store, files={"d/a b#%.bin": b"first"})
    make_version(store, files={"d/a b#%.bin": b"second"}, model=first.model)
    name_version(first, name)
    repo = first.model.repo_id
    for asked in (name.replace("/", "%2F"), name):
        answer = ask(f"/{repo}/resolve/{asked}/d/a%20b%23%25.bin", key=key)
        assert (answer["X-Repo-Commit"], answer.getvalue()) == (first.commit, b"first")


def test_a_branch_is_found_in_its_long_form_and_beside_a_longer_one(ask, key, store):
    first = make_version(store, files={"x/a.txt": b"first"})
    second = make_version(store, files={"a.txt": b"second"}, model=first.model)
    name_version(first, "feature")
    name_version(second, "refs/heads/feature/x")
    path = f"/{first.model.repo_id}/resolve"
    assert ask(f"{path}/feature/a.txt", key=key).status_code == 404
    assert ask(f"{path}/refs%2Fheads%2Ffeature%2Fx/a.txt", key=key).getvalue() == b"second"
    info = ask(f"/api/models/{first.model.repo_id}/revision/feature", key=key).json()
    assert info["sha"] == first.commit


def test_a_name_is_its_newest_admitted_version_and_a_held_one_says_why(ask, key, store):
    first = make_version(store)
    second = make_version(store, model=first.model, admission=Admission.HELD)
    path = f"/api/models/{first.model.repo_id}/revision/dev"
    name_version(second, "dev")
    assert ask(path, key=key).status_code == 403
    name_version(first, "dev")
    name_version(second, "dev")
    assert ask(path, key=key).json()["sha"] == first.commit
    third = make_version(store, model=first.model)
    name_version(third, "dev")
    assert ask(path, key=key).json()["sha"] == third.commit


def test_a_name_of_another_model_means_nothing(ask, key, store):
    name_version(make_version(store), "dev")
    other = make_version(store)
    answer = ask(f"/{other.model.repo_id}/resolve/dev/config.json", key=key)
    assert answer["X-Error-Code"] == "RevisionNotFound"
