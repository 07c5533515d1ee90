"""The shapes that clients read, asked for without a client."""

from __future__ import annotations

import pytest
from django.utils import timezone

from core import this_yard, yards
from core.errors import ModelyardError
from registry.models import ModelVersion, Tag, Team, VersionName
from tests.factories.registry import VersionFactory
from tests.hub.conftest import FILES, make_version

pytestmark = pytest.mark.django_db


def test_a_model_names_its_commit_and_files(ask, key, version):
    response = ask(f"/api/models/{version.model.repo_id}", key=key)
    info = response.json()
    assert info["id"] == version.model.repo_id
    assert info["sha"] == response["X-Repo-Commit"] == version.commit
    assert [s["rfilename"] for s in info["siblings"]] == sorted(FILES)
    assert info["gated"] is False
    assert set(info["siblings"][0]) == {"rfilename"}
    assert info["lastModified"].endswith("Z")


@pytest.mark.parametrize("yes", ["true", "True", "1"])
def test_blobs_name_the_hashes(ask, key, version, yes):
    info = ask(f"/api/models/{version.model.repo_id}?blobs={yes}", key=key).json()
    siblings = {s["rfilename"]: s for s in info["siblings"]}
    plain, large = (
        version.files.get(path="config.json"),
        version.files.get(path="model.safetensors"),
    )
    assert siblings["config.json"]["blobId"] == plain.git_oid
    assert "lfs" not in siblings["config.json"]
    assert siblings["model.safetensors"]["lfs"]["sha256"] == large.sha256
    assert siblings["model.safetensors"]["blobId"] == large.git_oid


@pytest.mark.parametrize(
    "revision", ["main", "refs/heads/main", "{sha}", "v1", "1", "refs/tags/v1"]
)
def test_every_name_of_a_version_finds_it(ask, key, version, revision):
    path = f"/api/models/{version.model.repo_id}/revision/{revision.format(sha=version.commit)}"
    assert ask(path, key=key).json()["sha"] == version.commit


@pytest.mark.parametrize(
    "path", ["revision/nope", "revision/v2", "revision/main/x", "tree/refs/pr/1", "commits/v9"]
)
def test_an_unknown_revision_is_named(ask, key, version, path):
    response = ask(f"/api/models/{version.model.repo_id}/{path}", key=key)
    assert (response.status_code, response["X-Error-Code"]) == (404, "RevisionNotFound")
    assert response["X-Error-Message"].startswith("Invalid rev id: ")


def test_expand_gives_what_was_asked_and_refuses_the_unknown(ask, key, version):
    path = f"/api/models/{version.model.repo_id}"
    assert set(ask(f"{path}?expand=sha&expand[]=tags", key=key).json()) == {
        "_id",
        "id",
        "sha",
        "tags",
    }
    assert set(ask(f"{path}?expand=trendingScore", key=key).json()) == {"_id", "id"}
    response = ask(f"{path}?expand=secrets", key=key)
    assert response.status_code == 400
    assert "secrets" in response.json()["error"]


def test_what_the_source_said_is_told_under_the_names_of_the_hub(ask, key):
    facts = {
        "pipeline_tag": "feature-extraction",
        "library_name": "sentence-transformers",
        "card": {"license": "apache-2.0"},
        "source_tags": ["pytorch", "bert"],
    }
    version = VersionFactory(facts=facts)
    version.model.tags.add(Tag.objects.create(name="bert"))
    info = ask(f"/api/models/{version.model.repo_id}?securityStatus=true", key=key).json()
    assert info["pipeline_tag"] == "feature-extraction"
    assert info["cardData"] == {"license": "apache-2.0"}
    assert info["tags"] == ["pytorch", "bert"]
    assert info["securityRepoStatus"] == {"scansDone": True, "filesWithIssues": []}


def test_refs_and_commits_are_the_admitted_versions(ask, key, store):
    first = make_version(store)
    second = make_version(store, model=first.model)
    path = f"/api/models/{first.model.repo_id}"
    refs = ask(f"{path}/refs?include_prs=1", key=key).json()
    assert refs["branches"] == [
        {"name": "main", "ref": "refs/heads/main", "targetCommit": second.commit}
    ]
    assert [tag["name"] for tag in refs["tags"]] == ["v2", "v1"]
    assert refs["converts"] == refs["pullRequests"] == []
    response = ask(f"{path}/commits/main?limit=1", key=key)
    assert [commit["id"] for commit in response.json()] == [second.commit]
    assert response["X-Total-Count"] == "2"
    following = response["Link"].partition("/hf")[2].partition(">")[0]
    response = ask(following, key=key)
    assert [commit["id"] for commit in response.json()] == [first.commit]
    assert "Link" not in response
    assert [c["id"] for c in ask(f"{path}/commits/v1", key=key).json()] == [first.commit]


