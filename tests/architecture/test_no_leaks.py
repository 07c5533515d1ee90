"""Every route, asked by every kind of caller, about a model of every tier: nothing hidden shows.

A new route fails `test_every_route_is_listed` until it is given arguments here.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import orjson
import pytest
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from catalog.models import Intake, ModelEvent, VersionText, Watch
from catalog.services.facets import fold_facets
from core.models import Run, RunState
from downloads.models import FileTransfer, RunTransfers
from registry.enums import Tier
from registry.models import AccessRequest, ApiKey, Content, Model, Tag, User
from tests.factories.registry import ApiKeyFactory, ModelFactory, UserFactory, VersionFactory
from tests.standins.fixture import start_upstream

__all__ = ["start_upstream"]

TIERS = list(Tier)
ABSENT = "absent"
NOBODYS = uuid.UUID(int=7)


def slug_of(tier):
    return f"wombat-{tier}"


def name_of(tier):
    return f"Quokka-{tier}"


# What to send to each route: (method, path, body). `{slug}` and the like are filled in for a model
# of each tier and for one that does not exist.
API = "/api/v1/models/{slug}"
ROUTES: dict[str, list[tuple[str, str, object]]] = {
    "api:health": [("GET", "/health", None)],
    "api:ready": [("GET", "/ready", None)],
    "api:metrics": [("GET", "/metrics", None)],
    "api:health-detailed": [("GET", "/api/health/detailed", None)],
    "api:schema": [("GET", "/api/schema/", None), ("GET", "/api/schema/?format=json", None)],
    "api:docs": [("GET", "/api/docs/", None)],
    "api:errors": [("GET", "/docs/errors", None)],
    "api:models": [
        ("GET", "/api/v1/models", None),
        ("GET", "/api/v1/models?limit=1", None),
        ("GET", "/api/v1/models?q=quokka&ordering=num_params", None),
        ("GET", "/api/v1/models?tier={tier}", None),
        ("POST", "/api/v1/models", {"repo_id": "nobody/nothing"}),
    ],
    "api:model": [
        ("GET", API, None),
        ("PATCH", API, {"description": "x"}),
        ("DELETE", API + "?reason=x", None),
    ],
    "api:model-request": [("POST", API + "/request", {})],
    "api:model-download": [
        ("POST", API + "/download", {"revision": "{commit}"}),
        ("POST", API + "/download", {"revision": "{commit}", "force": True}),
        ("POST", API + "/download", {}),
    ],
    "api:model-downloads": [("GET", API + "/downloads", None)],
    "api:downloads": [
        ("GET", "/api/v1/downloads", None),
        ("GET", "/api/v1/downloads?status=success", None),
    ],
    "api:plan": [("POST", "/api/v1/models/plan", {"model_uri": "nobody/nothing"})],
    "api:versions": [("GET", API + "/versions", None)],
    "api:version": [
        ("GET", API + "/versions/{commit}", None),
        ("GET", API + "/versions/1", None),
    ],
    "api:files": [("GET", API + "/versions/1/files", None)],
    "api:diff": [("GET", API + "/versions/1/diff/1", None)],
    "api:admit": [("POST", API + "/versions/1/admit", {"reason": "x"})],
    "api:main": [
        ("GET", API + "/main", None),
        ("PUT", API + "/main", {"version": "1", "reason": "x"}),
        ("DELETE", API + "/main?reason=x", None),
    ],
    "api:watch": [("GET", API + "/watch", None), ("PATCH", API + "/watch", {"rule": "import"})],
    "api:watch-check": [("POST", API + "/watch/check", None)],
    "api:events": [("GET", API + "/events", None)],
    "api:event-seen": [("POST", API + "/events/{event}/seen", None)],
    "api:extract": [("POST", "/model-info/extract", {"model_uri": "nobody/nothing"})],
    "api:scan": [
        ("POST", "/model-info/scan", {"model_path": "models/{slug}/{commit}"}),
        ("POST", "/model-info/scan", {"model_uri": "nobody/nothing"}),
    ],
    "api:local-models": [("GET", "/api/v1/local/models", None)],
    "api:local-look": [("POST", "/api/v1/local/look", None)],
    "api:uploads": [
        ("GET", "/api/v1/uploads", None),
        ("POST", "/api/v1/uploads", {"name": "one"}),
    ],
    "api:upload": [("GET", f"/api/v1/uploads/{NOBODYS}", None)],
    "api:upload-finish": [("POST", f"/api/v1/uploads/{NOBODYS}/finish", None)],
    "api:upload-files": [("POST", f"/api/v1/uploads/{NOBODYS}/files", None)],
    "api:upload-file": [("HEAD", f"/api/v1/uploads/{NOBODYS}/files/{NOBODYS}", None)],
    "api:workflows": [("GET", "/api/v1/workflows", None)],
    "api:workflow": [("GET", "/api/v1/workflows/{run}", None)],
    "api:workflow-cancel": [("POST", "/api/v1/workflows/{run}/cancel", None)],
    "api:workflow-retry": [("POST", "/api/v1/workflows/{run}/retry", None)],
    "api:transfers": [("GET", "/api/v1/workflows/{run}/files", None)],
    "api:transfers-steer": [
        ("POST", "/api/v1/workflows/{run}/transfers/pause", None),
        ("POST", "/api/v1/workflows/{run}/transfers/priority", {"priority": 1}),
    ],
    "api:transfer-steer": [
        ("POST", "/api/v1/workflows/{run}/files/{transfer}/cancel", None),
    ],
    "api:storage": [("GET", "/api/v1/storage", None)],
    "api:storage-runs": [("POST", "/api/v1/storage/runs", {"work": "look"})],
    "api:storage-fetch": [("POST", "/api/v1/storage/quarantine/{sha256}/fetch", None)],
    "api:bundles": [
        ("POST", "/api/v1/bundles", {"models": ["{slug}"]}),
        ("POST", "/api/v1/bundles", {"models": ["{slug}"], "quarantine": "x"}),
    ],
    "api:bundle": [("GET", "/api/v1/bundles/{run}", None)],
    "api:bundle-file": [("GET", "/api/v1/bundles/{run}/file", None)],
    "api:bundle-import": [("POST", "/api/v1/bundles/import", {"file": "none.tar"})],
    "catalog:overview": [("GET", "/", None)],
    "catalog:models": [
        ("GET", "/models/", None),
        ("GET", "/models/?q=quokka&status=admitted", None),
        ("GET", "/models/?tier={tier}", None),
    ],
    "catalog:model": [("GET", "/models/{slug}/", None)],
    "catalog:model-files": [("GET", "/models/{slug}/files/", None)],
    "catalog:model-scan": [("GET", "/models/{slug}/scan/", None)],
    "catalog:model-license": [("GET", "/models/{slug}/license/", None)],
    "catalog:model-versions": [("GET", "/models/{slug}/versions/", None)],
    "catalog:version-diff": [("GET", "/models/{slug}/versions/1/diff/1/", None)],
    "catalog:model-compare": [("GET", "/models/{slug}/versions/compare/?before=1&after=1", None)],
    "catalog:version-admit": [("POST", "/models/{slug}/versions/1/admit/", "reason=x")],
    "catalog:model-rule": [("POST", "/models/{slug}/versions/rule/", "rule=import")],
    "catalog:model-check": [("POST", "/models/{slug}/versions/check/", None)],
    "catalog:event-seen": [("POST", "/models/{slug}/versions/events/{event}/seen/", None)],
    "catalog:model-main": [("POST", "/models/{slug}/versions/main/", "version=1&reason=x")],
    "catalog:model-main-release": [
        ("POST", "/models/{slug}/versions/main/release/", "release-reason=x")
    ],
    "catalog:model-request": [("POST", "/models/{slug}/request/", "reason=x&tier=lite")],
    "catalog:import": [("GET", "/import/", None)],
    "catalog:import-preview": [("GET", "/import/preview/", None)],
    "catalog:import-start": [("POST", "/import/start/", "uri=nobody/nothing&tier=lite")],
    "catalog:upload": [("GET", "/import/upload/", None)],
    "catalog:upload-end": [("POST", f"/import/upload/{NOBODYS}/end/", "")],
    "catalog:local": [("GET", "/import/local/", None)],
    "catalog:local-look": [("POST", "/import/local/look/", "")],
    "catalog:local-import": [("POST", "/import/local/start/", "name=nothing")],
    "catalog:bundle": [("GET", "/import/bundle/?name=none.tar", None)],
    "catalog:bundle-import": [("POST", "/import/bundle/start/", "name=none.tar")],
    "catalog:bundle-export": [("POST", "/models/{slug}/export/", "version=1")],
    "catalog:bundle-file": [("GET", "/bundles/{run}/", None)],
    "catalog:jobs": [("GET", "/jobs/", None), ("GET", "/jobs/?state=failed", None)],
    "catalog:job": [("GET", "/jobs/{run}/", None)],
    "catalog:job-cancel": [("POST", "/jobs/{run}/cancel/", None)],
    "catalog:job-retry": [("POST", "/jobs/{run}/retry/", None)],
    "catalog:job-transfers": [("POST", "/jobs/{run}/transfers/pause/", None)],
    "catalog:job-file": [("POST", "/jobs/{run}/files/{transfer}/cancel/", None)],
    "catalog:storage": [("GET", "/storage/", None)],
    "catalog:storage-start": [("POST", "/storage/start/", "work=look")],
    "catalog:storage-fetch": [("POST", "/storage/quarantine/{sha256}/fetch/", None)],
    "catalog:approvals": [("GET", "/approvals/", None)],
    "catalog:approval": [("GET", "/approvals/{request}/", None)],
    "catalog:approval-approve": [("POST", "/approvals/{request}/approve/", "reason=x")],
    "catalog:approval-refuse": [("POST", "/approvals/{request}/refuse/", "reason=x")],
    "registry:sign-in": [("GET", "/sign-in/?next=/models/", None)],
    "registry:admin-sign-in": [("GET", "/admin/login/?next=/admin/", None)],
    "registry:sign-out": [("POST", "/sign-out/", None)],
    "registry:keys": [("GET", "/keys/", None)],
    "registry:key-create": [("POST", "/keys/create/", "name=x&scopes=read&tier_cap=lite")],
    "registry:key-revoke": [("POST", "/keys/{key}/revoke/", None)],
    "hub:serve": [
        ("GET", "/hf/api/models", None),
        ("GET", "/hf/api/models?search=quokka&limit=1", None),
        ("GET", "/hf/api/models-tags-by-type", None),
        ("GET", "/hf/api/whoami-v2", None),
        ("GET", "/hf/api/models/{repo}", None),
        ("GET", "/hf/api/models/{repo}/revision/main", None),
        ("GET", "/hf/api/models/{repo}/tree/main?recursive=true", None),
        ("POST", "/hf/api/models/{repo}/paths-info/main", {"paths": ["x.bin"]}),
        ("GET", "/hf/api/models/{repo}/refs", None),
        ("GET", "/hf/api/models/{repo}/commits/main", None),
        ("GET", "/hf/api/models/{repo}/auth-check", None),
        ("HEAD", "/hf/{repo}/resolve/{commit}/x.bin", None),
        ("GET", "/hf/{repo}/resolve/main/x.bin", None),
        ("GET", "/hf/{repo}/resolve/main/absent.bin", None),
    ],
    "nothing here": [("GET", "/{slug}", None), ("GET", "/api/v1/{slug}", None)],
}


def names(patterns, space="") -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = pattern.namespace or ""
            yield from names(pattern.url_patterns, f"{space}{inner}:" if inner else space)
        elif isinstance(pattern, URLPattern):
            yield f"{space}{pattern.name}"


def test_every_route_is_listed():
    served = {name for name in names(get_resolver().url_patterns) if not name.startswith("admin:")}
    assert served - set(ROUTES) == set()


def admin_paths() -> list[str]:
    """Every page of the admin, with the key of a row where one is wanted."""
    found = []
    resolver = next(
        p for p in get_resolver().url_patterns if getattr(p, "namespace", "") == "admin"
    )
    for pattern in flat(resolver.url_patterns):
        text = pattern.replace("<path:object_id>", "{pk}").replace("<int:content_type_id>", "1")
        text = text.replace("<path:object_id>", "{pk}").replace("<path:url>", "x")
        if "<" not in text and "(" not in text:
            found.append(f"/admin/{text}")
    return found


def flat(patterns, before="") -> Iterator[str]:
    for pattern in patterns:
        here = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from flat(pattern.url_patterns, here)
        else:
            yield here


@dataclass
class World:
    """A model, a version, a run and a request for each tier."""

    args: dict[str, dict[str, str]] = field(default_factory=dict)


@pytest.fixture
def world(db) -> World:
    world = World()
    owner = UserFactory(username="somebody-else", tier="professional")
    for tier in TIERS:
        world.args[tier] = _make(tier, owner)
    world.args[ABSENT] = {
        "tier": "lite",
        "slug": slug_of(ABSENT),
        "repo": f"{name_of(ABSENT)}/Model",
        "commit": "0" * 40,
        "run": str(uuid.UUID(int=0)),
        "request": "0",
        "event": "0",
        "transfer": "0",
        "sha256": "0" * 64,
        "key": "0",
        "pk": "0",
    }
    fold_facets()
    return world


def _make(tier, owner) -> dict[str, str]:
    name = name_of(tier)
    model = ModelFactory(
        slug=slug_of(tier), repo_id=f"{name}/Model", name=f"{name}-Model", tier=tier, family=name
    )
    model.tags.add(Tag.objects.get_or_create(name="some-tag")[0])
    facts = {"description": f"{name} is secret", "tags": [f"{name}-tag"]}
    version = VersionFactory(
        model=model,
        files={"x.bin": f"weights of {tier}".encode(), f"{name}.bin": tier.encode()},
        facts=facts,
    )
    run = Run.objects.create(
        kind="intake",
        key=f"huggingface:{name}/Model@main",
        state=RunState.FAILED,
        finished_at=timezone.now(),
        error_code="upstream_not_found",
        error=f"{name} is gone",
    )
    Intake.objects.create(
        run=run, source="huggingface", repo_id=model.repo_id, model=model, version=version
    )
    asked = AccessRequest.objects.create(
        user=owner, model=model, tier="professional", reason=f"for {name}", needs_curator=True
    )
    key = ApiKeyFactory(user=owner)
    return {
        "tier": tier.value,
        "slug": model.slug,
        "repo": model.repo_id,
        "commit": version.commit,
        "run": str(run.pk),
        "request": str(asked.pk),
        "event": str(_watched(model, version).pk),
        "transfer": str(_moving(run, version, name).pk),
        "sha256": _rotten(version),
        "key": str(key.pk),
        "pk": str(model.pk),
    }


def _watched(model, version) -> ModelEvent:
    """A watch, a kept text and an event that nobody has noted."""
    now = timezone.now()
    Watch.objects.create(model=model, next_check_at=now, repo_id=model.repo_id)
    VersionText.objects.create(version=version, kind="card", path="README.md", body=model.repo_id)
    return ModelEvent.objects.create(
        model=model, kind="renamed", text=f"{model.repo_id} was renamed", at=now
    )


def _moving(run, version, name) -> FileTransfer:
    """A file that could not be moved."""
    file = version.files.get(path=f"{name}.bin")
    RunTransfers.objects.create(run=run, source="huggingface")
    return FileTransfer.objects.create(
        run=run, file=file, size=file.size, state="failed", error=f"{name} is gone"
    )


def _rotten(version) -> str:
    """A content in quarantine that a file of the version should have."""
    file = version.files.get(path="x.bin")
    held = Content.objects.filter(pk=file.sha256)
    held.update(quarantined_at=timezone.now(), quarantined_from=[version.pk])
    return file.sha256


# -- callers --------------------------------------------------------------------------------------

CALLERS = {
    "anonymous": (None, "", ()),
    **{f"{tier} session": (tier, "session", ("viewer",)) for tier in TIERS},
    **{f"{tier} key": (tier, "key", ("viewer",)) for tier in TIERS},
    "lite curator session": (Tier.LITE, "session", ("curator", "operator")),
    "standard curator key": (Tier.STANDARD, "key", ("curator", "operator")),
    "lite staff session": (Tier.LITE, "staff session", ("curator", "operator")),
    "key of lite with request alone": (Tier.LITE, "request key", ("viewer",)),
    "lite key of a professional": (Tier.LITE, "capped key", ("viewer",)),
}


def client_of(kind: str) -> tuple[Client, dict[str, str], list[Tier]]:
    tier, means, roles = CALLERS[kind]
    client = Client(raise_request_exception=False)
    if tier is None:
        return client, {}, []
    user: User = UserFactory(tier="professional" if means == "capped key" else tier)
    user.groups.set([Group.objects.get_or_create(name=role)[0] for role in roles])
    sees = Tier.up_to(tier)
    if means == "staff session":
        user.is_staff = True
        user.user_permissions.set(Permission.objects.all())
        user.save()
    if means.endswith("session"):
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client, {}, sees
    scopes = {"request key": ["request"]}.get(means, ["read", "request", "operate", "curate"])
    key: ApiKey = ApiKeyFactory(user=user, scopes=scopes, tier_cap=tier)
    return client, {"Authorization": f"Bearer {key.token}"}, [] if means == "request key" else sees


@contextmanager
def undone():
    """Whatever the block does to the rows is gone afterwards."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def send(client, headers, method, path, body):
    kind, data = "application/json", b""
    if isinstance(body, str):
        kind, data = "application/x-www-form-urlencoded", body.encode()
    elif body is not None:
        data = orjson.dumps(body)
    with undone():
        response = client.generic(
            method, path, data, content_type=kind if data else "", headers=headers
        )
        content = b"".join(response.streaming_content) if response.streaming else response.content
    head = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
    return response.status_code, f"{head}\n\n{content.decode(errors='replace')}"


