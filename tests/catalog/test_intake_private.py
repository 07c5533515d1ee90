"""What a person's own token opened is for them and the curators, until one of those decides."""

from __future__ import annotations

import pytest

from catalog.models import FacetCombination
from catalog.selectors.runs import runs_for
from catalog.services.approvals import approve
from catalog.services.dry_run import dry_run
from catalog.services.facets import fold_facets, rebuild_facets
from catalog.services.intake import retry_intake
from core.models import RunState
from registry.models import AccessRequest, AuditEvent, Model, Waiver
from registry.selectors.access import knowable_models, visible_models
from registry.services.gates import review_waivers
from tests.standins.repos import GATED, PRIVATE, RENAMED_TO, STRANGER, TOKEN


def bring(yard, repo_id, caller, **words):
    run = yard.bring(repo_id, caller=caller, token=TOKEN, **words)
    assert (run.state, run.error) == (RunState.DONE, "")
    return yard.version(run)


def knows(caller, version):
    return knowable_models(caller).filter(pk=version.model_id).exists()


def sees(caller, version):
    return visible_models(caller).filter(pk=version.model_id).exists()


def test_a_private_model_is_held_and_for_its_reader_and_curators_alone(yard):
    ann, ben = yard.person(), yard.person()
    operator, curator = yard.person(role="operator"), yard.person(role="curator")
    version = bring(yard, PRIVATE, ann)
    gate = version.gates.get(gate="source")
    assert (version.admission, gate.outcome) == ("held", "failed")
    assert gate.reason == (
        f"Imported from a private repository with a personal token by {ann.name};"
        " a curator decides who may have it."
    )
    assert not version.files.filter(content__isnull=True).exists()
    assert (version.model.tier, version.model.is_private) == ("professional", True)
    told = {who: (sees(who, version), knows(who, version)) for who in (ann, ben, operator, curator)}
    assert told == {
        ann: (False, True),
        ben: (False, False),
        operator: (False, False),
        curator: (True, True),
    }
    assert yard.hub_status(PRIVATE, "config.json") == 404
    assert not runs_for(operator).exists()
    assert runs_for(curator).exists()


def test_it_is_private_from_the_moment_it_is_pinned(yard):
    ann, ben = yard.person(), yard.person()
    run = yard.drive(yard.ask(PRIVATE, caller=ann, token=TOKEN).run, until="inspect")
    assert (knows(ann, yard.version(run)), knows(ben, yard.version(run))) == (True, False)


@pytest.mark.parametrize("named", ["name", "commit"])
@pytest.mark.parametrize("token", ["", STRANGER])
def test_asking_by_name_opens_nothing_to_whom_the_source_refuses(yard, named, token):
    version = bring(yard, PRIVATE, yard.person())
    ben = yard.person()
    text = PRIVATE if named == "name" else f"{PRIVATE}@{version.commit}"
    answer = yard.ask(text, caller=ben, token=token)
    assert (answer.model, answer.version, answer.done) == (None, None, False)
    run = yard.drive(answer.run)
    assert (run.state, run.error_code) == (RunState.FAILED, "upstream_not_found")
    assert not knows(ben, version)


def test_a_name_does_not_join_the_run_of_somebody_s_token(yard):
    ann, ben = yard.person(), yard.person()
    first = yard.ask(PRIVATE, caller=ann, token=TOKEN).run
    assert yard.ask(PRIVATE, caller=ben).run != first
    assert yard.ask(PRIVATE, caller=ann, token=TOKEN).run == first


def test_who_may_read_it_at_the_source_may_know_of_it_here(yard):
    version = bring(yard, PRIVATE, yard.person())
    ben = yard.person()
    assert bring(yard, PRIVATE, ben) == version
    assert knows(ben, version)


