"""Every route, and what to send to it; a new one is listed here."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver

NOBODYS = uuid.UUID(int=7)
# (method, path, body): `{slug}` and the like are filled in for a model of each tier and for one
# that does not exist.
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
    "api:version-scan": [("GET", API + "/versions/1/scan", None)],
    "api:version-sarif": [("GET", API + "/versions/1/scan/sarif", None)],
    "api:version-bom": [("GET", API + "/versions/1/bom", None)],
    "api:version-whole": [
        ("PUT", API + "/versions/1/whole", {"reason": "x"}),
        ("DELETE", API + "/versions/1/whole?reason=x", None),
    ],
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
    "api:cloud-model-extract": [
        ("POST", "/model-info/cloud-model/extract", {"model_uri": "nobody/nothing"})
    ],
    "api:scan": [
        ("POST", "/model-info/scan", {"model_path": "models/{slug}/{commit}"}),
        ("POST", "/model-info/scan", {"model_uri": "nobody/nothing"}),
    ],
    "api:search": [("GET", "/api/v1/sources/huggingface/search?q=nothing", None)],
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
    "api:notices": [("GET", "/api/v1/notices", None), ("GET", "/api/v1/notices?unread=true", None)],
    "api:notices-read": [("POST", "/api/v1/notices/read", None)],
    "api:notice-read": [("POST", "/api/v1/notices/{notice}/read", None)],
    "api:findings": [
        ("GET", "/api/v1/scans/findings", None),
        ("GET", "/api/v1/scans/findings?severity=critical&state=all&limit=1", None),
        ("GET", "/api/v1/scans/findings?model={slug}", None),
    ],
    "api:engines": [("GET", "/api/v1/scans/engines", None)],
    "api:demand": [("GET", "/api/v1/demand", None)],
    "api:storage": [("GET", "/api/v1/storage", None)],
    "api:hub-checks": [
        ("GET", "/api/v1/hub/checks", None),
        ("POST", "/api/v1/hub/checks", None),
    ],
    "api:usage": [
        ("GET", "/api/v1/usage?days=365", None),
        ("GET", "/api/v1/usage?model={slug}", None),
    ],
    "api:storage-runs": [("POST", "/api/v1/storage/runs", {"work": "look"})],
    "api:storage-fetch": [("POST", "/api/v1/storage/quarantine/{sha256}/fetch", None)],
    "api:waivers": [
        ("GET", "/api/v1/waivers", None),
        ("GET", "/api/v1/waivers?sha256={sha256}&state=active", None),
        (
            "POST",
            "/api/v1/waivers",
            {
                "sha256": "{sha256}",
                "rule": "other_call",
                "reason": "it is fine",
                "expires_at": "2020-01-01T00:00:00Z",
            },
        ),
    ],
    "api:waiver": [
        ("GET", "/api/v1/waivers/{waiver}", None),
        ("DELETE", "/api/v1/waivers/{waiver}?reason=x", None),
    ],
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
    "catalog:model-fit": [("GET", "/models/{slug}/fit/?context=4096", None)],
    "catalog:model-files": [("GET", "/models/{slug}/files/", None)],
    "catalog:model-scan": [("GET", "/models/{slug}/scan/", None)],
    "catalog:model-license": [("GET", "/models/{slug}/license/", None)],
    "catalog:model-versions": [("GET", "/models/{slug}/versions/", None)],
    "catalog:version-diff": [("GET", "/models/{slug}/versions/1/diff/1/", None)],
    "catalog:model-compare": [("GET", "/models/{slug}/versions/compare/?before=1&after=1", None)],
    "catalog:version-admit": [("POST", "/models/{slug}/versions/1/admit/", "reason=x")],
    "catalog:version-scan": [("POST", "/models/{slug}/versions/1/scan/", None)],
    "catalog:version-whole": [("POST", "/models/{slug}/versions/1/whole/", "reason=x")],
    "catalog:version-rest": [("POST", "/models/{slug}/versions/1/whole/release/", "reason=x")],
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
    "catalog:waive_finding": [
        ("GET", "/findings/{sha256}/other_call/waive/", None),
        ("POST", "/findings/{sha256}/other_call/waive/", "reason=x"),
    ],
    "catalog:waiver-end": [("POST", "/findings/waivers/{waiver}/end/", "")],
    "catalog:jobs": [("GET", "/jobs/", None), ("GET", "/jobs/?state=failed", None)],
    "catalog:job": [("GET", "/jobs/{run}/", None)],
    "catalog:job-cancel": [("POST", "/jobs/{run}/cancel/", None)],
    "catalog:job-retry": [("POST", "/jobs/{run}/retry/", None)],
    "catalog:job-transfers": [("POST", "/jobs/{run}/transfers/pause/", None)],
    "catalog:job-file": [("POST", "/jobs/{run}/files/{transfer}/cancel/", None)],
    "catalog:scans": [
        ("GET", "/scans/", None),
        ("GET", "/scans/?state=all", None),
        ("GET", "/scans/?model={slug}", None),
    ],
    "catalog:scan-again": [("POST", "/scans/{finding}/again/", "")],
    "catalog:demand": [("GET", "/demand/", None)],
    "catalog:storage": [("GET", "/storage/", None)],
    "catalog:storage-start": [("POST", "/storage/start/", "work=look")],
    "catalog:storage-fetch": [("POST", "/storage/quarantine/{sha256}/fetch/", None)],
    "catalog:usage": [
        ("GET", "/usage/", None),
        ("GET", "/usage/?days=365&format=csv", None),
        ("GET", "/usage/?model={slug}", None),
    ],
    "catalog:approvals": [("GET", "/approvals/", None)],
    "catalog:approval": [("GET", "/approvals/{request}/", None)],
    "catalog:approval-approve": [("POST", "/approvals/{request}/approve/", "reason=x")],
    "catalog:approval-refuse": [("POST", "/approvals/{request}/refuse/", "reason=x")],
    "check:page": [("GET", "/check/", None), ("GET", f"/check/?run={NOBODYS}", None)],
    "check:start": [("POST", "/check/start/", "")],
    "registry:sign-in": [("GET", "/sign-in/?next=/models/", None)],
    "registry:admin-sign-in": [("GET", "/admin/login/?next=/admin/", None)],
    "registry:sign-out": [("POST", "/sign-out/", None)],
    "registry:keys": [("GET", "/keys/", None)],
    "registry:key-create": [("POST", "/keys/create/", "name=x&scopes=read&tier_cap=lite")],
    "registry:ollama-key-create": [
        ("POST", "/keys/ollama/", "ollama-name=x&ollama-public_key=x&ollama-tier_cap=lite")
    ],
    "registry:key-revoke": [("POST", "/keys/{key}/revoke/", None)],
    "registry:notices": [("GET", "/notices/", None)],
    "registry:notices-read": [("POST", "/notices/read/", None)],
    "registry:notice-read": [("POST", "/notices/{notice}/read/", None)],
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
        ("GET", "/hf/{repo}/raw/main/x.bin", None),
        ("GET", "/hf/api/resolve-cache/models/{repo}/{commit}/x.bin", None),
        ("GET", "/hf/api/models/{repo}/safetensors-metadata/model.safetensors.index.json", None),
        ("GET", "/hf/api/models/{repo}/discussions", None),
        ("GET", "/hf/api/yard/echo", None),
        ("GET", "/hf/api/yard/models/{repo}/papers/{commit}", None),
        *(("GET", f"/hf/api/{at}", None) for at in ("telemetry/x", "agent-harnesses", "datasets")),
        ("GET", "/hf/api/datasets/{repo}", None),
        ("GET", "/hf/datasets/{repo}/resolve/main/x.csv", None),
        ("GET", "/hf/api/models/{repo}/discussions/1", None),
        ("POST", "/hf/api/repos/create", {"name": "x"}),
        ("GET", "/hf/api/nothing/here", None),
    ],
    "oci:serve": [
        ("GET", "/v2/", None),
        ("GET", "/v2/token", None),
        ("GET", "/v2/{repo}/manifests/latest", None),
        ("HEAD", "/v2/{repo}/manifests/latest", None),
        ("GET", "/v2/{repo}/blobs/sha256:{sha256}", None),
        ("HEAD", "/v2/{repo}/blobs/sha256:{sha256}", None),
        ("GET", "/v2/-/part?ticket=none", None),
    ],
    "manifest": [("GET", "/hf/v2/{repo}/manifests/latest", None)],
    "nothing here": [("GET", "/{slug}", None), ("GET", "/api/v1/{slug}", None)],
}


def names(patterns, space="") -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = pattern.namespace or ""
            yield from names(pattern.url_patterns, f"{space}{inner}:" if inner else space)
        elif isinstance(pattern, URLPattern):
            yield f"{space}{pattern.name}"


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
