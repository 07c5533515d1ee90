"""A version crosses the gap with its bytes, and the other side decides for itself."""

from __future__ import annotations

import pytest
from django.test import Client

from catalog.bundles.reader import read_head
from catalog.models import BundleImport
from catalog.services import bundle_import, bundle_keys
from catalog.services.bundle_export import choose
from core.errors import ConflictError, NotPermittedError
from core.models import RunState
from core.storage.configured import content_store
from registry.enums import Gate, Role
from registry.models import AuditEvent, Content, Model, ModelVersion, Policy, User
from scanning.models import Scan
from tests.catalog.bundles import making
from tests.catalog.bundles.conftest import STEPS
from tests.standins.repos import HARMLESS_PAYLOAD, RENAMED_TO, UNLICENSED, apache_license

TRAP = {
    "README.md": "---\nlicense: apache-2.0\n---\nA trap.\n",
    "LICENSE": apache_license(),
    "w.pkl": HARMLESS_PAYLOAD,
}


def test_the_files_arrive_byte_for_byte_and_are_decided_here(sent):
    run = sent.take_in()
    assert (run.error, run.state) == ("", RunState.DONE)
    assert sent.yard.states(run) == dict.fromkeys(STEPS, "done")
    version = ModelVersion.objects.select_related("model").get()
    assert (version.commit, version.model.repo_id) == (sent.version.commit, RENAMED_TO)
    assert {
        file.path: content_store().read_range(file.content_id, 0, file.size)
        for file in version.files.all()
    } == sent.files
    assert (version.admission, version.lowest_tier) == ("admitted", sent.version.lowest_tier)
    assert (version.license_spdx, version.config) == (
        sent.version.license_spdx,
        sent.version.config,
    )
    assert {gate.gate: gate.outcome for gate in version.gates.all()} == dict.fromkeys(
        ("source", "integrity", "malware", "license", "metadata"), "passed"
    )
    assert Scan.objects.exists()  # by the engines of this yard: it had no reports before
    assert sent.yard.hub_status(RENAMED_TO, "config.json") == 200


def test_nothing_is_left_between_bundle_and_store(sent):
    sent.take_in()
    assert sent.yard.staged() == []
    assert Content.objects.count() == len(list(content_store().iter_keys()))


def test_the_policy_of_this_yard_decides(sent):
    Policy.objects.filter(is_active=True).update(is_active=False)
    for tier in ("lite", "standard", "professional"):
        Policy.objects.create(
            tier=tier, number=9, gates={"malware": "enforce"}, limits={"max_bytes": 1}
        )
    run = sent.take_in()
    version = ModelVersion.objects.get()
    assert (run.state, version.admission) == (RunState.DONE, "held")
    assert sent.yard.hub_status(RENAMED_TO, "config.json") == 403


def test_what_the_other_yard_found_is_kept_as_evidence_alone(sent):
    sent.take_in()
    gate = ModelVersion.objects.get().gates.get(gate=Gate.SOURCE)
    told = gate.evidence["bundle"]
    assert (told["signer"], told["told"]["admission"]) == ("the sender", "admitted")
    assert told["told"]["scan_verdict"] == "clean"
    assert told["told"]["engines"]


def test_an_import_done_again_changes_nothing(sent):
    sent.take_in()
    before = ModelVersion.objects.values().get()
    run = sent.take_in()
    assert (run.state, ModelVersion.objects.values().get()) == (RunState.DONE, before)


def test_importing_and_exporting_are_audited(sent):
    sent.take_in()
    told = AuditEvent.objects.filter(action="bundle.import").values_list("outcome", flat=True)
    assert sorted(told) == ["done", "started"]


def test_what_is_held_does_not_leave(yards):
    yards.yard.bring(UNLICENSED)
    slug = Model.objects.get().slug
    with pytest.raises(NotPermittedError):
        yards.export(slug)
    operator = yards.yard.person(role=Role.OPERATOR)
    with pytest.raises(NotPermittedError, match="admin"):
        choose(caller=operator, names=[slug], quarantine="for the lab")


def test_a_virus_travels_to_quarantine_alone_and_is_held_there_again(yards):
    yards.yard.upstream.repos.repo("acme/trap", TRAP)
    yards.yard.upstream.reload()
    yards.yard.bring("acme/trap")
    slug = Model.objects.get().slug
    with pytest.raises(NotPermittedError):
        yards.export(slug)
    yards.export(slug, quarantine="The lab looks at it.")
    assert AuditEvent.objects.filter(action="version.decide").exists()
    yards.become_another()
    with pytest.raises(NotPermittedError, match="The lab looks at it"):
        yards.take_in()
    with pytest.raises(NotPermittedError, match="admin"):
        yards.take_in(quarantine=True, caller=yards.yard.person(role=Role.OPERATOR))
    assert (Model.objects.count(), Content.objects.count()) == (0, 0)
    run = yards.take_in(quarantine=True)
    version = ModelVersion.objects.get()
    assert (run.state, version.admission, version.scan_verdict) == ("done", "held", "unsafe")