def filled(text, args):
    for name, value in args.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def filled_body(body, args):
    if isinstance(body, dict):
        return {key: filled_body(value, args) for key, value in body.items()}
    return filled(body, args) if isinstance(body, str) else body


@pytest.fixture
def nowhere(start_upstream, settings):
    """A source that has nothing: what these requests ask of it is not what is tested."""
    upstream = start_upstream()
    settings.HF_ENDPOINT = upstream.url


def asked_of(world) -> Iterator[tuple[str, str, object, str]]:
    """Every request, about each model where it names one."""
    for requests in ROUTES.values():
        for method, template, body in requests:
            about = world.args if "{" in template + str(body).replace("{'", "") else [ABSENT]
            for tier in about:
                yield method, template, body, tier


@pytest.mark.parametrize("kind", CALLERS)
def test_no_answer_shows_what_is_hidden_or_that_it_is_there(world, nowhere, kind):
    client, headers, sees = client_of(kind)
    hidden = [tier for tier in TIERS if tier not in sees]
    answers, faults = {}, []
    for method, template, body, about in asked_of(world):
        args = world.args[about]
        path, sent = filled(template, args), filled_body(body, args)
        status, text = send(client, headers, method, path, sent)
        label = f"{method} {path} {sent or ''} -> {status}"
        if status == 500:
            faults.append(f"{label}: broke")
        for tier in hidden:
            # What the caller wrote may come back; what they did not write may not.
            tokens = [t for t in (slug_of(tier), name_of(tier)) if t not in f"{path}{sent}"]
            faults += [f"{label}: shows {token}" for token in tokens if token in text]
        if "is secret" in text and about in hidden:
            faults.append(f"{label}: shows the description")
        request = (method, template, str(body), about)
        answers[request] = _neutral(status, text.replace(path, "path"), args)
    for (*request, about), answer in answers.items():
        # `{tier}` and ids of rows are not names: asking for a tier above one's own is refused.
        if about in hidden and "{tier}" not in str(request):
            absent = answers[(*request, ABSENT)]
            if answer != absent:
                faults.append(f"{request} about {about}: {answer}\nabsent: {absent}")
    assert not faults, "\n".join(faults)


