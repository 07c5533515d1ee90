from __future__ import annotations

import uuid

import pytest

from registry.enums import Scope
from registry.models import AccessRequest, AuditEvent, Model, ModelVersion, Tag
from registry.services.versions import add_tags
from tests.factories.registry import VersionFactory

PROBLEM = "application/problem+json"
FIELDS = {
    "import_error",
    "id", "name", "author", "description", "type", "source", "repo_id", "version", "revision",
    "filename", "size_bytes", "download_url", "tier", "status", "scan", "license", "license_type",
    "family", "num_params", "context_length", "formats", "quantization", "languages", "categories",
    "runtimes",
    "memory_bytes", "parameters",
    "tags", "created_at", "updated_at",
}  # fmt: skip


def problem(response, status, code):
    assert response.status_code == status, response.content
    assert response["Content-Type"] == PROBLEM
    document = response.json()
    assert document["status"] == status
    assert document["code"] == code
    assert document["type"].endswith(f"#{code}")
    assert "{" not in document["title"] != ""
    assert document["detail"]
    return document


def test_a_model_has_the_fields_of_the_contract(ask, make_key, make_model):
    model = make_model("acme/One", files={"a.json": b"{}", "deep/w #1.bin": b"weights"})
    model.tags.add(Tag.objects.create(name="b"), Tag.objects.create(name="a"))
    shown = ask("/api/v1/models/acme--one", key=make_key()).json()
    assert set(shown) == FIELDS
    assert shown["id"] == "acme--one"
    assert (shown["version"], shown["revision"]) == (1, model.head.commit)
    assert shown["filename"] == "deep/w #1.bin"
    assert shown["download_url"] == f"/hf/acme/One/resolve/{model.head.commit}/deep/w%20%231.bin"
    assert (shown["status"], shown["scan"], shown["size_bytes"]) == ("admitted", "clean", 9)
    assert shown["tags"] == ["a", "b"]
    assert ask("/api/v1/models", key=make_key()).json()["results"] == [shown]


def test_a_model_that_is_held_has_no_download_url(ask, make_key, make_model):
    make_model(admission="held")
    assert ask("/api/v1/models/acme--one", key=make_key()).json()["download_url"] is None


def test_pages_are_linked_by_paths_that_keep_the_query(ask, make_key, make_model):
    key = make_key()
    for n in range(5):
        make_model(f"acme/m{n}", days=n)
    first = ask("/api/v1/models?limit=2&status=admitted,held&q=acme", key=key).json()
    assert [row["id"] for row in first["results"]] == ["acme--m4", "acme--m3"]
    assert first["previous"] is None
    assert first["next"].startswith("/api/v1/models?")
    second = ask(first["next"], key=key).json()
    assert [row["id"] for row in second["results"]] == ["acme--m2", "acme--m1"]
    third = ask(second["next"], key=key).json()
    assert [row["id"] for row in third["results"]] == ["acme--m0"]
    assert third["next"] is None
    assert ask(third["previous"], key=key).json()["results"] == second["results"]


@pytest.mark.parametrize("rows", [1, 10])
@pytest.mark.parametrize("path", ["/api/v1/models", "/api/v1/models?q=acme&status=admitted"])
def test_a_list_takes_two_queries_whatever_its_length(
    ask, make_key, make_model, django_assert_num_queries, rows, path
):
    key = make_key()
    for n in range(rows):
        make_model(f"acme/m{n}")
    ask(path, key=key)  # what is kept of it (conditions, plans) is there from now on
    with django_assert_num_queries(2):  # key with person and roles; states of the rows
        assert len(ask(path, key=key).json()["results"]) == rows


@pytest.mark.parametrize("change", ["row", "tag", "failure"])
def test_a_list_shows_each_change_at_once(ask, make_key, make_model, change):
    key, model = make_key(), make_model(admission="pending")

    def shown():
        return ask("/api/v1/models", key=key).json()["results"]

    (before,) = shown()
    assert shown() == [before]
    if change == "row":
        Model.objects.filter(pk=model.pk).update(description="another one")
        expected = {"description": "another one"}
    elif change == "tag":
        add_tags(model=model, names=["new-tag"])
        expected = {"tags": ["new-tag"]}
    else:
        failure = {"code": "upstream_down", "reason": "It is away.", "run": str(uuid.uuid4())}
        ModelVersion.objects.filter(pk=model.head_id).update(failure=failure)
        url = f"/api/v1/workflows/{failure['run']}"
        expected = {
            "import_error": {"code": "upstream_down", "detail": "It is away.", "workflow": url}
        }
    assert shown() == [{**before, **expected}]
    assert ask(f"/api/v1/models/{model.slug}", key=key).json() == {**before, **expected}


