"""Looks at the source by hand: what is due, what was told, what was brought."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.models import SourcePause, Watch
from catalog.services import updates
from core.models import Run
from registry.models import Model
from tests.standins.repos import RENAMED_TO

REPO = RENAMED_TO
CARD = "---\nlicense: apache-2.0\npipeline_tag: text-generation\n---\n\n{}\n"


@pytest.fixture
def watched(yard):
    """A yard with one admitted model that is due to be looked at."""
    version = yard.admit(REPO)
    due(version.model)
    yard.upstream.reset()
    return yard


def due(model):
    """Let the time until the next look be over, and the minute of the last one."""
    past = timezone.now() - timedelta(hours=1)
    Watch.objects.filter(model=model).update(next_check_at=past, last_tried_at=None)
    SourcePause.objects.all().delete()


def look(model=None):
    model = model or Model.objects.get(repo_id=REPO)
    due(model)
    assert updates.check_due() == 1
    return Watch.objects.get(model=model)


def told(model=None):
    model = model or Model.objects.get(repo_id=REPO)
    return list(model.events.order_by("id").values_list("kind", flat=True))


def rule(value):
    Watch.objects.update(rule=value)


def push(yard, text="More.", **words):
    return yard.upstream.push(REPO, {"README.md": CARD.format(text)}, **words)


def brought(yard):
    """Do the work that the last look started; None where it started none."""
    run = Run.objects.filter(state__in=["queued", "running"]).first()
    return yard.version(yard.drive(run)) if run else None


def head(repo=REPO):
    model = Model.objects.get(repo_id=repo)
    return model.head_number, model.admission