STAFF = "lite staff session"


@pytest.mark.parametrize("kind", ["anonymous", "lite session", STAFF])
def test_the_admin_shows_nothing_hidden(world, kind):
    client, headers, sees = client_of(kind)
    hidden = [tier for tier in TIERS if tier not in sees]
    faults = []
    for path in admin_paths():
        for args in world.args.values() if kind == STAFF else [world.args["lite"]]:
            status, text = send(client, headers, "GET", filled(path, args), None)
            shown = [t for t in hidden if slug_of(t) in text or name_of(t) in text]
            if status >= 500 or shown:
                faults.append(f"{path} {args['tier']} -> {status}: {shown}")
    assert not faults, "\n".join(faults)


def _neutral(status, text, args):
    """The answer without what the caller sent and what differs between any two requests."""
    for name in ("slug", "repo", "commit", "run"):
        text = text.replace(args[name], name)
    lines = text.splitlines()
    kept = [line for line in lines if not line.startswith(("X-Request-Id", "Content-Length"))]
    return status, "\n".join(kept)


def test_the_check_sees_what_it_looks_for(world):
    client, headers, _ = client_of("professional key")
    status, text = send(client, headers, "GET", "/api/v1/models", None)
    assert status == 200
    assert all(slug_of(tier) in text and name_of(tier) in text for tier in TIERS)
    assert Model.objects.count() == len(TIERS)
