"""What this yard found of a version, for another yard: signed, and through the same door."""

from __future__ import annotations

import orjson
import pytest

from catalog.bundles import sent, signing
from catalog.bundles.papers import HELD_THERE
from catalog.bundles.sent import read_sent
from catalog.services import bundle_keys
from catalog.services.bundle_keys import own_trust, signing_key
from core.errors import BundleRefusedError
from registry.enums import Gate, GateOutcome, Scope, Tier
from registry.models import Content, ModelFile
from registry.services.gates import record_gate
from tests.catalog.bundles.conftest import SHELL
from tests.factories.registry import ApiKeyFactory
from tests.hub.conftest import FILES

BAD = "weights/deep/part 1+#%.bin"


@pytest.fixture
def signed(settings, tmp_path):
    settings.BUNDLE_KEY = tmp_path / "bundle.pem"
    bundle_keys.make_key(caller=SHELL)
    return own_trust(signing_key())


def address(version):
    return f"/api/yard/models/{version.model.repo_id}/papers/{version.commit}"


def test_they_say_what_the_yard_knows_and_are_signed(ask, key, version, signed):
    answer = ask(address(version), key=key)
    assert (answer.status_code, answer["X-Repo-Commit"]) == (200, version.commit)
    assert (answer["Content-Type"], answer["Cache-Control"]) == (
        "application/json",
        "private, no-cache",
    )
    found = read_sent(answer.content)
    assert found.signer(signed).name == "this yard"
    paper = found.version
    assert (paper.repo_id, paper.commit) == (version.model.repo_id, version.commit)
    assert found.given.keys() == FILES.keys()
    decision = orjson.loads(found.documents["versions/0001/decision.json"])
    assert (decision["admission"], decision["scan_verdict"]) == ("admitted", "clean")
    assert orjson.loads(found.documents["versions/0001/scan.sarif"])["version"] == "2.1.0"
    bom = orjson.loads(found.documents["versions/0001/mlbom.cdx.json"])
    assert bom["components"][0]["type"] == "machine-learning-model"


def test_their_files_are_those_that_the_hub_lists(ask, key, version, signed):
    info = ask(f"/api/models/{version.model.repo_id}?blobs=true", key=key).json()
    listed = {one["rfilename"]: one for one in info["siblings"]}
    given = read_sent(ask(address(version), key=key).content).given
    assert given.keys() == listed.keys()
    for path, file in listed.items():
        assert given[path].size == file["size"]
        assert file.get("lfs", given[path].model_dump())["sha256"] == given[path].sha256


def test_without_a_key_of_the_yard_they_are_not_signed(ask, key, version, settings, tmp_path):
    settings.BUNDLE_KEY = tmp_path / "none.pem"
    assert read_sent(ask(address(version), key=key).content).signature is None


def test_a_key_that_cannot_be_read_is_the_yards_fault(ask, key, version, settings, tmp_path):
    settings.BUNDLE_KEY = tmp_path / "bad.pem"
    settings.BUNDLE_KEY.write_text("no key")
    answer = ask(address(version), key=key)
    assert (answer.status_code, answer["X-Error-Code"]) == (503, "Unavailable")


def test_what_is_held_back_is_named_and_not_given(ask, key, version, signed):
    ModelFile.objects.filter(version=version, path=BAD).update(held_back="Unsafe: calls os.system.")
    found = read_sent(ask(address(version), key=key).content)
    assert BAD not in found.given
    assert [(file.path, file.left_out) for file in found.not_given] == [(BAD, HELD_THERE)]


def test_names_of_people_stay_here(ask, key, version, signed):
    record_gate(
        version=version,
        gate=Gate.SOURCE,
        outcome=GateOutcome.FAILED,
        reason="Imported by quokka",
        evidence={"reach": "gated", "token_of": "quokka", "bundle": {"signer": "quokka"}},
    )
    answer = ask(address(version), key=key)
    assert b"quokka" not in answer.content
    assert read_sent(answer.content).version.reach == "gated"


def test_a_bundle_takes_their_signature_for_none_and_they_take_none_of_a_bundle(
    ask, key, version, signed
):
    found = read_sent(ask(address(version), key=key).content)
    with pytest.raises(BundleRefusedError, match="another manifest"):
        signing.check_signature(
            found.signature, manifest_sha256=found.manifest_sha256, trusted=signed
        )
    of_bundle = signing.sign(found.manifest_sha256, signing_key())
    with pytest.raises(BundleRefusedError, match="another manifest"):
        signing.check_signature(
            of_bundle,
            manifest_sha256=found.manifest_sha256,
            trusted=signed,
            predicate=signing.SENT,
        )


def test_one_door_for_papers_and_files(ask, key, lite_key, version, signed):
    repo, path = version.model.repo_id, address(version)
    version.model.tier = Tier.PROFESSIONAL
    version.model.save()
    hidden = ask(path, key=lite_key)
    missing = ask(path.replace(repo, "no/such"), key=lite_key)
    assert hidden["X-Error-Code"] == missing["X-Error-Code"] == "RepoNotFound"
    assert hidden.json()["error"].replace(repo, "no/such") == missing.json()["error"]
    assert ask(path, key=None).status_code == 401
    blind = ApiKeyFactory(user=key.user, scopes=[Scope.REQUEST.value])
    assert ask(path, key=blind)["X-Error-Code"] == "GatedRepo"


def test_what_is_held_or_unknown_has_no_papers(ask, key, version, signed):
    unknown = ask(address(version).replace(version.commit, "0" * 40), key=key)
    assert (unknown.status_code, unknown["X-Error-Code"]) == (404, "RevisionNotFound")
    by_name = ask(address(version).replace(version.commit, "main"), key=key)
    assert (by_name.status_code, by_name["X-Error-Code"]) == (404, "NotFound")
    type(version).objects.filter(pk=version.pk).update(admission="withdrawn")
    refused = ask(address(version), key=key)
    assert (refused.status_code, refused["X-Error-Code"]) == (403, "GatedRepo")


def test_they_are_bounded(ask, key, version, signed, monkeypatch):
    monkeypatch.setattr(sent, "MAX_FILES", 2)
    many = ask(address(version), key=key)
    assert (many.status_code, many["X-Error-Code"]) == (501, "NotImplemented")
    assert "more than 2 files. A bundle can carry them." in many.json()["error"]
    monkeypatch.undo()
    monkeypatch.setattr(sent, "MAX_SENT", 100)
    assert ask(address(version), key=key).status_code == 501


def test_while_a_file_is_not_stored_there_are_none(ask, key, version, signed):
    file = version.files.get(path="config.json")
    ModelFile.objects.filter(pk=file.pk).update(content=None)
    Content.objects.filter(pk=file.sha256).delete()
    assert ask(address(version), key=key).status_code == 503
