"""What in MODELS_DIR counts as a model."""

from __future__ import annotations

import os

import pytest

from catalog.sources.folder.discovery import discover, place_problem
from core.folders import look_below


def look(root, files):
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return discover(look_below(root, "", most=1000))


def names(found):
    return {model.name: (model.kind, model.file_count) for model in found.models}


def test_files_at_the_top_and_folders_that_hold_weights_are_models(tmp_path):
    found = look(
        tmp_path,
        [
            "alone.gguf",
            "small.onnx",
            "UPPER.SAFETENSORS",
            "models.txt",
            "notes/readme.txt",
            "acme/one/model.safetensors",
            "acme/one/onnx/model.bin",
            "acme/one/README.md",
            "acme/two/w.bin",
            "flux/model_index.json",
            "flux/unet/w.safetensors",
            "flux/vae/w.safetensors",
            "only/config.json",
            ".cache/w.bin",
        ],
    )
    assert names(found) == {
        "alone.gguf": ("file", 1),
        "small.onnx": ("file", 1),
        "UPPER.SAFETENSORS": ("file", 1),
        "acme/one": ("folder", 3),
        "acme/two": ("folder", 1),
        "flux": ("folder", 3),
    }
    assert found.problems == ()


def test_a_fingerprint_changes_with_any_file_and_with_nothing_else(tmp_path):
    one = {model.name: model for model in look(tmp_path, ["a/w.bin", "b/w.bin"]).models}
    again = {model.name: model for model in look(tmp_path, []).models}
    assert one == again
    (tmp_path / "a" / "w.bin").write_bytes(b"longer")
    after = {model.name: model for model in look(tmp_path, []).models}
    assert after["a"].fingerprint != one["a"].fingerprint
    assert after["b"].fingerprint == one["b"].fingerprint


def test_a_model_with_a_symlink_is_listed_with_its_problem(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "model.safetensors").symlink_to("/etc/hostname")
    (found,) = look(tmp_path, ["a/README.md"]).models
    assert (
        found.problem
        == "'a/model.safetensors' is a symlink: put the file itself there, or take it away."
    )


def test_a_file_name_no_model_can_have_is_a_problem_of_its_model(tmp_path):
    (found,) = look(tmp_path, ["a/w.bin", "a/line\nbreak.txt"]).models
    assert "control characters" in found.problem


def test_a_name_no_model_can_have_is_told_and_blocks_no_other(tmp_path):
    found = look(tmp_path, ["good.gguf", "bad\nname.gguf", "worse\nname/w.bin"])
    assert names(found) == {"good.gguf": ("file", 1)}
    assert len(found.problems) == 2


def test_a_symlink_beside_the_models_is_told_and_not_followed(tmp_path):
    (tmp_path / "way").symlink_to("/etc")
    found = look(tmp_path, ["good.gguf"])
    assert found.problems == ("'way' is a symlink; it is left out.",)


def test_names_that_are_no_text_do_not_stop_the_look(tmp_path):
    os.close(os.open(os.fsencode(tmp_path) + b"/\xff.gguf", os.O_CREAT | os.O_WRONLY))
    found = look(tmp_path, ["good.gguf"])
    assert names(found) == {"good.gguf": ("file", 1)}
    assert all(problem.isprintable() for problem in found.problems)


VOSK = ["am/final.mdl", "conf/mfcc.conf", "graph/HCLr.fst", "graph/Gr.fst"]


FLAT = ["final.mdl", "mfcc.conf", "HCLG.fst", "ivector/final.ie"]


def test_folders_of_vosk_models_are_models(tmp_path):
    found = look(
        tmp_path,
        [
            *(f"vosk-small/{name}" for name in VOSK),
            *(f"speech/flat/{name}" for name in FLAT),
            *(f"half/{name}" for name in VOSK[1:]),
            "am/final.mdl",
        ],
    )
    assert names(found) == {"vosk-small": ("folder", 4), "speech/flat": ("folder", 4)}


@pytest.mark.parametrize("files", [VOSK, ["final.mdl", "mfcc.conf", "HCLG.fst"]])
def test_both_layouts_of_a_vosk_model_are_known(files):
    assert place_problem(files) == ""


@pytest.mark.parametrize(("gone", "said"), [(0, "final.mdl"), (1, "mfcc.conf"), (2, "HCLG.fst")])
def test_what_a_vosk_model_lacks_is_named(gone, said):
    files = [path for n, path in enumerate(VOSK) if n != gone]
    assert said in place_problem(files)
