"""What a download would do, and which downloads there were."""

from __future__ import annotations

import pytest

from catalog.models import Asker, Intake
from core.models import Run, RunState
from registry.models import ModelFile, Policy
from tests.catalog.test_api_models import problem
from tests.factories.registry import UserFactory, VersionFactory
from tests.standins.repos import (
    HARMLESS_PAYLOAD,
    TINY_CONFIG,
    tiny_safetensors,
)

NAME = "acme/both"
SAFE = tiny_safetensors({"w": ("F32", [20, 30])})
CARD = "---\nlicense: mit\npipeline_tag: text-generation\n---\n"
FILES = {
    "README.md": CARD,
    "config.json": TINY_CONFIG,
    "model.safetensors": SAFE,
    "pytorch_model.bin": HARMLESS_PAYLOAD,
    "setup.exe": b"MZ",
}
PLAN = "/api/v1/models/plan"


@pytest.fixture
def both(yard):
    yard.upstream.repos.repo(NAME, FILES)
    yard.upstream.reload()
    return yard


def runs_and_rows():
    return (Run.objects.count(), ModelFile.objects.count(), Intake.objects.count())


def test_a_plan_says_what_would_move_and_moves_nothing(both, ask, make_key):
    key = make_key()
    before = runs_and_rows()
    body = {"model_uri": NAME, "preset": "safetensors"}
    plan = ask(PLAN, key=key, method="POST", body=body).json()
    assert plan["object"] == "download_plan"
    assert plan["revision"] == both.upstream.commit(NAME)
    left = {file["path"]: file["reason"] for file in plan["files"] if file["state"] == "left_out"}
    assert left == {"pytorch_model.bin": "preset safetensors"}
    assert plan["left_out"] == {
        "preset safetensors": {"files": 1, "size_bytes": len(HARMLESS_PAYLOAD)}
    }
    assert plan["move"] == plan["take"]
    assert (plan["move"]["files"], plan["stored"]["files"]) == (4, 0)
    assert plan["needed_bytes"] > plan["move"]["size_bytes"]
    assert plan["fits"] is True
    assert plan["admission"] == "admitted"
    assert runs_and_rows() == before
    assert both.staged() == []


def test_a_plan_knows_what_is_stored_already_by_hash_and_by_git_id(both, ask, make_key):
    key = make_key()
    assert both.version(both.bring(NAME)).admission == "held"  # by its pickle; stored all the same
    both.upstream.repos.repo(NAME, {"README.md": CARD + "More words."})
    both.upstream.reload()
    same = ask(PLAN, key=key, method="POST", body={"model_uri": NAME}).json()
    assert [one["path"] for one in same["files"] if one["state"] == "move"] == ["README.md"]


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ({"preset": "gguf"}, "invalid_input", "needs gguf"),
        ({"preset": "best"}, "invalid_input", "There is no preset"),
        ({"include": ["../x"]}, "invalid_input", "matches nothing"),
        ({"exclude": ["*"]}, "invalid_input", "takes no file at all"),
        ({"includes": ["*"]}, "invalid_input", "There is no field"),
    ],
)
def test_a_selection_that_cannot_be_is_refused_with_the_reason(
    both, ask, make_key, more, code, words
):
    body = {"model_uri": NAME, **more}
    found = problem(ask(PLAN, key=make_key(), method="POST", body=body), 400, code)
    assert words in found["detail"]


def test_who_may_not_ask_for_models_gets_no_plan(both, ask, make_key):
    key = make_key(scopes=["read"])
    problem(ask(PLAN, key=key, method="POST", body={"model_uri": NAME}), 403, "not_permitted")
    problem(ask(PLAN, method="POST", body={"model_uri": NAME}), 401, "not_authenticated")


def test_registering_takes_what_was_selected(both, ask, make_key):
    body = {"repo_id": NAME, "exclude": ["*.bin", "*.exe"]}
    started = ask("/api/v1/models", key=make_key(role="curator"), method="POST", body=body)
    assert started.status_code == 202
    run = both.drive(Run.objects.get(pk=started.json()["workflow_id"]))
    version = both.version(run)
    assert (version.admission, version.file_count) == ("admitted", 3)


