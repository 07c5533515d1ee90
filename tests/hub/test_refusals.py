"""What a caller learns who may not have a model: the reason, or nothing at all."""

from __future__ import annotations

import copy
import datetime as dt

import pytest
from django.conf import settings
from django.utils import timezone

from registry.models import AccessRequest, AuditEvent, Download, Model, ModelVersion
from registry.services.heads import refresh_head
from tests.factories.registry import ApiKeyFactory, ModelFactory, VersionFactory
from tests.hub.conftest import FILES, make_version

pytestmark = pytest.mark.django_db

QUESTIONS = [
    "/api/models/{repo}",
    "/api/models/{repo}/revision/main",
    "/api/models/{repo}/revision/{sha}",
    "/api/models/{repo}/revision/v1",
    "/api/models/{repo}/revision/nope",
    "/api/models/{repo}/tree/main?recursive=true",
    "/api/models/{repo}/tree/{sha}",
    "/api/models/{repo}/refs",
    "/api/models/{repo}/commits/main",
    "/api/models/{repo}/auth-check",
    "/{repo}/resolve/main/config.json",
    "/{repo}/resolve/{sha}/config.json",
    "/{repo}/resolve/{sha}/nothing.json",
]
HELD = {
    "tiers": [
        {
            "tier": "professional",
            "policy": "professional v1",
            "admits": False,
            "reasons": [
                {
                    "gate": "malware",
                    "outcome": "failed",
                    "mode": "enforce",
                    "rule": "gate malware must pass",
                    "reason": "evil.pkl calls os.system \u2014 \u201cbad\u201d.\nSecond line.",
                    "blocks": True,
                }
            ],
        }
    ]
}


def seen(response) -> dict:
    """All of an answer that could tell one model from another."""
    headers = {k: v for k, v in response.headers.items() if k != "X-Request-Id"}
    return {"status": response.status_code, "headers": headers, "body": response.content}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("admission", ["admitted", "held"])
def test_a_hidden_model_looks_like_a_missing_one(
    ask, lite_key, store, *, question, method, admission
):
    hidden = make_version(store, model__tier="professional", admission=admission)
    missing = hidden.model.repo_id.replace("acme", "ecma")
    answers = [
        ask(question.format(repo=repo, sha=hidden.commit), key=lite_key, method=method)
        for repo in (hidden.model.repo_id, missing)
    ]
    assert answers[0].status_code == 404
    assert answers[0]["X-Error-Code"] == "RepoNotFound"
    assert "X-Repo-Commit" not in answers[0]
    first, second = (
        str(seen(answer)).replace(repo, "REPO")
        for answer, repo in zip(answers, (hidden.model.repo_id, missing), strict=True)
    )
    assert first == second


@pytest.mark.parametrize("question", QUESTIONS)
def test_without_a_key_every_model_asks_for_one(ask, version, question):
    known = ask(question.format(repo=version.model.repo_id, sha=version.commit), key=None)
    missing = ask(question.format(repo="no/such", sha=version.commit), key=None)
    assert known.status_code == 401
    assert known["X-Error-Code"] == "RepoNotFound"
    assert known["WWW-Authenticate"] == 'Bearer realm="Authentication required"'
    assert "HF_TOKEN" in known["X-Error-Message"]
    assert seen(known) == seen(missing)


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"admission": "pending", "decided_at": None}, "is not admitted yet"),
        ({"admission": "withdrawn"}, "was withdrawn"),
        ({"admission": "held", "decision": HELD}, "evil.pkl calls os.system"),
    ],
)
def test_a_known_model_that_may_not_leave_says_why(ask, key, store, *, question, values, words):
    version = make_version(store, **values)
    path = question.format(repo=version.model.repo_id, sha=version.commit)
    response = ask(path, key=key)
    if "nope" in question:
        assert (response.status_code, response["X-Error-Code"]) == (404, "RevisionNotFound")
        return
    assert (response.status_code, response["X-Error-Code"]) == (403, "GatedRepo")
    message = response["X-Error-Message"]
    assert words in message
    assert message.endswith(f"/models/{version.model.slug}/")
    assert message.isascii()
    assert message.isprintable()
    assert words in response.json()["error"]
    assert ask(path, key=key, method="HEAD")["X-Error-Message"] == message


