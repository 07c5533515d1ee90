"""Models of every tier, by names that no other text holds, and all that hangs on them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.models import Intake, ModelEvent, VersionText, Watch
from catalog.services.facets import fold_facets
from core.models import Run, RunState
from downloads.models import FileTransfer, RunTransfers
from registry.enums import Tier
from registry.models import AccessRequest, Content, Demand, Notice, Receipt, Tag, UsageDay
from scanning.models import ContentFinding, FindingWaiver, Scan
from scanning.services.inbox import refresh_findings
from tests.factories.registry import ApiKeyFactory, ModelFactory, UserFactory, VersionFactory

TIERS = list(Tier)
ABSENT = "absent"


def slug_of(tier):
    return f"wombat-{tier}"


def name_of(tier):
    return f"Quokka-{tier}"


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
        "waiver": "0",
        "finding": "0",
        "key": "0",
        "notice": "0",
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
    now = timezone.now()
    Demand.objects.create(repo_id=model.repo_id, revision="x", first_at=now, last_at=now)
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
    UsageDay.objects.create(
        day=timezone.now(), model=model, version=version, user=owner, files=1, bytes=1
    )
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
        "waiver": str(_accepted(version, owner, name).pk),
        "finding": str(ContentFinding.objects.latest("pk").pk),
        "key": str(key.pk),
        "notice": str(_told(version, owner).pk),
        "pk": str(model.pk),
    }


def _told(version, owner) -> Receipt:
    """A notice for somebody else."""
    now = timezone.now()
    text = f"{version} is no longer offered."
    notice = Notice.objects.create(version=version, kind="held", text=text, reason=text, at=now)
    return Receipt.objects.create(notice=notice, user=owner, at=now)


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


def _accepted(version, owner, name) -> FindingWaiver:
    """A content in which two rules found something, of which one is accepted."""
    file, now = version.files.get(path="x.bin"), timezone.now()
    said = {"severity": "high", "message": f"{name} does", "evidence": "", "location": ""}
    Scan.objects.create(
        sha256=file.sha256,
        scanner="pickle_ops",
        engine="1",
        verdict="unsafe",
        findings=[{"rule": rule, **said} for rule in ("odd_call", "other_call")],
        coverage="full",
        scanned_at=now,
    )
    refresh_findings([file.sha256])
    return FindingWaiver.objects.create(
        sha256=file.sha256,
        rule="odd_call",
        severity="high",
        reason=f"{name} is fine",
        granted_by=owner,
        granted_at=now,
        expires_at=now + timedelta(days=1),
    )


def _rotten(version) -> str:
    """A content in quarantine that a file of the version should have."""
    file = version.files.get(path="x.bin")
    held = Content.objects.filter(pk=file.sha256)
    held.update(quarantined_at=timezone.now(), quarantined_from=[version.pk])
    return file.sha256