def test_a_tier_above_ones_own_is_refused_and_the_own_narrows(ask, make_key, make_model):
    make_model("acme/lite")
    make_model("acme/standard", tier="standard")
    key = make_key(tier="standard")
    answer = ask("/api/v1/models?tier=lite", key=key)
    assert [row["id"] for row in answer.json()["results"]] == ["acme--lite"]
    document = problem(ask("/api/v1/models?tier=professional", key=key), 403, "tier_not_permitted")
    assert document["field"] == "tier"


def test_a_hidden_model_and_a_missing_one_look_alike(ask, make_key, make_model):
    make_model("acme/secret", tier="professional")
    key = make_key(tier="lite")
    hidden = problem(ask("/api/v1/models/acme--secret", key=key), 404, "not_found")
    missing = problem(ask("/api/v1/models/acme--absent", key=key), 404, "not_found")
    for document in (hidden, missing):
        document["detail"] = document["detail"].replace(document.pop("model"), "X")
    assert hidden == missing


def test_who_asked_for_a_model_is_told_why_not(ask, make_key, make_model):
    model = make_model("acme/secret", tier="professional")
    key = make_key(tier="lite")
    AccessRequest.objects.create(user=key.user, model=model, tier="lite")
    document = problem(ask("/api/v1/models/acme--secret", key=key), 403, "tier_not_permitted")
    assert document["needs_tier"] == "professional"


@pytest.mark.parametrize(
    ("path", "method", "body", "status", "code"),
    [
        ("/api/v1/models?colour=red", "GET", None, 400, "invalid_input"),
        ("/api/v1/models?limit=0", "GET", None, 400, "invalid_input"),
        ("/api/v1/models?limit=abc", "GET", None, 400, "invalid_input"),
        ("/api/v1/models?cursor=zzz", "GET", None, 400, "invalid_input"),
        ("/api/v1/models/acme--one?x=1", "GET", None, 400, "invalid_input"),
        ("/api/v1/nothing", "GET", None, 404, "not_found"),
        ("/api/v1/models/UPPER", "GET", None, 404, "not_found"),
        ("/api/v1/models/%00", "GET", None, 404, "not_found"),
        ("/model-info/nothing", "POST", None, 404, "not_found"),
        ("/api/v1/models", "PUT", {}, 405, "method_not_allowed"),
        ("/api/v1/models/acme--one", "POST", {}, 405, "method_not_allowed"),
        ("/health", "POST", None, 405, "method_not_allowed"),
        ("/api/v1/models/acme--one", "PATCH", b"{", 400, "invalid_input"),
        ("/api/v1/models/acme--one", "PATCH", b"[]", 400, "invalid_input"),
        ("/api/v1/models/acme--one", "PATCH", b"\xff", 400, "invalid_input"),
        ("/api/v1/models/acme--one", "PATCH", {}, 400, "invalid_input"),
        ("/api/v1/models/acme--one", "PATCH", {"tier": "gold"}, 400, "invalid_input"),
        ("/api/v1/models/acme--one", "PATCH", {"teir": "lite"}, 400, "invalid_input"),
        ("/api/v1/models/acme--one", "PATCH", {"parameters": 7}, 400, "invalid_input"),
        ("/api/v1/models/acme--one", "DELETE", {}, 400, "invalid_input"),
        ("/api/v1/models/acme--one", "DELETE", None, 400, "invalid_input"),
        ("/api/v1/models/acme--one/request", "POST", {"tier": "gold"}, 400, "invalid_input"),
        ("/api/v1/models", "POST", {"source": "nowhere", "repo_id": "a/b"}, 400, "unknown_plugin"),
        ("/api/v1/models", "POST", {}, 400, "invalid_input"),
    ],
)
def test_every_error_is_a_problem_document(
    ask, make_key, make_model, path, method, body, status, code
):
    make_model()
    problem(ask(path, key=make_key(role="admin"), method=method, body=body), status, code)


def test_other_media_types_are_refused(client, make_key):
    headers = {"Authorization": f"Bearer {make_key(role='admin').token}"}
    response = client.post("/api/v1/models", "a=1", content_type="text/plain", headers=headers)
    problem(response, 415, "unsupported_media_type")
    response = client.get("/api/v1/models", headers={**headers, "Accept": "text/html"})
    problem(response, 406, "not_acceptable")


