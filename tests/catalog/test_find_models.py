"""`manage.py find_models`: what the settings name, or what the command line names in its place."""

from __future__ import annotations

import os
import subprocess
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from catalog.models import LocalLook, LocalModel, Wish
from config.settings.env import Environment
from core.models import Run
from tests.standins.repos import RENAMED_TO

LIST = f"# ours\n\n{RENAMED_TO}@main\ntwo words\nlocal:alone.gguf\nacme/x bad=1\ncivitai:5@6\n"


def find_models(*words):
    out, err = StringIO(), StringIO()
    call_command("find_models", *words, stdout=out, stderr=err)
    return out.getvalue().splitlines(), err.getvalue().splitlines()


@pytest.fixture
def models(yard):
    (yard.folder / "models").mkdir()
    (yard.folder / "models" / "alone.gguf").write_bytes(b"GGUF")
    return yard.folder / "models"


def test_a_local_line_is_the_model_on_this_machine(yard, models):
    (models / "models.txt").write_text("local:alone.gguf\n")
    find_models()
    wish = Wish.objects.select_related("run").get()
    yard.drive(wish.run)
    find_models()
    wish.refresh_from_db()
    assert (wish.uri, wish.state, wish.taken) == ("local:alone.gguf", "here", "local:alone.gguf")
    assert yard.version(wish.run).model.repo_id == "alone.gguf"


def test_malformed_lines_are_told_by_their_number_and_the_others_are_used(yard, models):
    (models / "models.txt").write_text(LIST)
    out, err = find_models()
    assert [line.split("\t")[0] for line in out if "models.txt" in line] == [
        f"{RENAMED_TO}@main",
        "two words",
        "local:alone.gguf",
        "civitai:5@6",
    ]
    assert [line.partition(":")[0] for line in err] == ["line 4", "line 6"]


def test_the_command_line_comes_before_the_settings_and_nothing_is_kept(yard, models):
    other = yard.folder / "other"
    other.mkdir()
    (other / "model.onnx").write_bytes(b"onnx")
    (other / "list.txt").write_text(LIST)
    out, err = find_models("--models-dir", str(other), "--models-file", str(other / "list.txt"))
    assert out == [
        "disk:model.onnx\t4\tfound",
        f"{RENAMED_TO}@main\tlist.txt, line 3\tlisted",
        "local:alone.gguf\tlist.txt, line 5\tlisted",
        "civitai:5@6\tlist.txt, line 7\tlisted",
    ]
    assert [line.partition(":")[0] for line in err] == ["line 4", "line 6"]
    for kept in (LocalModel, LocalLook, Wish, Run):
        assert not kept.objects.exists()


def test_the_list_of_the_command_line_is_brought_in_before_that_of_the_settings(yard, models):
    (models / "models.txt").write_text("disk:of-the-settings\n")
    (yard.folder / "list.txt").write_text("two words\nacme/x bad=1\nlocal:alone.gguf # ours\n")
    out, err = find_models("--models-file", str(yard.folder / "list.txt"))
    assert [line.partition(":")[0] for line in err] == ["line 1", "line 2"]
    assert [line.split("\t")[:2] for line in out[1:]] == [
        ["two words", "command line, line 1"],
        ["local:alone.gguf", "command line, line 3"],
    ]
    wish = Wish.objects.select_related("run").get(uri="local:alone.gguf")
    find_models()
    assert [one.uri for one in Wish.objects.all()] == ["disk:of-the-settings"]
    yard.drive(wish.run)
    assert yard.version(wish.run).model.repo_id == "alone.gguf"


def test_a_list_of_the_command_line_leaves_the_wishes_of_the_settings(yard, models):
    (models / "models.txt").write_text("local:alone.gguf\n")
    find_models()
    (yard.folder / "list.txt").write_text("local:none.gguf\n")
    find_models("--models-file", str(yard.folder / "list.txt"))
    assert {one.uri for one in Wish.objects.all()} == {"local:alone.gguf", "local:none.gguf"}
    with pytest.raises(CommandError, match="There is no list"):
        find_models("--models-file", str(yard.folder / "gone.txt"))


def test_a_folder_alone_is_looked_at_with_the_list_of_the_settings(yard, models):
    (models / "models.txt").write_text(f"{RENAMED_TO}\n")
    out, err = find_models("--models-dir", str(yard.folder / "nowhere"))
    assert out == [f"{RENAMED_TO}\tmodels.txt, line 1\tlisted"]
    assert "nowhere" in err[0]


def test_the_environment_comes_before_the_file_and_the_file_before_the_default(
    tmp_path, monkeypatch
):
    (tmp_path / "config.yaml").write_text(
        "MODELS_FILE: of-the-file.txt\nMODELS_DIR: /of/the/file\n"
    )
    monkeypatch.setitem(Environment.model_config, "yaml_file", str(tmp_path / "config.yaml"))
    monkeypatch.setenv("MODELS_DIR", "/of/the/environment")
    monkeypatch.delenv("MODELS_FILE", raising=False)
    read = Environment()
    assert str(read.MODELS_DIR) == "/of/the/environment"
    assert read.MODELS_FILE == "of-the-file.txt"
    assert Environment.model_fields["MODELS_FILE"].default == "models.txt"


def test_what_the_command_line_of_make_says_comes_before_the_environment():
    """`make up MODELS_DIR=…`: make hands it to its programs in the place of what was there."""
    rule = "told: ; @printenv MODELS_DIR"
    found = subprocess.run(
        ["make", "-s", "--eval", rule, "told", "MODELS_DIR=/of/the/command/line"],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "MODELS_DIR": "/of/the/environment"},
    )
    assert found.stdout.strip() == "/of/the/command/line"
