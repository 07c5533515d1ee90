"""From the streams process to the trail: how many bytes of an answer were taken."""

from __future__ import annotations

import pytest

from hub.services import note_what_was_sent
from hub.streams import sent
from registry.models import Served
from registry.served import ServedId

pytestmark = pytest.mark.django_db


def test_counts_reach_their_lines_and_are_taken_once(ask, key, version):
    path = f"/{version.model.repo_id}/resolve/main/model.safetensors"
    for _ in range(2):
        b"".join(ask(path, key=key))
    first, second = Served.objects.order_by("id")
    sent.tell([(number_of(first), 7), (number_of(second), first.length)])
    assert note_what_was_sent() == 2
    assert note_what_was_sent() == 0
    assert [row.sent for row in Served.objects.order_by("id")] == [7, first.length]


def number_of(row) -> str:
    return str(ServedId(row.at, row.pk))


def test_a_broker_that_is_away_leaves_the_lines_without_a_count(settings):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    assert note_what_was_sent() == 0
    with pytest.raises(OSError, match="Connection refused"):
        sent.tell([("1.1", 1)])
