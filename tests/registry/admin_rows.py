"""The tables of the admin, rows for them, and the people who look at these."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.utils import timezone

from core.ranges import Span
from registry.callers import Caller
from registry.enums import CollectedName, Gate, GateOutcome, Tier
from registry.models import (
    BaseLink,
    Capability,
    CollectedList,
    Demand,
    DemandAsker,
    Device,
    Notice,
    NoticeDelivery,
    Receipt,
    Tag,
    Team,
    UsageDay,
    Waiver,
)
from registry.services.curation import request_access
from registry.services.downloads import note_download
from registry.services.gates import record_gate
from registry.services.names import add_alias, name_version
from registry.services.serving import ServedPlace, note_served
from tests.factories.registry import ApiKeyFactory, ModelFactory, UserFactory, VersionFactory

import_module("config.urls")  # the admin is discovered there, not at start-up
PAGES = sorted(model._meta.label_lower for model in admin.site._registry)
OURS = [label for label in PAGES if label.startswith("registry.")]


def path_of(label):
    return f"/admin/{label.replace('.', '/')}/"


@pytest.fixture
def superuser(signed_in):
    return signed_in("professional", ("admin", "curator"), is_superuser=True, is_staff=True)


@pytest.fixture
def curator(signed_in):
    return lambda tier="professional": signed_in(tier, ("curator",), is_staff=True)


@pytest.fixture
def rows(person):
    """One row of every kind, for a model of each tier."""
    CollectedList.objects.create(
        name=CollectedName.VLLM_ARCHITECTURES,
        items=["LlamaForCausalLM"],
        source="docs.vllm.ai",
        collected_at=timezone.now(),
    )
    for tier in Tier:
        model = ModelFactory(repo_id=f"acme/of-{tier}", tier=tier)
        version = VersionFactory(model=model, files={f"{tier}.json": tier.encode()})
        record_gate(version=version, gate=Gate.LICENSE, outcome=GateOutcome.PASSED)
        asker = UserFactory(tier=tier)
        asker.groups.set(Group.objects.filter(name="viewer"))
        caller = Caller(
            user_id=asker.pk, name=asker.username, tier=tier, scopes=frozenset({"request"})
        )
        request_access(caller=caller, model=model)
        Waiver.objects.create(
            version=version,
            gate=Gate.LICENSE,
            tier=tier,
            reason="fine",
            granted_by=asker,
            expires_at=timezone.now() + timedelta(days=1),
        )
        note_download(caller=caller, version=version, begins=True)
        notice = Notice.objects.create(
            version=version, kind="held", text="acme is held", at=timezone.now()
        )
        Receipt.objects.create(notice=notice, user=asker, at=notice.at)
        NoticeDelivery.objects.create(notice=notice, next_at=notice.at)
        place = ServedPlace(version, f"{tier}.json", "a" * 64)
        note_served(
            caller=caller, place=place, span=Span(0, 1), of=1, client="curl", protocol="hub"
        )
        UsageDay.objects.create(day=notice.at, model=model, version=version, user=asker)
        name_version(version, f"of-{tier}")
        add_alias(model, model.source, f"acme/before-of-{tier}")
        demand = Demand.objects.create(
            repo_id=f"acme/not-of-{tier}", first_at=notice.at, last_at=notice.at
        )
        DemandAsker.objects.create(demand=demand, user=asker, last_at=notice.at)
        BaseLink.objects.create(model=model, source=model.source, repo_id=f"acme/base-of-{tier}")
        ApiKeyFactory(user=asker)
    Team.objects.create(slug="speech", name="Speech")
    Tag.objects.create(name="a-tag")
    Capability.objects.create(name="chat", type="text")
    Device.objects.create(slug="a-card", name="A card", kind="consumer", memory_bytes=1 << 34)


def first_row(label):
    model = next(m for m in admin.site._registry if m._meta.label_lower == label)
    return model._default_manager.first()
