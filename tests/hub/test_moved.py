"""A model under its former names: clients are led on, where they may know of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from huggingface_hub import errors

from hub.routes import parse
from registry.models import AccessRequest
from registry.services.names import add_alias
from tests.factories.registry import VersionFactory
from tests.hub.conftest import FILES, make_version
from tests.hub.test_client import api, endpoint, fetch

__all__ = ["api", "endpoint", "fetch"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hub_client")]
FORMER = ("old/a", "old/b", "hf", "resolve")


@pytest.fixture
def moved(store):
    """A model that was called by each of the former names."""
    version = make_version(store, model__repo_id="new/c")
    for name in FORMER:
        add_alias(version.model, "huggingface", name)
    return version


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/models/{}"),
        ("GET", "/api/models/{}/revision/main?blobs=true&expand=sha&expand=tags"),
        ("GET", "/api/models/{}/tree/main/weights?recursive=True"),
        ("POST", "/api/models/{}/paths-info/main"),
        ("GET", "/api/models/{}/refs?include_prs=1"),
        ("HEAD", "/{}/resolve/main/weights/deep/part%201%2B%23%25.bin"),
        ("GET", "/{}/raw/main/README.md"),
    ],
)
def test_a_former_name_leads_to_the_same_question(ask, key, moved, method, path):
    for name in FORMER:
        answer = ask(path.format(name), key=key, method=method)
        assert answer.status_code == 307
        assert answer["Location"] == "/hf" + path.format("new/c")
        assert answer["X-Repo-Commit"] == moved.commit
        assert "X-Error-Code" not in answer
    assert ask(answer["Location"].removeprefix("/hf"), key=key, method=method).status_code == 200


def test_a_name_of_the_route_is_no_other_word_of_it():
    for path in ("api/models/models/tree/main/models", "tree/resolve/main/tree"):
        name = parse("GET", path).repo_id
        assert parse("GET", path).named(name) == path
    assert parse("GET", "resolve/resolve/main/resolve").named("a/b") == "a/b/resolve/main/resolve"


def test_a_former_name_of_a_hidden_model_is_missing(ask, key, lite_key):
    hidden = VersionFactory(model__repo_id="new/hidden", model__tier="professional")
    add_alias(hidden.model, "huggingface", "old/hidden")
    for path in ("/api/models/{}", "/{}/resolve/main/config.json"):
        answers = [ask(path.format(name), key=lite_key) for name in ("old/hidden", "old/absent")]
        assert [answer.status_code for answer in answers] == [404, 404]
        hidden_answer, absent = (answer.content.decode() for answer in answers)
        assert hidden_answer.replace("old/hidden", "old/absent") == absent
        assert ask(path.format("old/hidden"), key=None).status_code == 401
        assert ask(path.format("old/hidden"), key=key).status_code == 307


def test_whom_the_model_is_refused_they_are_told_why_and_led_nowhere(ask, lite_key):
    version = VersionFactory(model__repo_id="new/pro", model__tier="professional")
    AccessRequest.objects.create(model=version.model, user=lite_key.user)
    add_alias(version.model, "huggingface", "old/pro")
    answer = ask("/api/models/old/pro", key=lite_key)
    assert (answer.status_code, answer["X-Error-Code"]) == (403, "GatedRepo")


def test_a_name_of_its_own_is_not_a_former_one(ask, key, moved, store):
    own = make_version(store, model__repo_id="old/a")
    assert ask("/api/models/old/a", key=key).json()["sha"] == own.commit


@pytest.mark.django_db(transaction=True)
def test_the_real_client_follows_and_keeps_the_name(api, fetch, moved, tmp_path):
    path = fetch("old/b", "weights/deep/part 1+#%.bin")
    assert Path(path).read_bytes() == FILES["weights/deep/part 1+#%.bin"]
    assert "models--old--b" in path
    assert api.model_info("old/b").id == "new/c"
    assert {one.path for one in api.list_repo_tree("old/b", "weights", recursive=True)} == {
        "weights/deep",
        "weights/deep/part 1+#%.bin",
        "weights/\u00fcber.txt",
    }
    assert [one.path for one in api.get_paths_info("old/b", ["config.json"])] == ["config.json"]
    with pytest.raises(errors.EntryNotFoundError):
        fetch("old/b", "nothing")
