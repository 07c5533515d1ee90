"""A model arrives, is inspected, and leaves with papers in order."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from django.db import connection

from catalog.models import Asker, Intake
from catalog.selectors.runs import runs_for, working_on
from catalog.services.intake import cancel_intake, retry_intake
from core import runs
from core.errors import ConflictError, NotPermittedError
from core.models import Run, RunState
from downloads.fetchers import staging_path
from downloads.verify import hash_file
from registry.models import AccessRequest, Content, Model, ModelVersion
from registry.selectors.access import knowable_models
from scanning.models import Scan
from tests.standins.repos import MINILM, MOVING, RENAMED_TO, TINY_CONFIG, minilm, tiny_safetensors

STEPS = ("resolve", "inspect", "license", "outlook", "fetch", "verify", "scan", "decide")
TINY = tiny_safetensors({"w": ("F32", [2])})
MIT = "---\nlicense: mit\n---\nA model.\n"


@pytest.fixture
def minilm_yard(make_yard, start_upstream):
    return make_yard(start_upstream(minilm))


def test_a_real_model_is_admitted_with_its_papers(minilm_yard):
    yard = minilm_yard
    run = yard.bring(MINILM)
    version = yard.version(run)
    assert (run.state, run.error) == (RunState.DONE, "")
    assert yard.states(run) == dict.fromkeys(STEPS, "done")
    assert run.result["admission"] == "admitted"
    assert version.commit == yard.upstream.commit(MINILM) == run.result["commit"]
    assert (version.admission, version.lowest_tier) == ("admitted", "lite")
    assert (version.scan_verdict, version.license_spdx) == ("clean", "Apache-2.0")
    assert (version.model_type, version.extraction_status) == ("embedding", "partial")
    assert version.config["dimension"] == 384
    assert version.config["num_params"] == 22713216
    assert {gate.gate: gate.outcome for gate in version.gates.all()} == dict.fromkeys(
        ("source", "integrity", "malware", "license", "metadata"), "passed"
    )
    model = version.model
    assert (model.tier, model.admission, model.head) == ("lite", "admitted", version)
    assert (model.num_params, model.license_class) == (22713216, "permissive")


def test_the_stored_bytes_are_those_of_the_source_and_nothing_is_left(minilm_yard):
    yard = minilm_yard
    version = yard.admit(MINILM)
    origin = yard.upstream.repos.root / "models" / MINILM
    for file in version.files.all():
        digests = hash_file(origin / file.path)
        assert file.sha256 == digests.sha256 == file.content_id
        stored = yard.store.local_path(file.sha256)
        assert hash_file(stored).sha256 == file.sha256
    assert Content.objects.count() == len(list(yard.store.iter_keys()))
    assert yard.staged() == []
    assert yard.hub_status(MINILM, "config.json", tier="lite") == 200


def test_a_version_that_is_here_is_asked_for_again_and_nothing_moves(yard):
    version = yard.admit(RENAMED_TO)
    run = yard.drive(yard.ask(RENAMED_TO).run, until="fetch")
    yard.upstream.reset()
    yard.drive(run)
    assert (yard.version(run), ModelVersion.objects.count()) == (version, 1)
    assert (run.state, yard.upstream.log()) == (RunState.DONE, [])


def test_a_commit_that_is_decided_is_answered_without_a_run(yard):
    version = yard.admit(RENAMED_TO)
    answer = yard.ask(f"{RENAMED_TO}@{version.commit}")
    assert (answer.done, answer.run, answer.version) == (True, None, version)


def test_a_new_commit_becomes_a_second_version_and_only_what_changed_moves(yard):
    yard.upstream.repos.repo(
        "acme/growing",
        {"README.md": MIT, "same.txt": "the same", "w.safetensors": TINY},
        commit="0001 first",
    )
    yard.upstream.reload()
    first = yard.admit("acme/growing")
    yard.upstream.repos.repo(
        "acme/growing",
        {"README.md": MIT, "same.txt": "the same", "w.safetensors": TINY, "new.txt": "new"},
        commit="0002 second",
    )
    yard.upstream.reload()
    run = yard.drive(yard.ask("acme/growing").run, until="fetch")
    yard.upstream.reset()
    yard.drive(run)
    second = yard.version(run)
    assert yard.moved() == {"new.txt"}
    assert (second.number, second.parent, second.admission) == (2, first, "admitted")
    assert Model.objects.get().head == second


def test_an_older_version_stays_the_head_while_the_new_one_is_not_decided(yard):
    commits = yard.upstream.commit(MOVING)
    first = yard.admit("acme/moving")
    yard.upstream.repos.repo(MOVING, {"README.md": MIT, "a.txt": "a"}, commit="0003 third")
    yard.upstream.reload()
    run = yard.drive(yard.ask(MOVING).run, until="verify")
    model = Model.objects.get()
    assert (model.head, model.admission, first.commit) == (first, "admitted", commits)
    assert yard.version(run).admission == "pending"
    assert yard.hub_status(MOVING, "config.json") == 200


def test_two_people_who_ask_for_the_same_follow_one_run(yard):
    ann, ben = yard.person(tier="lite"), yard.person(tier="standard")
    first, second = yard.ask(RENAMED_TO, caller=ann), yard.ask(RENAMED_TO, caller=ben)
    assert first.run == second.run
    for caller in (ann, ben):
        assert list(runs_for(caller)) == [first.run]
    yard.drive(first.run)
    assert set(AccessRequest.objects.values_list("user_id", "state")) == {
        (ann.user_id, "approved"),
        (ben.user_id, "approved"),
    }


@pytest.mark.django_db(transaction=True)
def test_requests_in_the_same_moment_start_one_run(yard):
    callers = [yard.person() for _ in range(4)]
    together, answers, errors = threading.Barrier(4), [], []

    def ask(caller):
        try:
            together.wait()
            answers.append(yard.ask(RENAMED_TO, caller=caller))
        except Exception as error:  # noqa: BLE001 told to the test's own thread
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask, args=(caller,)) for caller in callers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert {answer.run for answer in answers} == {Run.objects.get()}
    assert Asker.objects.count() == 4


def test_a_run_for_the_same_commit_under_another_name_joins_the_first(yard):
    ann, ben = yard.person(), yard.person()
    first = yard.ask(RENAMED_TO, caller=ann).run
    named = f"{RENAMED_TO}@{yard.upstream.commit(RENAMED_TO)}"
    second = yard.ask(named, caller=ben).run
    assert first != second
    yard.turn(first)
    yard.drive(second)
    assert second.state == RunState.DONE
    assert second.result["joined"] == str(first.pk)
    assert yard.states(second) == {"resolve": "done"} | dict.fromkeys(STEPS[1:], "skipped")
    assert set(runs_for(ben)) == {first, second}
    assert yard.drive(first).result["admission"] == "admitted"


def test_a_run_that_leaves_steps_out_still_does_the_work_of_those_that_join_it(yard):
    version = yard.admit(RENAMED_TO)
    first = yard.drive(yard.ask(RENAMED_TO).run, until="fetch")
    assert yard.states(first)["inspect"] == "skipped"
    assert working_on(version, besides=Run()).run == first
    second = yard.drive(yard.ask(RENAMED_TO.upper()).run)
    assert second.result["joined"] == str(first.pk)
    assert working_on(version, besides=first) is None


def test_a_run_whose_worker_died_after_another_joined_it_does_the_work_itself(yard):
    first = yard.ask(RENAMED_TO).run
    second = yard.ask(f"{RENAMED_TO}@{yard.upstream.commit(RENAMED_TO)}").run
    yard.turn(first)
    first.steps.filter(name="resolve").update(state="running")  # killed before it was written down
    yard.turn(second)
    Run.objects.filter(pk=second.pk).update(state="running", finished_at=None)  # killed as well
    yard.drive(first)
    yard.drive(second)
    assert yard.version(first).admission == "admitted"
    assert "joined" not in first.result


def test_the_name_in_another_case_is_the_same_model(yard):
    version = yard.admit(RENAMED_TO)
    assert yard.admit(RENAMED_TO.upper()) == version
    assert Model.objects.count() == 1


def test_while_it_is_inspected_nobody_gets_a_byte(yard):
    lite = yard.person(tier="lite")
    run = yard.drive(yard.ask(RENAMED_TO).run, until="scan")
    assert yard.version(run).admission == "pending"
    assert yard.hub_status(RENAMED_TO, "config.json") == 403
    assert yard.hub_status(RENAMED_TO, "config.json", tier="lite") == 404
    assert not knowable_models(lite).exists()


def test_a_cancel_in_the_middle_leaves_nothing_behind(yard, settings):
    ann = yard.person()
    run = yard.drive(yard.ask(RENAMED_TO, caller=ann).run, until="fetch")
    begun = yard.version(run).files.first()
    settings.STAGING_DIR.mkdir(exist_ok=True)
    staging_path(settings.STAGING_DIR, f"file:{begun.pk}").write_bytes(b"the begin")
    assert yard.staged()
    cancel_intake(caller=ann, run=run)
    yard.turn(run)
    assert (run.state, run.error_code) == (RunState.CANCELLED, "cancelled")
    assert yard.staged() == []
    assert yard.version(run).admission == "pending"
    with pytest.raises(ConflictError):
        cancel_intake(caller=ann, run=run)


def test_a_cancelled_run_can_be_taken_up_again(yard):
    ann = yard.person()
    run = yard.drive(yard.ask(RENAMED_TO, caller=ann).run, until="verify")
    cancel_intake(caller=ann, run=run)
    yard.turn(run)
    retry_intake(caller=ann, run=run)
    yard.drive(run)
    assert (run.state, run.error) == (RunState.DONE, "")
    assert yard.version(run).admission == "admitted"


def test_a_run_that_waits_for_its_source_can_be_cancelled_at_once(yard):
    ann = yard.person()
    yard.upstream.config(
        inject=[{"match": "GET", "status": 429, "headers": {"Retry-After": "900"}}]
    )
    run = yard.turn(yard.ask(RENAMED_TO, caller=ann).run)
    assert run.not_before is not None
    cancel_intake(caller=ann, run=run)
    runs.advance(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED


def test_force_scans_again_what_was_scanned_before(yard):
    version = yard.admit(RENAMED_TO)
    before = dict(Scan.objects.values_list("pk", "scanned_at"))
    yard.admit(RENAMED_TO)
    assert dict(Scan.objects.values_list("pk", "scanned_at")) == before
    again = yard.admit(f"{RENAMED_TO}@{version.commit}", force=True)
    after = dict(Scan.objects.values_list("pk", "scanned_at"))
    assert again == version
    assert after.keys() == before.keys()
    assert all(after[pk] > before[pk] for pk in before)


def test_who_may_not_ask_is_refused_and_nothing_is_started(yard):
    reader = replace(yard.person(), scopes=frozenset())
    with pytest.raises(NotPermittedError):
        yard.ask(RENAMED_TO, caller=reader)
    assert not Intake.objects.exists()


def test_a_later_ask_with_force_waits_for_its_turn_and_does_all_of_it_again(yard):
    version = yard.admit(RENAMED_TO)
    before = Scan.objects.values_list("scanned_at", flat=True).latest("scanned_at")
    run = yard.drive(yard.ask(RENAMED_TO).run, until="fetch")
    forced = yard.ask(RENAMED_TO, force=True).run
    assert yard.ask(RENAMED_TO, force=True).run == forced != run
    yard.turn(forced)
    assert (forced.is_waiting, forced.waiting_for) == (True, "version_busy")
    yard.drive(run)
    assert Scan.objects.values_list("scanned_at", flat=True).latest("scanned_at") == before
    yard.drive(forced)
    assert (forced.state, yard.version(forced)) == (RunState.DONE, version)
    assert yard.states(run)["inspect"] == "skipped"
    assert yard.states(forced) == dict.fromkeys(STEPS, "done")
    assert Scan.objects.values_list("scanned_at", flat=True).earliest("scanned_at") > before


def test_config_of_the_tiny_model_is_read(yard):
    version = yard.admit(RENAMED_TO)
    assert version.model_type == "llm"
    assert version.config["num_layers"] == TINY_CONFIG["num_hidden_layers"]