def test_only_operators_and_curators_export_and_import(sent):
    with pytest.raises(NotPermittedError):
        sent.take_in(caller=sent.yard.person(role=Role.VIEWER))
    assert not BundleImport.objects.exists()


def test_a_commit_that_is_known_with_other_bytes_is_not_replaced(sent):
    sent.take_in()
    file = ModelVersion.objects.get().files.order_by("path").first()
    other = sent.folder / "other.tar"
    files = {**sent.files, file.path: b"other bytes"}
    documents = {
        "versions/0001/version.json": making.written_paper(
            making.paper(files, repo_id=RENAMED_TO, commit=sent.version.commit)
        )
    }
    listed = making.listed(repo_id=RENAMED_TO, commit=sent.version.commit)
    other.write_bytes(
        making.bundle(
            documents,
            {making.sha(b): b for b in files.values()},
            versions=[listed],
            key=bundle_keys.signing_key(),
        )
    )
    run = sent.take_in(other)
    assert (run.state, run.error_code) == (RunState.FAILED, ConflictError.code)
    assert file.path in run.error


def test_a_bundle_that_is_altered_after_it_was_verified_is_not_stored(sent):
    row = bundle_import.request_import(
        caller=sent.yard.person(role=Role.ADMIN), name=str(sent.file)
    )
    run = sent.yard.drive(row.run, until="store")
    whole = bytearray(sent.file.read_bytes())
    with sent.file.open("rb") as file:
        places = [one for one in read_head(file).places() if one.member.is_content]
    last = max(places, key=lambda one: one.member.size)
    whole[last.body] ^= 1
    sent.file.write_bytes(whole)
    run = sent.yard.drive(run)
    assert (run.state, run.error_code) == (RunState.FAILED, "bundle_refused")
    assert not content_store().exists(last.member.sha256)
    assert ModelVersion.objects.get().admission == "pending"
    assert sent.yard.hub_status(RENAMED_TO, "config.json") in {403, 404}


def test_a_private_model_stays_hidden_and_waits_for_a_curator(sent):
    """What was not open at its source is held by the source gate of the yard it comes to."""
    files = dict(sent.files)
    documents = {
        "versions/0001/version.json": making.written_paper(
            making.paper(files, private=True, reach="private")
        )
    }
    contents = {making.sha(body): body for body in files.values()}
    sent.trust_maker()
    sent.file.write_bytes(making.bundle(documents, contents))
    sent.take_in()
    version = ModelVersion.objects.select_related("model").get()
    assert (version.admission, version.model.is_private) == ("held", True)
    source = version.gates.get(gate=Gate.SOURCE)
    assert (source.outcome, source.evidence["reach"]) == ("failed", "private")


def test_versions_of_one_model_keep_their_order_and_parents(sent):
    sent.trust_maker()
    documents, contents = {}, {}
    listed = []
    for number, commit in ((1, "1" * 40), (2, "2" * 40), (3, "3" * 40)):
        files = {**sent.files, "note.txt": commit.encode()}
        parent = {1: "", 2: "1" * 40, 3: "1" * 40}[number]
        folder = f"versions/000{4 - number}"
        made = making.paper(files, commit=commit, number=number, parent=parent)
        documents[f"{folder}/version.json"] = making.written_paper(made)
        contents |= {making.sha(body): body for body in files.values()}
        listed.append(making.listed(commit=commit, number=number, folder=folder))
    sent.file.write_bytes(making.bundle(documents, contents, versions=listed))
    run = sent.take_in()
    assert (run.error, run.state) == ("", RunState.DONE)
    found = ModelVersion.objects.order_by("number").select_related("parent")
    told = [(one.commit[0], one.parent.commit[0] if one.parent else "") for one in found]
    assert told == [("1", ""), ("2", "1"), ("3", "1")]


def test_the_scan_tab_shows_what_the_other_yard_said(sent):
    sent.take_in()
    client = Client()
    person = sent.yard.person(role=Role.CURATOR)
    client.force_login(
        User.objects.get(pk=person.user_id), "django.contrib.auth.backends.ModelBackend"
    )
    slug = Model.objects.get().slug
    shown = client.get(f"/models/{slug}/scan/").content.decode()
    assert "What its yard said" in shown
    assert "Bundle signed by the sender" in shown