def test_without_a_key_or_scope_nothing_is_given(ask, make_key, make_model):
    make_model()
    document = problem(ask("/api/v1/models"), 401, "not_authenticated")
    assert "one" not in document["detail"]
    assert ask("/api/v1/models")["WWW-Authenticate"].startswith("Bearer")
    asker = make_key(scopes=[Scope.REQUEST])
    problem(ask("/api/v1/models", key=asker), 403, "not_permitted")
    reader = make_key(scopes=[Scope.READ], role="admin")
    for method, path in (
        ("POST", ""),
        ("PATCH", "/acme--one"),
        ("DELETE", "/acme--one"),
        ("POST", "/acme--one/request"),
        ("POST", "/acme--one/download"),
    ):
        problem(
            ask(f"/api/v1/models{path}", key=reader, method=method, body={}), 403, "not_permitted"
        )


def test_an_unusable_key_is_an_error_and_never_something_weaker(ask, make_key, settings):
    settings.OPEN_CATALOG = True
    key = make_key()
    key.token = "hf_" + "x" * 40
    problem(ask("/api/v1/models", key=key), 401, "not_authenticated")


def test_an_open_catalog_shows_the_lite_models_to_anybody(ask, make_model, settings):
    make_model("acme/lite")
    make_model("acme/standard", tier="standard")
    settings.OPEN_CATALOG = True
    assert [row["id"] for row in ask("/api/v1/models").json()["results"]] == ["acme--lite"]
    problem(ask("/api/v1/models/acme--standard"), 404, "not_found")


def test_a_curator_changes_tier_parameters_and_description(ask, make_key, make_model):
    model = make_model()
    change = {
        "tier": "standard",
        "parameters": {"context_length": 4096},
        "description": "Mine",
        "reason": "why",
    }
    shown = ask(
        "/api/v1/models/acme--one", key=make_key(role="curator"), method="PATCH", body=change
    ).json()
    assert (shown["tier"], shown["parameters"], shown["description"]) == (
        "standard",
        {"context_length": 4096},
        "Mine",
    )
    assert set(AuditEvent.objects.values_list("action", "reason")) >= {
        ("model.tier", "why"),
        ("model.change", "why"),
    }
    model.refresh_from_db()
    VersionFactory(model=model, files={"x": b"new"}, facts={"description": "upstream's"})
    model.refresh_from_db()
    assert (model.description, model.tier) == ("Mine", "standard")


def test_a_curator_gives_no_tier_above_their_own(ask, make_key, make_model):
    make_model()
    key = make_key(role="curator", tier="standard")
    answer = ask("/api/v1/models/acme--one", key=key, method="PATCH", body={"tier": "professional"})
    problem(answer, 403, "tier_not_permitted")
    assert Model.objects.get().tier == "lite"


@pytest.mark.parametrize("by_body", [True, False])
def test_deleting_withdraws_the_head_and_keeps_the_record(ask, make_key, make_model, by_body):
    make_model()
    path, body = ("", {"reason": "stolen"}) if by_body else ("?reason=stolen", None)
    answer = ask(
        f"/api/v1/models/acme--one{path}", key=make_key(role="curator"), method="DELETE", body=body
    )
    assert answer.json()["status"] == "withdrawn"
    assert answer.json()["download_url"] is None
    assert AuditEvent.objects.get(action="version.withdraw").reason == "stolen"


def test_a_model_without_a_version_is_taken_off_as_well(ask, make_key):
    Model.objects.create(
        slug="bare",
        source="s",
        repo_id="bare",
        name="bare",
        tier="lite",
        updated_at="2026-01-01T00:00Z",
    )
    answer = ask("/api/v1/models/bare?reason=x", key=make_key(role="curator"), method="DELETE")
    assert (answer.status_code, answer.json()["status"]) == (200, "withdrawn")
    assert AuditEvent.objects.get(action="model.withdraw").reason == "x"


def test_asking_for_a_model_is_kept_for_a_curator_where_policy_does_not_give_it(
    ask, make_key, make_model
):
    make_model(admission="held")
    ModelVersion.objects.update(admission="held")
    key = make_key()
    answer = ask(
        "/api/v1/models/acme--one/request", key=key, method="POST", body={"reason": "need it"}
    )
    assert answer.status_code == 201
    kept = AccessRequest.objects.get()
    assert (kept.user, kept.reason, kept.needs_curator) == (key.user, "need it", True)
    hidden = make_model("acme/secret", tier="professional")
    lite = make_key(tier="lite")
    answer = ask(f"/api/v1/models/{hidden.slug}/request", key=lite, method="POST", body={})
    problem(answer, 404, "not_found")


def test_no_shared_cache_may_keep_an_answer(ask, make_key, make_model):
    make_model()
    response = ask("/api/v1/models", key=make_key())
    assert "private" in response["Cache-Control"]
    assert {"Authorization", "Cookie"} <= {word.strip() for word in response["Vary"].split(",")}
