"""Who may follow, stop and answer what: runs, requests, and what comes of an approval."""

from __future__ import annotations

import pytest

from catalog.models import Asker
from catalog.selectors.runs import runs_for
from catalog.services.approvals import approve
from catalog.services.intake import cancel_intake, retry_intake
from core.errors import ConflictError, NotPermittedError
from core.models import Run
from registry.callers import NOBODY, Caller
from registry.enums import Scope, Tier
from registry.models import AccessRequest, Model
from registry.selectors.access import knowable_models, model_for, visible_models
from registry.services.curation import request_access
from tests.standins.repos import HARMLESS_PAYLOAD, NON_COMMERCIAL, RENAMED_TO, UNLICENSED


def test_people_follow_the_runs_they_asked_for_and_no_others(yard):
    ann, ben = yard.person(tier="lite"), yard.person(tier="professional")
    run = yard.ask(NON_COMMERCIAL, caller=ann).run
    assert list(runs_for(ann)) == [run]
    assert list(runs_for(ben)) == []
    assert list(runs_for(NOBODY)) == []
    assert list(runs_for(Caller(tier=Tier.PROFESSIONAL, scopes=frozenset(Scope)))) == []


@pytest.mark.parametrize("role", ["operator", "curator", "admin"])
def test_staff_follow_runs_of_their_tier_and_of_models_not_known_yet(yard, role):
    low, high = yard.person(tier="lite", role=role), yard.person(role=role)
    run = yard.ask(NON_COMMERCIAL).run
    assert list(runs_for(low)) == list(runs_for(high)) == [run]
    yard.drive(run)
    assert Model.objects.get().tier == "professional"
    assert list(runs_for(low)) == []
    assert list(runs_for(high)) == [run]


def test_who_asked_may_know_what_became_of_it_and_still_gets_no_byte(yard):
    ann, ben = yard.person(tier="lite"), yard.person(tier="lite")
    yard.bring(NON_COMMERCIAL, caller=ann)
    model = Model.objects.get()
    assert list(knowable_models(ann)) == [model]
    assert model_for(ann, model.slug) == model
    assert not visible_models(ann).exists()
    assert not knowable_models(ben).exists()
    request = AccessRequest.objects.get(user_id=ann.user_id)
    assert (request.state, request.tier) == ("open", "lite")
    assert yard.hub_status(NON_COMMERCIAL, "config.json", tier="lite") == 404


def test_who_asks_for_what_is_decided_may_know_it_too(yard):
    version = yard.admit(NON_COMMERCIAL)
    ben = yard.person(tier="lite")
    assert not knowable_models(ben).exists()
    answer = yard.ask(f"{NON_COMMERCIAL}@{version.commit}", caller=ben)
    assert answer.done
    assert knowable_models(ben).exists()


def test_who_asked_alone_may_stop_and_try_again(yard):
    ann = yard.person(tier="lite")
    run = yard.ask(RENAMED_TO, caller=ann).run
    cancel_intake(caller=ann, run=run)
    yard.turn(run)
    retry_intake(caller=ann, run=run)
    assert yard.drive(run).result["admission"] == "admitted"


def test_what_others_asked_for_too_is_stopped_by_staff_alone(yard):
    ann, ben = yard.person(), yard.person()
    run = yard.ask(RENAMED_TO, caller=ann).run
    yard.ask(RENAMED_TO, caller=ben)
    for caller in (ann, ben, yard.person()):
        with pytest.raises(NotPermittedError):
            cancel_intake(caller=caller, run=run)
    cancel_intake(caller=yard.person(role="operator"), run=run)
    yard.turn(run)
    for caller in (ann, ben, yard.person()):
        with pytest.raises(NotPermittedError):
            retry_intake(caller=caller, run=run)
    retry_intake(caller=yard.person(role="curator"), run=run)
    assert yard.drive(run).state == "done"


def test_a_key_without_the_scope_stops_nothing(yard):
    ann = yard.person()
    run = yard.ask(RENAMED_TO, caller=ann).run
    reader = Caller(user_id=ann.user_id, tier=ann.tier, scopes=frozenset({Scope.READ}))
    with pytest.raises(NotPermittedError):
        cancel_intake(caller=reader, run=run)


def test_what_has_ended_well_cannot_be_tried_again(yard):
    operator = yard.person(role="operator")
    run = yard.bring(RENAMED_TO)
    with pytest.raises(ConflictError):
        retry_intake(caller=operator, run=run)


def test_an_old_failure_is_not_tried_again_beside_a_run_that_works(yard):
    operator = yard.person(role="operator")
    yard.upstream.config(inject=[{"match": "GET", "status": 404}])
    failed = yard.bring(RENAMED_TO)
    yard.upstream.reset()
    yard.ask(RENAMED_TO)
    with pytest.raises(ConflictError):
        retry_intake(caller=operator, run=failed)


def ask_a_curator(yard, repo_id):
    """A person whose model was held asks a curator; give their caller and the request."""
    ann = yard.person(tier="standard")
    yard.bring(repo_id, caller=ann)
    model = Model.objects.get()
    return ann, request_access(caller=ann, model=model, needs_curator=True, reason="For work")


def test_an_approval_brings_the_bytes_that_were_not_fetched(yard):
    ann, request = ask_a_curator(yard, UNLICENSED)
    model = Model.objects.get()
    assert model.admission == "held"
    approve(caller=yard.person(role="curator"), request=request, note="Read by a person")
    run = Run.objects.get(state="queued")
    assert run in runs_for(ann)
    assert Asker.objects.filter(intake_id=run.pk).count() == 1
    assert yard.hub_status(UNLICENSED, "config.json") == 403
    yard.drive(run)
    model.refresh_from_db()
    assert (run.error, model.admission, model.tier) == ("", "admitted", "standard")
    states = yard.states(run)
    assert (states.pop("inspect"), set(states.values())) == ("skipped", {"done"})
    assert yard.hub_status(UNLICENSED, "config.json", tier="standard") == 200
    assert yard.hub_status(UNLICENSED, "config.json", tier="lite") == 404
    assert not AccessRequest.objects.filter(state="open").exists()


def test_an_approval_admits_nothing_that_the_scan_then_finds(yard):
    yard.upstream.repos.repo("acme/trap", {"README.md": "No.\n", "w.pkl": HARMLESS_PAYLOAD})
    yard.upstream.reload()
    _, request = ask_a_curator(yard, "acme/trap")
    approve(caller=yard.person(role="curator"), request=request, note="Looks fine")
    run = yard.drive(Run.objects.get(state="queued"))
    assert yard.version(run).admission == "held"
    assert yard.version(run).scan_verdict == "unsafe"
    assert yard.hub_status("acme/trap", "w.pkl") == 403


def test_an_approval_of_what_is_admitted_moves_nothing(yard):
    lite = yard.person(tier="lite")
    yard.admit(NON_COMMERCIAL)
    request = request_access(caller=lite, model=Model.objects.get(), needs_curator=True)
    approve(caller=yard.person(role="curator"), request=request, note="For teaching")
    assert not Run.objects.filter(state="queued").exists()
    assert yard.hub_status(NON_COMMERCIAL, "config.json", tier="lite") == 200
