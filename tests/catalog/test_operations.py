from __future__ import annotations

import pytest

from catalog.api.measures import refresh
from catalog.services.facets import fold_facets
from core import jobs, metrics
from core.models import Run, StepState
from registry.enums import Scope
from tests.catalog.test_api_models import problem


def test_detailed_health_names_every_part_and_engine(ask, make_key):
    document = ask("/api/health/detailed", key=make_key()).json()
    assert document["status"] in ("healthy", "degraded", "unavailable")
    parts = {"database", "migrations", "broker", "storage", "aria2", "beat", "upstream"}
    assert parts | {"queue intake"} <= set(document["services"])
    assert document["services"]["database"]["status"] == "healthy"
    assert {"pickle_ops", "clamav"} <= set(document["engines"])
    words = {"healthy", "degraded", "unavailable", "not_configured"}
    assert {one["status"] for one in (document["services"] | document["engines"]).values()} <= words


def test_detailed_health_is_not_for_everybody(ask, make_key):
    problem(ask("/api/health/detailed"), 401, "not_authenticated")
    problem(ask("/api/health/detailed", key=make_key(scopes=[Scope.REQUEST])), 403, "not_permitted")


def test_metrics_count_runs_models_and_what_waits(ask, make_model):
    make_model()
    fold_facets()
    jobs.start_run(kind="intake", key="a")
    other, _ = jobs.start_run(kind="intake", key="b")
    other.steps.filter(position=0).update(state=StepState.DONE)
    queue = other.steps.get(position=1).queue
    text = ask("/metrics").content.decode()
    assert 'modelyard_runs{state="queued"} 2.0' in text
    assert 'modelyard_models{admission="admitted"} 1.0' in text
    assert "modelyard_requests_total{" in text
    assert "process_resident_memory_bytes" in text
    waiting = f'modelyard_queue_waiting{{queue="{queue}"}}'
    assert waiting in text
    Run.objects.all().delete()
    refresh()
    assert waiting not in metrics.exposition().decode()  # a value that is gone is not kept


def test_metrics_take_few_queries(db, django_assert_max_num_queries):
    with django_assert_max_num_queries(3):
        refresh()


@pytest.mark.parametrize(
    ("extra", "trust", "allowed"),
    [
        ({}, False, True),  # straight from this machine
        ({"REMOTE_ADDR": "::1"}, False, True),
        ({"REMOTE_ADDR": "10.0.0.7"}, False, False),
        ({"REMOTE_ADDR": ""}, False, False),
        ({"HTTP_X_FORWARDED_FOR": "127.0.0.1"}, False, False),  # a proxy that nobody vouches for
        ({"HTTP_X_FORWARDED_FOR": "127.0.0.1"}, True, True),
        ({"HTTP_X_FORWARDED_FOR": "127.0.0.1, 10.0.0.7"}, True, False),
        ({"HTTP_X_FORWARDED_FOR": "10.0.0.7"}, True, False),
    ],
)
def test_metrics_are_for_this_machine(client, db, settings, extra, trust, allowed):
    settings.TRUST_FRONT = trust
    assert client.get("/metrics", **extra).status_code == (200 if allowed else 401)


def test_metrics_are_for_admin_keys_from_anywhere(client, make_key):
    for role, status in (("admin", 200), ("curator", 403)):
        headers = {"Authorization": f"Bearer {make_key(role=role).token}"}
        assert client.get("/metrics", headers=headers, REMOTE_ADDR="10.0.0.7").status_code == status
