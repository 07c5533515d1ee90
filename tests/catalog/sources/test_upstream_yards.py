"""A source that is another yard: what it promises, refuses and withdraws, and where a way ends."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog import upstreams
from catalog.models import Intake
from core import this_yard
from core.errors import ConflictError, UpstreamPendingError
from core.models import RunState
from core.yards import HOPS, YARD
from tests.catalog.looks import due, look, told, watched
from tests.standins.fixture import start_upstream, upstream
from tests.standins.repos import MOVING, RENAMED_TO
from tests.standins.yard import make_yard, yard

__all__ = ["make_yard", "start_upstream", "upstream", "watched", "yard"]
A = "a" * 32
ITS = {YARD: f"modelyard/1 instance={A}"}
SOON = f"{RENAMED_TO} was requested for you; ask again in 5 minutes. See https://a.example/jobs/1/"
NEVER = "It was withdrawn: found to steal keys. See https://a.example/models/acme--new-name/"


def says(words, *, match=RENAMED_TO, status=403, again="", **rule):
    headers = {**ITS, "X-Error-Code": "GatedRepo", "X-Error-Message": words}
    headers |= {"Retry-After": again} if again else {}
    return {"match": match, "status": status, "headers": headers, **rule}


def test_what_it_promises_is_waited_for_as_long_as_it_said(yard):
    yard.upstream.config(inject=[says(SOON, again="300", times=5)])
    run = yard.ask(RENAMED_TO).run
    for _ in range(5):
        yard.turn(run)
        assert (run.state, run.waiting_for) == (RunState.RUNNING, "upstream_pending")
        assert 290 < (run.not_before - timezone.now()).total_seconds() < 400
    step = run.steps.get(name="resolve")
    assert step.retries == 0
    assert step.message == f"127.0.0.1:{_port(yard)} refuses {RENAMED_TO}. It says: {SOON}"
    assert yard.version(yard.drive(run)).admission == "admitted"


def _port(yard):
    return yard.upstream.url.rpartition(":")[2]


def test_a_promise_is_not_waited_for_without_an_end(yard):
    yard.upstream.config(inject=[says(SOON, again="300")])
    run = yard.ask(RENAMED_TO).run
    yard.turn(run)
    run.steps.filter(name="resolve").update(started_at=timezone.now() - timedelta(hours=25))
    yard.turn(run)
    assert (run.state, run.error_code) == (RunState.FAILED, "upstream_pending")
    assert SOON in run.error


def test_who_waits_for_an_answer_is_told_when(yard):
    yard.upstream.config(inject=[says(SOON, again="300")])
    with pytest.raises(UpstreamPendingError) as caught:
        upstreams.name_commit(upstreams.parse(RENAMED_TO))
    assert caught.value.details["retry_after"] == 300


def test_only_a_yard_promises(yard):
    rule = says(SOON, again="300")
    del rule["headers"][YARD]
    yard.upstream.config(inject=[rule])
    run = yard.bring(RENAMED_TO)
    assert (run.state, run.error_code) == (RunState.FAILED, "upstream_forbidden")


def test_its_refusal_is_told_in_its_words_with_its_page(yard):
    rule = says(NEVER)
    rule["headers"]["RateLimit"] = '"resolvers";r=0;t=40'  # the last of its quota, no promise
    yard.upstream.config(inject=[rule])
    run = yard.bring(RENAMED_TO)
    assert (run.state, run.error_code) == (RunState.FAILED, "upstream_forbidden")
    assert run.error == f"127.0.0.1:{_port(yard)} refuses {RENAMED_TO}. It says: {NEVER}"


def test_a_model_that_it_withdrew_is_an_event(watched):
    watched.upstream.config(inject=[says(NEVER)])
    look()
    assert told() == ["repository_closed"]
    look()
    assert told() == ["repository_closed"]


def test_a_version_that_it_withdrew_is_an_event(yard):
    version = yard.admit(MOVING)
    withdrawn = version.commit
    yard.upstream.push(MOVING, {"README.md": "---\nlicense: apache-2.0\n---\nNew."}, onto=None)
    yard.upstream.config(inject=[says(NEVER, match=f"revision/{withdrawn}")])
    due(version.model)
    watch = look(version.model)
    assert (watch.last_error, watch.lost_commit) == ("", withdrawn)
    assert "commit_vanished" in told(version.model)


def test_a_promise_is_no_event(watched):
    watched.upstream.config(inject=[says(SOON, again="300")])
    assert look().last_result == "upstream_pending"
    assert told() == []


def test_every_question_says_which_way_it_came(yard):
    yard.admit(RENAMED_TO)
    asked = [entry for entry in yard.upstream.log("hub") if "/api/models/" in entry["path"]]
    assert {_way(entry) for entry in asked} == {f"1; via={this_yard.instance()}"}
    assert {_way(entry) for entry in yard.upstream.log("cdn")} <= {None}


def _way(entry):
    return {name.lower(): value for name, value in entry["headers"].items()}.get(HOPS.lower())


def test_an_import_for_another_yard_says_that_it_came_from_there(yard):
    run = yard.ask(RENAMED_TO).run
    Intake.objects.filter(run=run).update(through=f"1; via={A}")
    yard.upstream.reset()
    yard.drive(run, until="fetch")
    ways = {_way(entry) for entry in yard.upstream.log("hub")}
    assert ways == {f"2; via={A},{this_yard.instance()}"}


def test_a_yard_that_is_its_own_source_is_an_error_at_once(yard):
    itself = {YARD: this_yard.introduction()}
    yard.upstream.config(inject=[{"match": ".", "status": 404, "headers": itself}])
    with pytest.raises(ConflictError, match="is this yard itself"):
        upstreams.name_commit(upstreams.parse(RENAMED_TO))
    yard.upstream.reset()
    yard.upstream.config(inject=[{"match": ".", "status": 401, "headers": itself}])
    run = yard.bring(RENAMED_TO)
    assert (run.state, run.error_code) == (RunState.FAILED, "conflict")
    assert len(yard.upstream.log()) == 1