def test_a_long_reason_is_cut_and_the_page_is_still_named(ask, key, store):
    decision = copy.deepcopy(HELD)
    decision["tiers"][0]["reasons"][0]["reason"] = "x" * 5000
    version = make_version(store, admission="held", decision=decision)
    message = ask(f"/api/models/{version.model.repo_id}", key=key)["X-Error-Message"]
    assert len(message) < 800
    assert message.endswith(f"... See {settings.PUBLIC_URL}/models/{version.model.slug}/")


def test_a_model_without_any_version_is_still_awaited(ask, key):
    model = ModelFactory()
    response = ask(f"/{model.repo_id}/resolve/main/config.json", key=key)
    assert response.status_code == 403
    assert "not admitted yet: it is listed here and was not imported" in response["X-Error-Message"]
    response = ask(f"/{model.repo_id}/resolve/{'a' * 40}/config.json", key=key)
    assert response["X-Error-Code"] == "RevisionNotFound"


def test_a_listing_that_was_withdrawn_is_not_said_to_be_awaited(ask, key):
    model = ModelFactory(admission="withdrawn")
    message = ask(f"/{model.repo_id}/resolve/main/config.json", key=key)["X-Error-Message"]
    page = f"{settings.PUBLIC_URL}/models/{model.slug}/"
    assert message == f"{model.repo_id} was withdrawn. See {page}"


@pytest.mark.parametrize("revision", ["main", "{sha}", "v1", "{other}", "nope"])
def test_who_asked_for_a_model_of_a_higher_tier_is_told_its_tier(ask, lite_key, store, revision):
    version = make_version(store, model__tier="professional")
    AccessRequest.objects.create(user=lite_key.user, model=version.model, tier="lite")
    revision = revision.format(sha=version.commit, other="f" * 40)
    response = ask(f"/{version.model.repo_id}/resolve/{revision}/config.json", key=lite_key)
    assert (response.status_code, response["X-Error-Code"]) == (403, "GatedRepo")
    assert "is for tier professional and above" in response["X-Error-Message"]


def test_main_stays_at_the_newest_admitted_version(ask, key, store):
    first = make_version(store)
    held = make_version(store, model=first.model, admission="held", decision=HELD)
    info = ask(f"/api/models/{first.model.repo_id}", key=key).json()
    assert info["sha"] == first.commit
    response = ask(f"/api/models/{first.model.repo_id}/revision/{held.commit}", key=key)
    assert response["X-Error-Code"] == "GatedRepo"
    refs = ask(f"/api/models/{first.model.repo_id}/refs", key=key).json()
    assert held.commit not in str(refs)
    assert held.commit not in str(
        ask(f"/api/models/{first.model.repo_id}/commits/main", key=key).json()
    )


@pytest.mark.parametrize(
    "values",
    [
        {"revoked_at": timezone.now},
        {"expires_at": lambda: timezone.now() - dt.timedelta(seconds=1)},
        {"user__is_active": False},
        {"digest": "0" * 64},
    ],
)
@pytest.mark.parametrize(
    "path",
    ["/api/models/{repo}", "/{repo}/resolve/main/config.json", "/api/models", "/api/whoami-v2"],
)
def test_an_unusable_key_is_named_as_such(ask, version, values, path):
    made = {name: value() if callable(value) else value for name, value in values.items()}
    response = ask(path.format(repo=version.model.repo_id), key=ApiKeyFactory(**made))
    assert response.status_code == 401
    assert response["X-Error-Message"] == "Invalid credentials in Authorization header"
    assert "X-Error-Code" not in response


def test_a_key_without_the_scope_read_reads_nothing(ask, version):
    key = ApiKeyFactory(scopes=["request"])
    known, missing = (
        ask(f"/api/models/{repo}", key=key) for repo in (version.model.repo_id, "no/such")
    )
    assert known.status_code == 403
    assert "scope read" in known["X-Error-Message"]
    assert seen(known) == seen(missing)
    assert ask("/api/models", key=key).status_code == 403


def test_a_capped_key_sees_no_more_than_its_cap(ask, store):
    version = make_version(store, model__tier="standard")
    key = ApiKeyFactory(user__tier="professional", tier_cap="lite")
    assert ask(f"/api/models/{version.model.repo_id}", key=key).status_code == 404


def test_names_are_case_sensitive_and_no_slugs(ask, key, version):
    for name in (version.model.repo_id.upper(), version.model.slug):
        assert ask(f"/api/models/{name}", key=key)["X-Error-Code"] == "RepoNotFound"


