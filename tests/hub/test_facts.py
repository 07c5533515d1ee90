"""What a model is said to be: as the client reads it, and only where files tell it."""

from __future__ import annotations

import pytest
from huggingface_hub.hf_api import ModelInfo

from hub import door
from hub.facts import facts_of
from registry.models import ModelFile
from tests.hub.conftest import make_version

BERT = {
    "architecture": "BertModel",
    "family": "bert",
    "library": "transformers",
    "formats": ["safetensors"],
    "files": ["model.safetensors"],
    "params_by_dtype": {"F32": 100, "I64": 5},
}
GGUF = {
    "family": "llama",
    "formats": ["gguf"],
    "files": ["a.gguf"],
    "params_by_dtype": {"Q4_K": 90, "F32": 10},
    "num_params": 100,
    "context_length": 4096,
}


@pytest.mark.parametrize(
    ("config", "paths", "told"),
    [
        (
            BERT,
            {"config.json", "model.safetensors"},
            {
                "config": {"architectures": ["BertModel"], "model_type": "bert"},
                "safetensors": {"parameters": {"F32": 100, "I64": 5}, "total": 105},
            },
        ),
        (BERT, {"config.json"}, {"config": {"architectures": ["BertModel"], "model_type": "bert"}}),
        (BERT, set(), {}),
        (
            BERT | {"files": ["model.onnx"]},
            {"model.onnx", "model.safetensors"},
            {},
        ),
        (BERT | {"files": []}, {"model.safetensors"}, {}),
        (BERT | {"library": "diffusers"}, {"config.json", "model.safetensors"}, {}),
        (BERT | {"formats": ["ctranslate2"]}, {"config.json"}, {}),
        (
            GGUF,
            {"a.gguf"},
            {"gguf": {"architecture": "llama", "context_length": 4096, "total": 100}},
        ),
        (GGUF, {"a.gguf", "config.json"}, {}),
        (GGUF | {"formats": ["gguf", "safetensors"]}, {"a.gguf"}, {}),
        (GGUF, {"README.md"}, {}),
        ({}, {"config.json", "model.safetensors", "a.gguf"}, {}),
    ],
)
def test_what_is_known_is_told_of_what_is_served(config, paths, told):
    assert facts_of(config, paths) == told


@pytest.mark.django_db
def test_the_client_reads_them(ask, key, store):
    version = make_version(store, config=BERT)
    path = f"/api/models/{version.model.repo_id}"
    info = ModelInfo(**ask(path, key=key).json())
    assert info.safetensors.total == 105
    assert info.config["model_type"] == "bert"
    narrow = ask(f"{path}?expand=safetensors", key=key).json()
    assert set(narrow) == {"_id", "id", "safetensors"}
    assert len(narrow["_id"]) == 24
    ModelFile.objects.filter(path="model.safetensors").update(held_back="Unsafe.")
    assert ModelInfo(**ask(path, key=key).json()).safetensors is None


@pytest.mark.django_db
def test_siblings_are_all_files_or_none(ask, key, version, monkeypatch):
    path = f"/api/models/{version.model.repo_id}"
    count = version.files.count()
    monkeypatch.setattr(door, "MOST_FILES", count + 1)
    assert len(ModelInfo(**ask(path, key=key).json()).siblings) == count
    monkeypatch.setattr(door, "MOST_FILES", count)
    assert ask(path, key=key).json()["siblings"] is None
    assert ModelInfo(**ask(path, key=key).json()).siblings is None
