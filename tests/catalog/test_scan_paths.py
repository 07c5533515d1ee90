"""`POST /model-info/scan`: a path leads nowhere but below the models directory."""

from __future__ import annotations

import json
import os

import pytest

from catalog.models import Intake
from core.models import Run, RunState
from tests.catalog.extracting import while_waiting
from tests.catalog.test_api_models import problem
from tests.factories.registry import ModelFactory, VersionFactory
from tests.standins.repos import HARMLESS_PAYLOAD, RENAMED_TO, TINY_CONFIG, tiny_safetensors
from tests.standins.yard import Yard

__all__ = ["while_waiting"]
COMMIT = "a" * 40


@pytest.fixture
def folder(make_yard, start_upstream, tmp_path):
    """A folder of a model below MODELS_DIR, and a secret beside that."""
    make_yard(start_upstream())
    one = tmp_path / "models" / "acme" / "one"
    one.mkdir(parents=True)
    (one / "README.md").write_text("---\nlicense: mit\n---\nA model.\n")
    (one / "config.json").write_text(json.dumps(TINY_CONFIG))
    (one / "model.safetensors").write_bytes(tiny_safetensors({"w": ("F32", [2])}))
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "x.bin").write_bytes(b"secret")
    (tmp_path / "models" / "way-out").symlink_to(tmp_path / "secret")
    (tmp_path / "models" / "way-in").symlink_to(one)
    (tmp_path / "models" / ".hidden").mkdir()
    return one


@pytest.fixture
def scan(ask, make_key):
    def send(path="", *, key=None, **headers):
        body = {"model_path": path} if path else headers.pop("body")
        key = key or make_key(role="operator")
        return ask("/model-info/scan", key=key, method="POST", body=body, **headers)

    return send


OUTSIDE = [
    "..",
    "../secret",
    "../models/acme/one",
    "models/../secret",
    "models/acme/../../secret",
    "acme/./one",
    "acme//one",
    "acme/one/",
    "/etc/passwd",
    "/",
    "//etc/passwd",
    "~/models",
    ".hidden",
    "acme/.one",
    "acme\\..\\..\\secret",
    "C:\\models",
    "file:///etc/passwd",
    "http://127.0.0.1/x",
    "acme/one\x00.bin",
    "acme/one\n",
    " ",
    "%2e%2e/secret",
    "models/%2e%2e%2fsecret",
    "..%2fsecret",
    "\uff0e\uff0e/secret",
    "\u2025/secret",
    "..\uff0fsecret",
    "acme\u2215..\uff0f..\uff0fsecret",
    "acme/one\u202e",
    "way-out",
    "way-out/x.bin",
    "way-in",
    "models/way-out",
]


@pytest.mark.parametrize("path", OUTSIDE)
def test_a_path_that_leads_away_is_403_and_starts_nothing(folder, scan, path):
    document = problem(scan(path), 403, "not_permitted")
    assert document["field"] == "model_path"
    assert "secret" not in document["detail"].replace(path, "")
    assert not Run.objects.exists()


@pytest.mark.parametrize("path", ["/etc/passwd", "file:///etc/passwd", "../secret", "~/x"])
def test_a_path_is_no_name_of_a_model_either(folder, scan, path):
    problem(scan(body={"model_uri": path}), 403, "not_permitted")
    assert not Run.objects.exists()


def test_an_absolute_path_beside_the_directory_is_outside(folder, scan, tmp_path):
    for path in (tmp_path / "secret", tmp_path / "models-2" / "x", tmp_path / "models"):
        problem(scan(str(path)), 403, "not_permitted")


def test_what_is_no_text_is_no_path(folder, scan):
    for wrong in (None, ["acme/one"], {"a": 1}, ""):
        problem(scan(body={"model_path": wrong}), 400, "invalid_input")


def test_what_is_inside_is_scanned_for_those_who_keep_the_yard(
    folder, scan, ask, make_key, tmp_path
):
    problem(scan("acme/none"), 404, "not_found")
    for path in ("acme/one", "models/acme/one", "./models/acme/one", str(folder)):
        answer = scan(path)
        assert answer.status_code == 202, answer.content
        document = answer.json()
        assert set(document) == {"object", "workflow_id", "verdict", "issues", "created"}
        assert (document["object"], document["issues"]) == ("model_security_scan", None)
        assert answer["Location"] == f"/api/v1/workflows/{document['workflow_id']}"
    assert Run.objects.count() == 1
    viewer = make_key()
    for path in ("acme/one", "acme/none", str(folder)):
        refused = problem(scan(path, key=viewer), 403, "not_permitted")
        assert "operators and curators" in refused["detail"]


def test_a_model_that_is_hidden_is_answered_as_one_that_is_missing(db, scan, make_key):
    hidden = ModelFactory(repo_id="acme/hidden", slug="acme--hidden", tier="professional")
    version = VersionFactory(model=hidden, files={"w.bin": b"x"})
    key = make_key(tier="lite")
    told = problem(scan(f"models/acme--hidden/{version.commit}", key=key), 404, "not_found")
    none = problem(scan(f"models/acme--none/{COMMIT}", key=key), 404, "not_found")
    same = {"type", "title", "status", "code"}
    assert {name: told[name] for name in same} == {name: none[name] for name in same}
    assert told["detail"].replace("hidden", "none") == none["detail"]


def test_an_unsafe_folder_is_told_with_its_issues(folder, scan, make_key):
    (folder / "more.pkl").write_bytes(HARMLESS_PAYLOAD)
    key = make_key(role="operator")
    run = Run.objects.get(pk=scan("acme/one", key=key).json()["workflow_id"])
    Yard(None, folder).drive(run)
    assert run.state == RunState.DONE
    version = Intake.objects.get(run=run).version
    told = scan(f"models/{version.model.slug}/{version.commit}", key=key)
    assert (told.status_code, told.json()["verdict"]) == (200, "unsafe")
    assert any("more.pkl" in one["description"] for one in told.json()["issues"])
    for issue in told.json()["issues"]:
        assert set(issue) >= {"title", "severity", "description", "source"}
    assert os.fspath(folder) not in told.content.decode()


def test_a_scan_that_cannot_be_done_is_500_and_never_clean(
    yard, settings, while_waiting, ask, make_key
):
    settings.CLAMD_SOCKET = str(yard.folder / "no.sock")
    while_waiting(lambda: yard.drive(Run.objects.get()), once=True)
    answer = ask(
        "/model-info/scan",
        key=make_key(),
        method="POST",
        body={"model_uri": RENAMED_TO},
        Prefer="wait=60",
    )
    document = problem(answer, 500, "scan_failed")
    assert document["workflow_id"] == str(Run.objects.get().pk)
    assert "ClamAV cannot scan now" in document["detail"]
    assert Intake.objects.get().version.scan_verdict == ""