def test_a_download_of_more_of_a_version_starts_and_of_less_is_here(both, ask, make_key):
    key = make_key(role="curator")
    body = {"repo_id": NAME, "include": ["*.safetensors"]}
    started = ask("/api/v1/models", key=key, method="POST", body=body).json()
    version = both.version(both.drive(Run.objects.get(pk=started["workflow_id"])))
    path = "/api/v1/models/acme--both/download"
    here = {"revision": version.commit, "preset": "safetensors", "exclude": ["*.exe"]}
    assert ask(path, key=key, method="POST", body=here).json()["status"] == "success"
    more = ask(path, key=key, method="POST", body={"revision": version.commit})
    assert (more.status_code, more.json()["status"]) == (202, "accepted")


def test_files_that_are_left_out_are_listed_with_the_reason_and_not_offered(both, ask, make_key):
    key = make_key(role="curator")
    body = {"repo_id": NAME, "preset": "safetensors", "exclude": ["*.exe"]}
    started = ask("/api/v1/models", key=key, method="POST", body=body).json()
    version = both.version(both.drive(Run.objects.get(pk=started["workflow_id"])))
    shown = ask(f"/api/v1/models/acme--both/versions/{version.number}/files", key=key).json()
    rows = {row["path"]: row for row in shown["results"]}
    assert (rows["setup.exe"]["left_out"], rows["setup.exe"]["download_url"]) == ("pattern", None)
    assert rows["pytorch_model.bin"]["left_out"] == "preset safetensors"
    assert rows["model.safetensors"]["left_out"] is None
    assert rows["model.safetensors"]["download_url"]
    listed = ask("/api/v1/models/acme--both/versions", key=key).json()["results"][0]
    assert (listed["file_count"], listed["left_out"]) == (3, 2)


def test_a_file_that_ends_in_what_every_policy_refuses_stays_behind(both, ask, make_key):
    for row in list(Policy.objects.filter(is_active=True)):
        Policy.objects.filter(pk=row.pk).update(is_active=False)
        limits = {**row.limits, "extensions_refused": [".exe"]}
        Policy.objects.create(tier=row.tier, number=9, gates=row.gates, limits=limits)
    plan = ask(PLAN, key=make_key(), method="POST", body={"model_uri": NAME}).json()
    assert plan["left_out"] == {"policy: .exe": {"files": 1, "size_bytes": 2}}


# -- history --------------------------------------------------------------------------------------


def record(model, *, state=RunState.DONE, by=(), version=None, **values):
    """A run that brought a version, as the intake leaves it."""
    ended = None if state in ("queued", "running") else model.created_at
    run = Run.objects.create(
        kind="intake",
        key=f"k{Run.objects.count()}",
        state=state,
        finished_at=ended,
        result=values.pop("result", {}),
        error_code=values.pop("error_code", ""),
        error=values.pop("error", ""),
    )
    intake = Intake.objects.create(
        run=run,
        source=values.pop("source", model.source),
        repo_id=model.repo_id,
        model=model,
        version=version or model.head,
        **values,
    )
    for user in by:
        Asker.objects.create(intake=intake, user=user)
    return run


def history(ask, key, path="/api/v1/downloads"):
    return ask(path, key=key).json()["results"]


def test_a_download_has_the_fields_of_the_contract(both, ask, make_key):
    ann = UserFactory()
    key = make_key(user=ann, role="curator")
    ask(
        "/api/v1/models",
        key=key,
        method="POST",
        body={"repo_id": NAME, "exclude": ["*.bin", "*.exe"]},
    )
    run = both.drive(Run.objects.get())
    version = both.version(run)
    shown = ask("/api/v1/downloads", key=key).json()
    assert shown["object"] == "model_download_history"
    (row,) = shown["results"]
    assert row == {
        "model": "acme--both",
        "repo_id": NAME,
        "version": 1,
        "revision": version.commit,
        "downloaded_at": row["downloaded_at"],
        "started_at": row["started_at"],
        "downloaded_by": [ann.username],
        "status": "success",
        "size_bytes": version.size_bytes,
        "size_gb": round(version.size_bytes / 1e9, 6),
        "selection": "without *.bin *.exe",
        "path": f"models/acme--both/{version.commit}",
        "error": None,
        "workflow_id": str(run.pk),
    }
    assert row["downloaded_at"] > row["started_at"]
    assert history(ask, key, "/api/v1/models/acme--both/downloads") == [row]