def test_a_curator_s_approval_opens_it_for_the_tier_and_its_end_closes_it(yard):
    ann, ben = yard.person(tier="standard"), yard.person(tier="standard")
    curator = yard.person(role="curator")
    version = bring(yard, PRIVATE, ann)
    request = AccessRequest.objects.get(model=version.model)
    assert (request.needs_curator, request.state) == (True, "open")
    approve(caller=curator, request=request, note="ours")
    version.refresh_from_db()
    assert (version.admission, version.lowest_tier) == ("admitted", "standard")
    assert (sees(ann, version), sees(ben, version)) == (True, True)
    assert yard.hub_status(PRIVATE, "config.json", tier="standard") == 200
    assert Waiver.objects.get().gate == "source"
    assert AuditEvent.objects.filter(action="request.approve", actor=curator.name).exists()
    Waiver.objects.update(expires_at=version.decided_at)
    version.decided_at = version.decided_at.replace(year=2020)
    version.save(update_fields=["decided_at"])
    assert review_waivers() == 1
    assert not sees(ben, version)


def test_a_gated_model_is_listed_and_held_until_a_curator_decides(yard):
    ann = yard.person()
    version = bring(yard, GATED, ann)
    reason = version.gates.get(gate="source").reason
    assert f"gated repository whose conditions were accepted by {ann.name} only" in reason
    assert (version.admission, version.model.is_private) == ("held", False)
    assert yard.hub_status(GATED, "config.json") == 403
    assert sees(yard.person(), version)


def test_the_yard_s_own_token_holds_nothing(yard, settings):
    settings.HF_TOKEN = TOKEN
    assert yard.admit(GATED).gates.get(gate="source").outcome == "passed"
    version = bring(yard, PRIVATE, yard.person())
    assert (version.admission, version.model.is_private) == ("admitted", False)


def test_a_token_for_what_everybody_may_read_holds_nothing(yard):
    version = bring(yard, RENAMED_TO, yard.person())
    assert (version.admission, version.gates.get(gate="source").outcome) == ("admitted", "passed")


def test_a_token_with_the_retry_counts_as_one_given_at_once(yard):
    ann = yard.person()
    run = yard.bring(GATED, caller=ann)
    assert run.state == RunState.FAILED
    retry_intake(caller=ann, run=run, token=TOKEN)
    yard.drive(run)
    assert (run.state, yard.version(run).admission) == (RunState.DONE, "held")


def test_bytes_that_a_token_brought_are_held_also_when_another_finishes_the_run(yard):
    ann = yard.person()
    run = yard.drive(yard.ask(GATED, caller=ann, token=TOKEN).run, until="decide")
    retried = yard.person(role="operator")
    run.cancel_requested = True
    run.save()
    yard.turn(run)
    retry_intake(caller=retried, run=run)
    yard.drive(run)
    assert (run.state, yard.version(run).admission) == (RunState.DONE, "held")


def test_what_was_open_when_it_was_brought_stays_open(yard):
    version = yard.admit(RENAMED_TO)
    yard.upstream.repos.llm(RENAMED_TO, meta={"private": True})
    yard.upstream.reload()
    assert bring(yard, RENAMED_TO, yard.person()) == version
    version.refresh_from_db()
    assert (Model.objects.get().is_private, version.admission) == (False, "admitted")


def test_a_look_beforehand_says_what_will_become_of_it(yard):
    ann = yard.person()
    found = dry_run(caller=ann, text=PRIVATE, token=TOKEN)
    assert found.decision.lowest_tier == ""
    assert {reason.gate for tier in found.decision.tiers for reason in tier.blockers} == {"source"}
    bring(yard, PRIVATE, ann)
    assert dry_run(caller=yard.person(), text=PRIVATE, token=TOKEN).existing is None


def counted():
    fold_facets()
    return sum(FacetCombination.objects.values_list("n", flat=True))


def test_counts_leave_it_out_until_it_is_approved(yard):
    version = bring(yard, PRIVATE, yard.person())
    assert counted() == 0
    rebuild_facets()
    assert counted() == 0
    request = AccessRequest.objects.get(model=version.model)
    approve(caller=yard.person(role="curator"), request=request, note="ours")
    assert counted() == 1
