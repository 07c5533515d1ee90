"""The yard's own parts are away: the broker, workers, clamd. Requests are kept and go on."""

from __future__ import annotations

import pytest
from celery import current_app

from catalog.services.intake import cancel_intake, retry_intake
from core import jobs, runs
from core.errors import BrokerAwayError
from core.models import Run, RunState
from registry.models import Model
from scanning.models import Scan
from tests.scanning.clamd import BINARY, eicar, running_clamd
from tests.services.ports import free_ports
from tests.standins.repos import EICAR, GATED, RENAMED_TO, TOKEN


@pytest.fixture
def broker_away(settings):
    """Celery and the cache at a port where nobody listens."""
    address = f"redis://127.0.0.1:{free_ports(1)[0]}/0"
    before = current_app.conf.broker_url
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": address}}
    _use_broker(address)
    yield
    _use_broker(before)


def _use_broker(address):
    current_app.conf.update(broker_url=address, broker_write_url=address)
    current_app.amqp._producer_pool = current_app._pool = None


@pytest.mark.django_db(transaction=True)
def test_a_request_is_kept_while_the_broker_is_away_and_runs_when_it_is_swept(
    yard, broker_away, caplog
):
    run = yard.ask(RENAMED_TO).run
    assert "broker_away" in caplog.text
    assert (run.state, run.steps.count()) == (RunState.QUEUED, 8)
    Run.objects.update(woken_at=None)
    assert runs.sweep() == 1


def test_a_request_with_a_token_says_that_the_broker_is_away(yard, broker_away):
    with pytest.raises(BrokerAwayError):
        yard.ask(GATED, token=TOKEN)
    assert not Run.objects.exists()


def test_a_step_waits_for_the_broker_and_the_run_goes_on(yard, settings):
    run = yard.drive(yard.ask(GATED, token=TOKEN).run, until="fetch")
    there = settings.CACHES
    address = f"redis://127.0.0.1:{free_ports(1)[0]}/0"
    settings.CACHES = {"default": there["default"] | {"LOCATION": address}}
    yard.turn(run)
    step = run.steps.get(name="fetch")
    assert (run.state, step.state, step.retries) == (RunState.RUNNING, "waiting", 0)
    assert run.waiting_for == "broker_away"
    settings.CACHES = there
    yard.drive(run)
    assert (run.state, run.error) == (RunState.DONE, "")
    assert not yard.version(run).files.filter(content__isnull=True).exists()


def test_a_run_ends_also_while_the_broker_is_away(yard, broker_away):
    ann = yard.person()
    run = Run.objects.get(pk=yard.ask(RENAMED_TO, caller=ann).run.pk)
    cancel_intake(caller=ann, run=run)
    yard.turn(run)
    assert run.state == RunState.CANCELLED


def test_a_worker_that_dies_in_each_step_is_followed_by_another(yard):
    run = yard.ask(RENAMED_TO).run
    while (step := jobs.next_step(run)) is not None:
        assert runs.claim(run.pk)
        run.steps.filter(pk=step.pk).update(state="running", claims=1)
        Run.objects.filter(pk=run.pk).update(lease_until="2020-01-01T00:00:00Z")  # and it died
        yard.turn(run)
    assert (run.state, run.error) == (RunState.DONE, "")
    assert yard.version(run).admission == "admitted"
    assert yard.staged() == []


def test_a_clamd_that_is_configured_and_away_is_never_clean(yard, settings):
    settings.CLAMD_SOCKET = str(yard.folder / "no.sock")
    run = yard.bring(RENAMED_TO)
    version = yard.version(run)
    assert (run.state, run.error_code) == (RunState.FAILED, "scan_failed")
    assert "ClamAV cannot scan now" in run.error
    assert yard.states(run)["scan"] == "failed"
    assert (version.admission, version.scan_verdict) == ("pending", "")
    assert not version.gates.filter(gate="malware").exists()
    assert yard.hub_status(RENAMED_TO, "config.json") == 403
    settings.CLAMD_SOCKET = ""
    retry_intake(caller=yard.person(role="operator"), run=run)
    yard.drive(run)
    assert yard.version(run).admission == "admitted"


@pytest.mark.skipif(BINARY is None, reason="clamd is not installed")
def test_what_clamd_finds_is_held_with_the_name_of_the_signature(yard, settings):
    yard.upstream.repos.repo(EICAR, {"tool.txt": eicar()})
    yard.upstream.reload()
    with running_clamd() as (address, _):
        settings.CLAMD_SOCKET = address.socket
        run = yard.bring(EICAR)
    version = yard.version(run)
    assert (run.state, version.admission, version.scan_verdict) == ("done", "held", "unsafe")
    reason = version.gates.get(gate="malware").reason
    assert "tool.txt" in reason
    assert "Eicar-Test-Signature" in reason
    assert yard.hub_status(EICAR, "tool.txt") == 403


@pytest.mark.skipif(BINARY is None, reason="clamd is not installed")
def test_a_clamd_that_dies_in_the_middle_is_waited_for(yard, settings):
    run = yard.drive(yard.ask(RENAMED_TO).run, until="scan")
    with running_clamd() as (address, process):
        settings.CLAMD_SOCKET = address.socket
        process.kill()
        process.wait()
        yard.turn(run)
    step = run.steps.get(name="scan")
    assert (run.state, step.state) == (RunState.RUNNING, "waiting")
    with running_clamd() as (address, _):
        settings.CLAMD_SOCKET = address.socket
        yard.drive(run)
    assert yard.version(run).admission == "admitted"
    assert Scan.objects.filter(scanner="clamav").exists()
    assert Model.objects.get().scan_verdict == "clean"