def test_the_status_says_how_it_ended(ask, make_key, make_model):
    admitted = make_model("acme/one")
    held = VersionFactory(model=admitted, admission="held")
    record(admitted, state=RunState.RUNNING)
    record(admitted)
    record(admitted, version=held)
    record(admitted, source="disk")
    record(admitted, state=RunState.FAILED, error_code="upstream_not_found", error="Gone.")
    record(admitted, state=RunState.CANCELLED, error_code="cancelled", error="Stopped.")
    record(admitted, version=held, result={"outlook": "held"})
    record(admitted, result={"joined": "another"})
    key = make_key()
    rows = history(ask, key)
    assert [row["status"] for row in reversed(rows)] == [
        *("running", "success", "completed", "uploaded", "failed", "failed", "failed"),
    ]
    assert [row["error"]["code"] for row in rows if row["status"] == "failed"] == [
        *("gate_blocked", "cancelled", "upstream_not_found"),
    ]
    for status in ("running", "success", "completed", "uploaded", "failed"):
        found = history(ask, key, f"/api/v1/downloads?status={status}")
        assert found == [row for row in rows if row["status"] == status]
    problem(ask("/api/v1/downloads?status=gone", key=key), 400, "invalid_input")


def test_nobody_reads_of_downloads_of_models_they_may_not_know(ask, make_key, make_model):
    record(make_model("acme/pro", tier="professional"))
    record(make_model("acme/lite", tier="lite"))
    hidden = make_model("acme/hidden", tier="lite")
    type(hidden).objects.filter(pk=hidden.pk).update(is_private=True)
    record(hidden)
    lite = make_key(tier="lite")
    assert [row["model"] for row in history(ask, lite)] == ["acme--lite"]
    curator = make_key(role="curator")
    assert len(history(ask, curator)) == 3
    problem(ask("/api/v1/models/acme--pro/downloads", key=lite), 404, "not_found")


def test_who_asked_is_told_to_staff_and_to_themselves_alone(ask, make_key, make_model):
    ann, ben = UserFactory(), UserFactory()
    record(make_model("acme/one"), by=[ann, ben])
    assert history(ask, make_key(user=ann))[0]["downloaded_by"] == [ann.username]
    assert history(ask, make_key())[0]["downloaded_by"] == []
    staff = history(ask, make_key(role="operator"))[0]["downloaded_by"]
    assert staff == [ann.username, ben.username]


@pytest.mark.parametrize("rows", [1, 10])
def test_the_history_takes_as_many_queries_whatever_its_length(
    ask, make_key, make_model, django_assert_num_queries, rows
):
    model = make_model("acme/one")
    for _ in range(rows):
        record(model, by=[UserFactory()])
    key = make_key(role="operator")
    ask("/api/v1/downloads", key=key)
    with django_assert_num_queries(4):  # key with person and roles; page, records, askers
        assert len(history(ask, key)) == rows


def test_pages_of_the_history_lead_on_and_back(ask, make_key, make_model):
    model = make_model("acme/one")
    for _ in range(5):
        record(model)
    key = make_key()
    whole = [row["workflow_id"] for row in history(ask, key)]
    first = ask("/api/v1/downloads?limit=2", key=key).json()
    second = ask(first["next"], key=key).json()
    third = ask(second["next"], key=key).json()
    pages = [row["workflow_id"] for page in (first, second, third) for row in page["results"]]
    assert pages == whole
    assert third["next"] is None
    assert ask(second["previous"], key=key).json()["results"] == first["results"]
