"""What an answer costs: as many queries for ten as for one."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from registry.models import ApiKey, Tag
from registry.services.names import name_version
from tests.factories.registry import VersionFactory

pytestmark = pytest.mark.django_db


def queries_of(ask, path, key) -> int:
    with CaptureQueriesContext(connection) as queries:
        response = ask(path, key=key)
        b"".join(response)
    assert response.status_code == 200
    return len(queries)


@pytest.mark.parametrize(
    "question",
    [
        "/api/models/{repo}?blobs=true&securityStatus=true",
        "/api/models/{repo}/tree/main?recursive=true&expand=true",
        "/api/models/{repo}/refs",
        "/api/models/{repo}/commits/main",
        "/api/models",
        "/{repo}/resolve/main/f0.txt",
    ],
)
def test_ten_files_and_versions_cost_the_queries_of_one(ask, key, store, question):
    one = VersionFactory(model__repo_id="acme/one", files={"f0.txt": b"0"}, store=store)
    ask("/api/whoami-v2", key=key)  # notes the use of the key, once a minute
    path = question.format(repo="acme/one")
    before = queries_of(ask, path, key)
    files = {f"f{n}.txt": b"%d" % n for n in range(10)}
    for _ in range(9):
        VersionFactory(model=one.model, files=files, store=store)
        VersionFactory().model.tags.add(Tag.objects.get_or_create(name="t")[0])
    assert queries_of(ask, path, key) == before


@pytest.mark.parametrize(("name", "count"), [("v1", 2), ("dev", 3), ("refs%2Fpr%2F1", 3)])
def test_other_names_cost_no_more_than_that(
    ask, key, version, django_assert_num_queries, name, count
):
    for known in ("dev", "refs/pr/1"):
        name_version(version, known)
    ask("/api/whoami-v2", key=key)
    path = f"/{version.model.repo_id}/resolve/{name}/config.json"
    with django_assert_num_queries(count):
        assert ask(path, key=key, method="HEAD").status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("HEAD", "/{repo}/resolve/main/config.json"),
        ("GET", "/api/models/{repo}"),
        ("GET", "/api/models/{repo}?blobs=true"),
        ("GET", "/api/models/{repo}?expand=siblings"),
    ],
)
def test_what_is_asked_all_the_time_costs_one_query(
    ask, key, version, django_assert_num_queries, method, path
):
    """The key with its person and roles, model, tags, version and files; two for a new key."""
    version.model.tags.add(Tag.objects.create(name="t"))
    path = path.format(repo=version.model.repo_id)
    ask("/api/whoami-v2", key=key)  # notes the use of the key, once a minute
    with django_assert_num_queries(1):
        assert ask(path, key=key, method=method).status_code == 200
    ApiKey.objects.filter(pk=key.pk).update(tier_cap="lite")
    with django_assert_num_queries(3):  # the first found that the key is another one
        assert ask(path, key=key, method=method).status_code == 200


@pytest.mark.parametrize("path", ["/api/models/{repo}", "/{repo}/resolve/main/config.json"])
def test_what_is_hidden_costs_what_is_missing_costs(ask, lite_key, store, path):
    hidden = VersionFactory(model__tier="professional", model__repo_id="acme/hidden", store=store)
    ask("/api/whoami-v2", key=lite_key)
    costs = []
    for repo in (hidden.model.repo_id, "acme/missing"):
        with CaptureQueriesContext(connection) as queries:
            assert ask(path.format(repo=repo), key=lite_key).status_code == 404
        costs.append(len(queries))
    assert costs[0] == costs[1]
