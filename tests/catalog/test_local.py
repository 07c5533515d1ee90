"""Looks at this machine: what is found, read once, imported, and what lists ask for."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import LocalFile, LocalLook, LocalModel, Wish
from catalog.services import local
from catalog.services.intake import AGAIN_AFTER
from core.models import Run, RunState
from registry.models import Model, ModelVersion
from tests.standins.repos import RENAMED_TO, TINY_CONFIG, tiny_safetensors

MIT = "---\nlicense: mit\n---\nA model.\n"
VOSK = ["am/final.mdl", "conf/mfcc.conf", "graph/HCLG.fst"]


@pytest.fixture
def models(yard):
    (yard.folder / "models").mkdir()
    return yard.folder / "models"


def put(models, name):
    folder = models / name
    folder.mkdir(parents=True)
    (folder / "README.md").write_text(MIT)
    (folder / "config.json").write_text(json.dumps(TINY_CONFIG))
    (folder / "model.safetensors").write_bytes(tiny_safetensors({"w": ("F32", [2])}))
    return folder


def found():
    return {row.name: (bool(row.commit), row.problem) for row in LocalModel.objects.all()}


def drive_all(yard):
    for run in Run.objects.filter(finished_at__isnull=True):
        yard.drive(run)


def test_models_are_found_and_read_once(yard, models):
    put(models, "acme/one")
    (models / "alone.gguf").write_bytes(b"GGUF")
    assert local.look_locally()
    assert found() == {"acme/one": (True, ""), "alone.gguf": (True, "")}
    read = dict(LocalFile.objects.values_list("path", "read_at"))
    assert len(read) == 4
    assert local.look_locally()
    assert dict(LocalFile.objects.values_list("path", "read_at")) == read
    assert Run.objects.count() == 0


def test_what_changed_is_read_again_and_what_is_gone_is_not_listed(yard, models):
    folder = put(models, "acme/one")
    put(models, "acme/two")
    local.look_locally()
    before = LocalModel.objects.get(name="acme/one").commit
    (folder / "README.md").write_text(MIT + "More.")
    (models / "acme/two").rename(yard.folder / "away")
    local.look_locally()
    assert LocalModel.objects.get().commit != before


def test_a_missing_folder_is_said_and_lists_nothing(yard):
    assert local.look_locally()
    (problem,) = LocalLook.objects.get().problems
    assert "MODELS_DIR" in problem
    assert found() == {}


def test_a_look_that_is_under_way_is_not_begun_twice_and_a_dead_one_is_taken_over(yard, models):
    LocalLook.objects.create(pk=1, lease_until=timezone.now() + timedelta(minutes=1))
    assert not local.look_locally()
    LocalLook.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert local.look_locally()
    assert LocalLook.objects.get().lease_until is None


def test_a_file_that_grows_waits_for_the_next_look(yard, models, monkeypatch):
    path = models / "alone.gguf"
    path.write_bytes(b"GGUF")
    with path.open("ab") as file:
        monkeypatch.setattr(local._Pulse, "__call__", lambda *_: (file.write(b"x"), file.flush()))
        local.look_locally()
    assert found() == {"alone.gguf": (False, "")}
    monkeypatch.undo()
    yard_settings_hold = models == local.settings.MODELS_DIR
    assert yard_settings_hold
    local.look_locally()
    assert found() == {"alone.gguf": (True, "")}


def test_what_is_found_is_imported_by_setting_alone(yard, models, settings):
    put(models, "acme/one")
    local.look_locally()
    assert not Run.objects.exists()
    settings.LOCAL_IMPORT = True
    local.look_locally()
    drive_all(yard)
    version = ModelVersion.objects.get()
    assert (version.model.source, version.admission) == ("disk", "admitted")
    local.look_locally()
    assert Run.objects.count() == 1


def test_an_import_that_failed_is_not_begun_again_at_every_look(yard, models, settings):
    put(models, "acme/one")
    settings.LOCAL_IMPORT = True
    local.look_locally()
    Run.objects.update(state=RunState.FAILED, finished_at=timezone.now(), lease_until=None)
    local.look_locally()
    assert Run.objects.count() == 1
    Run.objects.update(finished_at=timezone.now() - AGAIN_AFTER * 2)
    local.look_locally()
    assert Run.objects.count() == 2


def test_ten_thousand_files_cost_a_handful_of_queries(yard, models):
    for n in range(100):
        (models / f"m{n}").mkdir()
        for k in range(100):
            (models / f"m{n}" / f"w{k}.bin").write_bytes(b"%d" % n)
    local._note(local._look())
    with CaptureQueriesContext(connection) as queries:
        found = local._look()
        local._note(found)
    assert found.file_count == 10_000
    assert len(queries) <= 8
    assert LocalModel.objects.count() == 100


def wishes():
    return {wish.uri: wish.state for wish in Wish.objects.all()}


def test_listed_models_are_brought_and_a_bad_line_blocks_none(yard, models):
    (models / "models.txt").write_text(f"# ours\n{RENAMED_TO}\nno model at all\nacme/missing\n")
    local.look_locally()
    drive_all(yard)
    local.look_locally()
    assert wishes() == {RENAMED_TO: "here", "no model at all": "failed", "acme/missing": "failed"}
    assert Wish.objects.get(uri="acme/missing").note.count("acme/missing") == 1
    (fault,) = LocalLook.objects.get().list_problems
    assert fault.startswith("line 3: This names no model")
    wish = Wish.objects.get(uri=RENAMED_TO)
    assert wish.commit == yard.upstream.commit(RENAMED_TO)
    runs = Run.objects.count()
    local.look_locally()
    assert Run.objects.count() == runs
    assert "acme/missing" in Wish.objects.get(uri="acme/missing").note


def test_the_other_name_of_a_line_is_tried_when_the_first_cannot_be_had(yard, models):
    (models / "models.txt").write_text(f"acme/missing or={RENAMED_TO}\n")
    for _ in range(3):
        local.look_locally()
        drive_all(yard)
    wish = Wish.objects.get()
    assert (wish.state, wish.taken) == ("here", RENAMED_TO)


def test_automatic_downloads_are_stopped_by_a_setting_and_local_ones_are_not(
    yard, models, settings
):
    settings.SKIP_MODEL_DOWNLOADS = settings.MINIMAL_MODELS = True
    put(models, "acme/one")
    (models / "models.txt").write_text(f"{RENAMED_TO}\ndisk:acme/one\n")
    local.look_locally()
    drive_all(yard)
    local.look_locally()
    assert wishes() == {
        RENAMED_TO: "skipped",
        "disk:acme/one": "here",
        "deepseek-ai/Janus-Pro-1B": "skipped",
        "unsloth/Qwen2.5-Omni-3B-GGUF": "skipped",
    }
    assert yard.upstream.log() == []


def test_the_minimal_set_is_asked_for_by_setting_and_its_failure_blocks_nothing(
    yard, models, settings
):
    settings.MINIMAL_MODELS = True
    for _ in range(3):
        local.look_locally()
        drive_all(yard)
    local.look_locally()
    assert set(wishes().values()) == {"failed"}
    taken = Wish.objects.get(uri="unsloth/Qwen2.5-Omni-3B-GGUF").taken
    assert taken == "ggml-org/Qwen2.5-Omni-3B-GGUF"
    assert Run.objects.count() == 3


def test_what_lies_on_this_machine_comes_before_a_download(yard, models):
    put(models, RENAMED_TO)
    (models / "models.txt").write_text(f"{RENAMED_TO}\n")
    local.look_locally()
    drive_all(yard)
    local.look_locally()
    wish = Wish.objects.get()
    assert (wish.state, wish.taken) == ("local", f"disk:{RENAMED_TO}")
    assert Model.objects.get().source == "disk"
    assert (Run.objects.count(), yard.upstream.log()) == (1, [])


def test_a_vosk_model_is_checked_listed_and_used_instead_of_a_download(yard, models, settings):
    place = yard.folder / "elsewhere" / "vosk-small"
    for name in VOSK:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(name.encode())
    settings.VOSK_MODEL_PATH = place
    (models / "models.txt").write_text("alphacep/vosk-small\n")
    local.look_locally()
    assert found() == {"vosk/vosk-small": (True, "")}
    assert wishes() == {"alphacep/vosk-small": "local"}
    (place / "am/final.mdl").unlink()
    local.look_locally()
    assert "final.mdl" in LocalModel.objects.get().problem


def test_a_vosk_path_that_is_not_there_is_said(yard, models, settings):
    settings.VOSK_MODEL_PATH = yard.folder / "nowhere"
    local.look_locally()
    assert LocalModel.objects.get().problem.startswith("VOSK_MODEL_PATH: There is no")


def test_a_list_that_cannot_be_read_is_said(yard, models):
    (models / "models.txt").mkdir()
    local.look_locally()
    assert "Is a directory" in LocalLook.objects.get().list_problems[0]


def test_a_line_that_is_taken_away_is_forgotten_and_its_model_stays(yard, models):
    (models / "models.txt").write_text(f"{RENAMED_TO}\n")
    local.look_locally()
    drive_all(yard)
    (models / "models.txt").unlink()
    local.look_locally()
    assert wishes() == {}
    assert ModelVersion.objects.count() == 1