def test_refs_and_commits_tell_nothing_of_what_the_caller_may_not_have(ask, lite_key, store):
    above = make_version(store)
    model, theirs = above.model, make_version(store, model=above.model)
    ModelVersion.objects.filter(pk=above.pk).update(lowest_tier="professional")
    ModelVersion.objects.filter(pk=theirs.pk).update(lowest_tier="lite")
    VersionName.objects.create(model=model, name="old", version=above, asked_at=timezone.now())
    VersionName.objects.create(model=model, name="new", version=theirs, asked_at=timezone.now())
    path = f"/api/models/{model.repo_id}"
    assert ask(f"/{model.repo_id}/resolve/v1/config.json", key=lite_key).status_code == 403
    refs = ask(f"{path}/refs", key=lite_key)
    assert [branch["name"] for branch in refs.json()["branches"]] == ["main", "new"]
    assert [tag["name"] for tag in refs.json()["tags"]] == ["v2"]
    commits = ask(f"{path}/commits/main", key=lite_key)
    assert [commit["id"] for commit in commits.json()] == [theirs.commit]
    assert commits["X-Total-Count"] == "1"
    assert above.commit not in refs.content.decode()


def test_whoami_names_the_person_and_no_more(ask, key):
    me = ask("/api/whoami-v2", key=key).json()
    assert me["name"] == key.user.username
    assert me["auth"]["accessToken"] == {"displayName": key.prefix, "role": "read"}
    assert "email" not in me
    assert me["orgs"] == []
    assert ask("/api/whoami-v2", key=None).status_code == 401


def test_a_team_is_the_organization_of_its_people(ask, key):
    key.user.team = Team.objects.create(slug="speech", name="Speech")
    key.user.save()
    Team.objects.create(slug="others", name="Others")
    (org,) = ask("/api/whoami-v2", key=key).json()["orgs"]
    assert (org["name"], org["fullname"]) == ("speech", "Speech")


@pytest.mark.parametrize(
    ("method", "path", "answer"),
    [
        ("HEAD", "/api/telemetry/transformers/AutoModel", None),
        ("GET", "/api/agent-harnesses", {"standardEnvVars": [], "harnesses": {}}),
        ("GET", "/api/models-tags-by-type", {}),
        ("GET", "/api/datasets-tags-by-type", {}),
        ("GET", "/api/datasets", []),
    ],
)
def test_small_talk_is_answered_without_a_key(ask, method, path, answer):
    response = ask(path, key=None, method=method)
    assert response.status_code == 200
    assert answer is None or response.json() == answer


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "", 404, "NotFound"),
        ("GET", "/api", 404, "NotFound"),
        ("GET", "/api/unheard/of", 404, "NotFound"),
        ("GET", "//", 404, "NotFound"),
        ("GET", "/admin", 404, "NotFound"),
        ("GET", "/line%0Abreak", 404, "NotFound"),
        ("GET", "/acme/x/raw/main/a", 404, "RepoNotFound"),
        ("GET", "/api/models/acme/x/discussions", 404, "RepoNotFound"),
        ("POST", "/api/models/acme/x/discussions", 501, "NotImplemented"),
        ("GET", "/api/models/acme/x/discussions/1", 501, "NotImplemented"),
        ("GET", "/api/resolve-cache/models/acme/x/main/a", 404, "NotFound"),
        ("GET", "/api/models/acme/x/xet-read-token/main", 501, "NotImplemented"),
        ("POST", "/api/repos/create", 501, "NotImplemented"),
        ("DELETE", "/acme/x", 501, "NotImplemented"),
        ("GET", "/api/datasets/acme/data", 404, "RepoNotFound"),
        ("GET", "/api/spaces/acme/app/tree/main", 404, "RepoNotFound"),
        ("GET", "/datasets/acme/data/resolve/main/x", 404, "RepoNotFound"),
        ("GET", "/acme/x/resolve/main/a%00b", 400, "BadRequest"),
        ("GET", "/api/models?search=a%00b", 400, "BadRequest"),
        ("GET", "/api/models?limit=0", 400, "BadRequest"),
        ("GET", "/api/models?limit=x", 400, "BadRequest"),
        ("GET", "/api/models?cursor=x", 400, "BadRequest"),
        ("GET", "/api/models?region=us", 400, "BadRequest"),
        ("GET", "/api/models?filter=a,b,c,d,e,f,g,h,i", 400, "BadRequest"),
        ("GET", "/api/models?search=a+b+c+d+e+f+g+h+i", 400, "BadRequest"),
        ("GET", "/api/models?sort=name", 400, "BadRequest"),
    ],
)
def test_everything_else_is_json_with_a_code(ask, key, *, method, path, status, code):
    response = ask(path, key=key, method=method)
    assert (response.status_code, response["X-Error-Code"]) == (status, code)
    assert response.json()["error"]


def test_no_address_is_redirected_for_a_slash(client, settings):
    for path in ("/hf", "/hf/", "/hf/admin", "/hf/api/models", "/hf/a/b"):
        assert client.get(path).status_code in {401, 404}


def test_every_error_of_the_yard_has_an_answer():
    from hub.errors import YardFaultError, answer  # noqa: PLC0415

    for kind in ModelyardError.__subclasses__():
        response = answer(YardFaultError(kind("Not for clients: /srv/secret")))
        assert response.status_code == kind.status
        assert b"/srv/secret" not in response.content


@pytest.mark.parametrize(
    "path", ["/api/models", "/api/models/{id}", "/api/models/no/such", "/nowhere", "/{id}/raw/x/y"]
)
def test_every_answer_says_which_yard_it_is_from(ask, key, version, path):
    for caller in (key, None):
        response = ask(path.format(id=version.model.repo_id), key=caller)
        assert response[yards.YARD] == this_yard.introduction()