def test_models_of_other_sources_are_not_on_the_hub(ask, key, store):
    version = make_version(store, model__source="ollama")
    assert ask(f"/api/models/{version.model.repo_id}", key=key).status_code == 404
    assert ask("/api/models", key=key).json() == []


def test_a_file_without_stored_bytes_does_not_exist(ask, key, db, store):
    version = VersionFactory(files={"a.txt": b"a"}, store=store)
    version.files.update(content=None)
    response = ask(f"/{version.model.repo_id}/resolve/main/a.txt", key=key)
    assert (response.status_code, response["X-Error-Code"]) == (404, "EntryNotFound")
    assert response["X-Repo-Commit"] == version.commit
    assert ask(f"/api/models/{version.model.repo_id}", key=key).json()["siblings"] == []
    assert ask(f"/api/models/{version.model.repo_id}/tree/main", key=key).json() == []


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_refusal_is_recorded_with_its_reason(ask, key, store, method):
    version = make_version(store, admission="held", decision=HELD)
    ask(f"/{version.model.repo_id}/resolve/main/a", key=key, method=method, User_Agent="hf/2.4")
    event = AuditEvent.objects.get(action="hub.refused")
    assert (event.actor, event.outcome) == (key.user.username, "refused")
    assert event.subject == str(version)
    assert "evil.pkl" in event.reason
    assert event.key_prefix == key.prefix


def test_a_download_is_recorded_and_a_head_is_not(ask, key, version):
    path = f"/{version.model.repo_id}/resolve/main/config.json"
    ask(path, key=key, method="HEAD")
    ask(f"/{version.model.repo_id}/resolve/main/nothing", key=key)
    assert not AuditEvent.objects.filter(action="hub.file").exists()
    assert not Download.objects.exists()
    b"".join(ask(path, key=key, Range="bytes=1-").streaming_content)
    assert Download.objects.get(version=version, user=key.user).files == 0
    event = AuditEvent.objects.get(action="hub.file")
    assert event.subject == f"{version}/config.json"
    assert event.details["commit"] == version.commit
    assert event.details["range"] == "bytes=1-"
    b"".join(ask(path, key=key, Range="bytes=0-").streaming_content)
    b"".join(ask(path, key=key).streaming_content)
    assert Download.objects.get().files == 2


def test_who_downloaded_it_is_told_why_it_is_refused_since_and_others_learn_nothing(
    ask, lite_key, version
):
    version.model.tier_by_curator = False
    version.model.save(update_fields=["tier_by_curator"])
    path = f"/{version.model.repo_id}/resolve/main/config.json"
    b"".join(ask(path, key=lite_key).streaming_content)
    ModelVersion.objects.filter(pk=version.pk).update(
        admission="held", scan_verdict="unsafe", decision=HELD, lowest_tier=""
    )
    refresh_head(Model.objects.get(pk=version.model_id))
    refused = ask(path, key=lite_key)
    assert refused.status_code == 403
    assert "evil.pkl" in refused["X-Error-Message"]
    assert ask(path, key=ApiKeyFactory(user__tier="lite")).status_code in {401, 404}


def test_an_open_catalog_shows_lite_models_and_no_others(ask, store, settings):
    settings.OPEN_CATALOG = True
    lite = make_version(store)
    higher = make_version(store, model__tier="standard")
    held = make_version(store, admission="held", decision=HELD)
    assert ask(f"/api/models/{lite.model.repo_id}", key=None).status_code == 200
    assert [m["id"] for m in ask("/api/models", key=None).json()] == [lite.model.repo_id]
    assert ask(f"/api/models/{higher.model.repo_id}", key=None).status_code == 401
    assert ask(f"/api/models/{held.model.repo_id}", key=None)["X-Error-Code"] == "GatedRepo"


def test_a_person_who_is_signed_in_may_click_on_a_file(client, version, lite_key):
    client.force_login(lite_key.user, backend="django.contrib.auth.backends.ModelBackend")
    response = client.get(f"/hf/{version.model.repo_id}/resolve/main/config.json")
    assert b"".join(response) == FILES["config.json"]
    assert AuditEvent.objects.get(action="hub.file").actor == lite_key.user.username
    assert client.get("/hf/api/whoami-v2").status_code == 401
