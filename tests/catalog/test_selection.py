"""Which files of a version are taken: the others are listed, not served, and not missing."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from catalog.models import Intake
from catalog.services.intake import cancel_intake, retry_intake
from catalog.taking import leave_out_again
from core.errors import InvalidInputError
from core.models import Run, RunState
from downloads.planning.selection import ALL, Selection
from registry.models import TAKEN, AuditEvent, Content, ModelFile, ModelVersion, Policy
from registry.services.taking import ask_for
from scanning.models import Scan
from tests.standins.repos import HARMLESS_PAYLOAD, TINY_CONFIG, tiny_safetensors

NAME = "acme/both"
CARD = "---\nlicense: mit\npipeline_tag: text-generation\n---\nTwo of each.\n"
SAFE = tiny_safetensors({"w": ("F32", [20, 30])})


def selected(*, include="", exclude="", preset=""):
    return Selection.read(include=include, exclude=exclude, preset=preset)


def pending_version(model):
    return ModelVersion.objects.create(model=model, commit="f" * 40, number=99)


@pytest.fixture
def both(yard):
    """A repository with safetensors, a pickle that runs a command, and notes."""
    yard.upstream.repos.repo(
        NAME,
        {
            "README.md": CARD,
            "config.json": TINY_CONFIG,
            "model.safetensors": SAFE,
            "net.pkl": HARMLESS_PAYLOAD,
            "notes/long.txt": "notes",
        },
    )
    yard.upstream.reload()
    return yard


def left_out(version):
    return dict(version.files.exclude(TAKEN).values_list("path", "left_out"))


def gate(version, name):
    return version.gates.get(gate=name)


def test_only_what_was_selected_is_fetched_scanned_and_served(both):
    version = both.admit(NAME, selection=selected(preset="safetensors"))
    assert left_out(version) == {"net.pkl": "preset safetensors"}
    assert "net.pkl" not in both.moved()
    assert (version.file_count, version.files.count()) == (4, 5)
    assert version.size_bytes == sum(version.files.filter(TAKEN).values_list("size", flat=True))
    assert version.scan_verdict == "clean"
    assert gate(version, "integrity").reason == "4 of 4 files match their published hashes."
    assert "all 4 files read" in gate(version, "malware").reason
    assert version.config["formats"] == ["safetensors"]
    assert both.hub_status(NAME, "model.safetensors") == 200
    assert both.hub_status(NAME, "net.pkl") == 404
    assert version.model.head_filename == "model.safetensors"
    kept = Intake.objects.get(version=version).selection
    assert kept == {"include": [], "exclude": [], "preset": "safetensors"}


def test_clients_of_the_hub_are_told_of_what_was_taken_alone(both, client, make_key):
    version = both.admit(NAME, selection=selected(preset="safetensors"))
    headers = {"Authorization": f"Bearer {make_key().token}"}
    info = client.get(f"/hf/api/models/{NAME}", headers=headers).json()
    tree = client.get(
        f"/hf/api/models/{NAME}/tree/{version.commit}?recursive=true", headers=headers
    ).json()
    taken = set(version.files.filter(TAKEN).values_list("path", flat=True))
    assert {one["rfilename"] for one in info["siblings"]} == taken
    assert {one["path"] for one in tree if one["type"] == "file"} == taken


def test_the_same_commit_asked_for_with_less_stays_as_wide_as_it_was(both):
    version = both.admit(NAME, selection=selected(exclude="*.pkl"))
    answer = both.ask(f"{NAME}@{version.commit}", selection=selected(include="*.safetensors"))
    assert (answer.done, answer.run) == (True, None)
    run = both.bring(NAME, selection=selected(include="nothing"))
    assert run.state == RunState.DONE
    assert left_out(version) == {"net.pkl": "pattern"}


def test_nothing_said_of_files_leaves_a_version_as_it_is(both):
    version = both.admit(NAME, selection=selected(preset="safetensors"))
    assert both.ask(f"{NAME}@{version.commit}").done
    both.bring(NAME)
    assert set(left_out(version)) == {"net.pkl"}


def test_a_wider_selection_takes_the_missing_files_in_and_moves_nothing_else(both):
    version = both.admit(NAME, selection=selected(include="*.safetensors"))
    assert set(left_out(version)) == {"net.pkl", "notes/long.txt"}
    wide = both.ask(f"{NAME}@{version.commit}", selection=selected(exclude="*.pkl"))
    run = both.drive(wide.run, until="fetch")
    both.upstream.reset()
    both.drive(run)
    version.refresh_from_db()
    assert both.moved() == {"notes/long.txt"}
    assert (run.result["taken_in"], version.file_count) == (1, 4)
    assert left_out(version) == {"net.pkl": "pattern"}
    assert (version.admission, version.scan_verdict) == ("admitted", "clean")
    assert both.hub_status(NAME, "notes/long.txt") == 200
    assert AuditEvent.objects.get(action="version.take_in").details == {
        "files": 1,
        "file_count": 4,
    }


def test_a_file_is_served_only_after_the_decision_that_knew_it(both):
    version = both.admit(NAME, selection=selected(preset="safetensors"))
    answer = both.ask(f"{NAME}@{version.commit}", selection=ALL)
    for step in ("fetch", "verify", "scan", "decide"):
        both.drive(answer.run, until=step)
        found = step == "decide"  # what the scan found holds the version at once
        assert both.hub_status(NAME, "net.pkl") == (403 if found else 404)
        assert both.hub_status(NAME, "model.safetensors") == (403 if found else 200)
        version.refresh_from_db()
        assert version.file_count == 4
    assert version.files.get(path="net.pkl").content is not None
    both.drive(answer.run)
    version.refresh_from_db()
    assert (version.admission, version.scan_verdict) == ("held", "unsafe")
    assert (version.file_count, left_out(version)) == (5, {})


def test_a_version_is_not_called_scanned_because_its_other_files_were(both):
    version = both.admit(NAME, selection=selected(preset="safetensors"))
    digest = version.files.get(path="net.pkl").sha256
    assert not Scan.objects.filter(sha256=digest or "-").exists()
    run = both.drive(both.ask(f"{NAME}@{version.commit}", selection=ALL).run, until="scan")
    assert both.states(run)["scan"] == "waiting"
    version.refresh_from_db()
    assert gate(version, "malware").evidence["files"] == 4


def test_formats_that_content_told_stay_when_what_was_on_its_way_is_left_out_again(both):
    version = both.admit(NAME, selection=selected(preset="safetensors"))
    ask_for(version, {"net.pkl"})
    version.config = version.config | {"formats": ["ctranslate2", "pickle", "safetensors"]}
    assert leave_out_again(version) == 1
    version.refresh_from_db()
    assert version.config["formats"] == ["ctranslate2", "safetensors"]


def test_what_was_on_its_way_is_left_out_again_when_the_job_is_cancelled_and_comes_by_a_retry(
    both,
):
    version = both.admit(NAME, selection=selected(include="*.safetensors"))
    ann = both.person()
    wide = selected(exclude="*.pkl")
    run = both.ask(f"{NAME}@{version.commit}", caller=ann, selection=wide).run
    both.drive(run, until="scan")
    cancel_intake(caller=ann, run=run)
    both.drive(run)
    assert run.state == RunState.CANCELLED
    assert set(left_out(version)) == {"net.pkl", "notes/long.txt"}
    assert not version.files.filter(is_coming=True).exists()
    assert version.files.get(path="notes/long.txt").content is None
    version.refresh_from_db()
    assert version.admission == "admitted"
    assert both.hub_status(NAME, "model.safetensors") == 200
    retry_intake(caller=ann, run=run)
    both.drive(run)
    assert run.state == RunState.DONE
    assert set(left_out(version)) == {"net.pkl"}
    assert both.hub_status(NAME, "notes/long.txt") == 200


def test_what_a_version_is_said_to_be_follows_the_files_that_it_has(both):
    version = both.admit(NAME, selection=selected(include="*.json"))
    version.refresh_from_db()
    assert version.config["formats"] == []
    ann = both.person()
    wide = both.ask(f"{NAME}@{version.commit}", caller=ann, selection=selected(exclude="*.pkl"))
    both.drive(wide.run, until="fetch")
    version.refresh_from_db()
    assert (both.states(wide.run)["inspect"], version.config["weights_bytes"] > 0) == ("done", True)
    cancel_intake(caller=ann, run=wide.run)
    both.drive(wide.run)
    run = both.bring(NAME)
    version.refresh_from_db()
    assert (both.states(run)["inspect"], version.config["weights_bytes"]) == ("done", None)
    assert both.states(both.bring(NAME))["inspect"] == "skipped"


def test_bytes_of_a_later_file_that_differ_leave_the_version_as_it_was(both):
    version = both.admit(NAME, selection=selected(preset="safetensors"))
    both.upstream.config(corrupt={"net.pkl": "flip"})
    run = both.bring(f"{NAME}@{version.commit}", selection=ALL)
    assert (run.state, run.error_code) == (RunState.FAILED, "integrity_mismatch")
    version.refresh_from_db()
    assert (version.admission, gate(version, "integrity").outcome) == ("admitted", "passed")
    assert set(left_out(version)) == {"net.pkl"}
    assert both.hub_status(NAME, "model.safetensors") == 200


def test_two_jobs_for_different_files_of_a_commit_take_turns(both):
    narrow = both.ask(NAME, selection=selected(include="*.safetensors")).run
    both.drive(narrow, until="fetch")
    wide = both.ask(NAME, selection=selected(exclude="*.pkl")).run
    assert wide != narrow
    both.turn(wide)
    assert both.states(wide)["resolve"] == "waiting"
    assert "Another job works on" in wide.steps.get(name="resolve").message
    same = both.ask(NAME, selection=selected(include="*.json\n*.safetensors")).run
    both.drive(same)
    assert same.result["joined"] == str(narrow.pk)
    both.drive(narrow)
    both.drive(wide)
    version = both.version(wide)
    assert (version.admission, version.file_count) == ("admitted", 4)
    assert ModelVersion.objects.count() == 1


def test_more_files_never_take_a_version_from_those_who_have_it(both):
    version = both.admit(NAME, selection=selected(preset="safetensors"))
    rules = Policy.objects.get(tier="lite", is_active=True)
    for tier in ("lite", "standard", "professional"):
        Policy.objects.filter(tier=tier).update(is_active=False)
        Policy.objects.create(
            tier=tier,
            number=2,
            gates=rules.gates,
            limits={"max_bytes": version.size_bytes + (10 if tier != "professional" else 10**9)},
        )
    words = both.ask(f"{NAME}@{version.commit}", selection=ALL).run
    both.drive(words)
    assert (words.state, words.error_code) == (RunState.FAILED, "gate_blocked")
    assert "It stays as it is" in words.error
    version.refresh_from_db()
    assert (version.admission, version.lowest_tier, version.file_count) == ("admitted", "lite", 4)
    curator = both.person(role="curator")
    run = both.bring(f"{NAME}@{version.commit}", caller=curator, selection=ALL)
    version.refresh_from_db()
    assert (run.state, version.file_count, version.admission) == (RunState.DONE, 5, "held")


def test_a_preset_without_its_weights_ends_the_job_with_what_there_is(both):
    run = both.bring(NAME, selection=selected(preset="gguf"))
    assert (run.state, run.error_code) == (RunState.FAILED, "invalid_input")
    assert "needs gguf; the weights here are pickle, safetensors" in run.error
    assert not ModelVersion.objects.exists()


def test_a_preset_that_is_no_preset_starts_nothing(both):
    with pytest.raises(InvalidInputError, match="There is no preset"):
        selected(preset="all")
    assert not Run.objects.exists()


def test_what_every_policy_refuses_is_not_fetched(both):
    for row in list(Policy.objects.filter(is_active=True)):
        Policy.objects.filter(pk=row.pk).update(is_active=False)
        limits = {**row.limits, "formats_refused": ["pickle"]}
        Policy.objects.create(tier=row.tier, number=9, gates=row.gates, limits=limits)
    version = both.admit(NAME)
    assert left_out(version) == {"net.pkl": "policy: pickle"}


def test_the_database_refuses_to_leave_out_what_was_taken(both):
    version = both.admit(NAME, selection=selected(preset="safetensors"))
    taken = version.files.filter(TAKEN)
    with pytest.raises(IntegrityError, match="never left out again"), transaction.atomic():
        taken.update(left_out="pattern", content=None)
    with pytest.raises(IntegrityError, match="counts the files"), transaction.atomic():
        ModelVersion.objects.filter(pk=version.pk).update(file_count=5)
    with pytest.raises(IntegrityError, match="what_is_left_out"), transaction.atomic():
        ModelFile.objects.create(
            version=pending_version(version.model),
            path="a",
            size=1,
            left_out="pattern",
            sha256=Content.objects.first().pk,
            content=Content.objects.first(),
        )
