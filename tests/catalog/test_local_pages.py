"""The page, the API and the commands of what lies on this machine."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import LocalLook, LocalModel, Wish
from catalog.services import local
from core.models import Run
from registry.models import User
from tests.standins.repos import TINY_CONFIG, tiny_safetensors


@pytest.fixture
def models(yard):
    folder = yard.folder / "models" / "acme" / "one"
    folder.mkdir(parents=True)
    (folder / "README.md").write_text("---\nlicense: mit\n---\nA model.\n")
    (folder / "config.json").write_text(json.dumps(TINY_CONFIG))
    (folder / "model.safetensors").write_bytes(tiny_safetensors({"w": ("F32", [2])}))
    return yard.folder / "models"


@pytest.fixture
def signed_in(yard, client):
    def sign_in(role="operator"):
        caller = yard.person(role=role)
        client.force_login(
            User.objects.get(pk=caller.user_id), "django.contrib.auth.backends.ModelBackend"
        )
        return client

    return sign_in


def test_operators_see_what_is_found_and_import_it(yard, models, signed_in):
    local.look_locally()
    client = signed_in()
    for address in ("/import/", "/import/local/"):
        assert "acme/one" in client.get(address).content.decode()
    answer = client.post("/import/local/start/", {"name": "acme/one"})
    run = Run.objects.get()
    assert answer["Location"] == f"/jobs/{run.pk}/"
    assert "importing" in client.get("/import/local/").content.decode()
    yard.drive(run)
    page = client.get("/import/local/").content.decode()
    assert "/models/disk--acme--one/" in page
    assert "imported" in page


def test_viewers_see_nothing_of_this_machine(models, signed_in):
    local.look_locally()
    client = signed_in("viewer")
    assert "acme/one" not in client.get("/import/").content.decode()
    assert client.get("/import/local/").status_code == 403
    assert client.post("/import/local/look/").status_code == 403
    assert client.post("/import/local/start/", {"name": "acme/one"}).status_code == 403


def test_problems_of_folder_and_list_are_on_the_page(models, signed_in):
    (models / "models.txt").write_text("no model at all\n")
    (models / "way").symlink_to("/etc")
    local.look_locally()
    page = signed_in().get("/import/local/").content.decode()
    assert "&#x27;way&#x27; is a symlink" in page
    assert "line 1: This names no model" in page


@pytest.mark.parametrize("name", ["", "../x", "a\nb", "gone"])
def test_a_name_that_leads_nowhere_starts_no_job_or_ends_it_with_the_reason(
    yard, models, signed_in, name
):
    answer = signed_in().post("/import/local/start/", {"name": name})
    if name == "gone":
        run = yard.drive(Run.objects.get())
        assert (run.error_code, run.state) == ("upstream_not_found", "failed")
    else:
        assert (answer.status_code, Run.objects.count()) == (400, 0)


def test_the_api_lists_what_is_found_and_what_lists_ask_for(yard, models, make_key, ask):
    (models / "models.txt").write_text("acme/missing\n")
    local.look_locally()
    key = make_key(role="operator")
    found = ask("/api/v1/local/models", key=key).json()
    (row,) = found["results"]
    assert (row["model_uri"], row["state"], row["file_count"]) == ("disk:acme/one", "new", 3)
    assert [wish["model_uri"] for wish in found["lists"]] == ["acme/missing"]
    body = {"provider_type": "disk", "model_uri": row["model_uri"]}
    answer = ask("/model-info/extract", key=key, method="POST", body=body)
    assert answer.status_code == 202
    yard.drive(Run.objects.filter(key__startswith="disk:").get())
    (row,) = ask("/api/v1/local/models", key=key).json()["results"]
    assert (row["state"], row["model"]) == ("imported", "disk--acme--one")
    again = {**body, "revision": row["revision"]}
    assert ask("/model-info/extract", key=key, method="POST", body=again).status_code == 200


def test_the_api_refuses_viewers(models, make_key, ask):
    key = make_key(role="viewer")
    assert ask("/api/v1/local/models", key=key).status_code == 403
    assert ask("/api/v1/local/look", key=key, method="POST").status_code == 403
    body = {"provider_type": "disk", "model_uri": "disk:acme/one"}
    assert ask("/model-info/extract", key=key, method="POST", body=body).status_code == 403


def test_a_look_is_asked_for_by_button_and_api(
    models, signed_in, make_key, ask, django_capture_on_commit_callbacks, monkeypatch
):
    sent = []
    monkeypatch.setattr(
        "catalog.tasks.look_locally.apply_async", lambda **options: sent.append(options["queue"])
    )
    with django_capture_on_commit_callbacks(execute=True):
        assert signed_in().post("/import/local/look/").status_code == 302
        key = make_key(role="operator")
        assert ask("/api/v1/local/look", key=key, method="POST").status_code == 202
    assert sent == ["downloads", "downloads"]


def fill(count):
    now = timezone.now()
    LocalModel.objects.bulk_create(
        LocalModel(
            name=f"m{n:05}",
            kind="file",
            size_bytes=1,
            file_count=1,
            fingerprint="f",
            changed_at=now,
        )
        for n in range(count)
    )
    Wish.objects.bulk_create(Wish(uri=f"a/m{n}", origin="models.txt", line=n) for n in range(count))
    LocalLook.objects.get_or_create(pk=1)


@pytest.mark.parametrize("address", ["/import/local/", "/import/"])
def test_more_rows_cost_no_more_queries(signed_in, address):
    client = signed_in()
    counts = []
    for count in (1, 10):
        LocalModel.objects.all().delete()
        Wish.objects.all().delete()
        fill(count)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_pages_of_what_is_found_go_by_name(make_key, ask, db):
    fill(7)
    key = make_key(role="operator")
    names, address = [], "/api/v1/local/models?limit=3"
    while address:
        page = ask(address, key=key).json()
        names += [row["name"] for row in page["results"]]
        address = page["next"]
    assert names == [f"m{n:05}" for n in range(7)]


def test_the_command_finds_and_prints(models, capsys):
    (models / "models.txt").write_text("no model at all\n")
    call_command("find_models")
    said = capsys.readouterr()
    assert said.out.startswith("disk:acme/one\t")
    assert "line 1" in said.err
    LocalLook.objects.update(lease_until=timezone.now() + timezone.timedelta(minutes=1))
    with pytest.raises(CommandError, match="under way"):
        call_command("find_models")


def test_the_command_imports_by_name_and_by_path(yard, models, capsys):
    call_command("import_folder", "acme/one")
    run = Run.objects.get()
    assert str(run.pk) in capsys.readouterr().out
    yard.drive(run)
    call_command("import_folder", str(models / "acme" / "one"))
    assert "in the yard already" in capsys.readouterr().out
    with pytest.raises(CommandError, match="MODELS_DIR"):
        call_command("import_folder", "/etc/hostname")
    with pytest.raises(CommandError, match="no 'gone' on this machine"):
        call_command("import_folder", "gone")
